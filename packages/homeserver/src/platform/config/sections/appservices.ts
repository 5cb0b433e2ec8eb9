// appservices: where the registrations of application services are, and how they are called.

import { defaultsOf, flag, integer, list, orNull, path, section } from '../field.ts';

const shape = {
  files: list(path({ about: '' }), { about: 'Registration files.', fallback: () => [], example: ['irc.yaml'] }),
  folder: orNull(path({ about: '' }), {
    about: 'Folder whose *.yaml are registrations; watched while running.',
    fallback: () => null,
    example: './appservices',
  }),
  request_timeout_ms: integer(100, 600_000, {
    about: 'Milliseconds after which a call to an application service has failed.',
    fallback: () => 30_000,
  }),
  allow_private_addresses: flag({
    about: 'Their URLs may be loopback or private addresses: that is where bridges live.',
    fallback: () => true,
  }),
};

/** The key `appservices`. */
export const appservicesField = section(shape, { about: 'Application services.', fallback: () => defaultsOf(shape) });
