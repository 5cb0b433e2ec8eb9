// federation, public_rooms, url_previews, outgoing: what goes to and comes from the rest of the world.

import { defaultsOf, flag, integer, list, orNull, path, section, text } from '../field.ts';

const names = list(text({ about: '' }), { about: '' });
const federation = {
  enabled: flag({ about: 'Talk to other servers.', fallback: () => true, later: true }),
  allow: orNull(names, {
    about: 'Talk only to these servers.',
    fallback: () => null,
    example: ['example.org'],
    later: true,
  }),
  deny: list(text({ about: '' }), { about: 'Never talk to these servers.', fallback: () => [], later: true }),
  trusted_ca_files: list(path({ about: '' }), {
    about: "Certificates that are trusted besides the system's.",
    fallback: () => [],
    example: ['ca.pem'],
  }),
  allow_private_addresses: flag({
    about: 'Other servers may have loopback or private addresses.',
    fallback: () => false,
    later: true,
  }),
  request_timeout_ms: integer(100, 600_000, {
    about: 'Milliseconds after which a call to another server has failed.',
    fallback: () => 30_000,
    later: true,
  }),
};

/** The key `federation`. */
export const federationField = section(federation, { about: 'Federation.', fallback: () => defaultsOf(federation) });

const publicRooms = {
  without_login: flag({ about: 'The room directory can be read without an account.', fallback: () => false }),
  over_federation: flag({ about: '… and by other servers.', fallback: () => false, later: true }),
};

/** The key `public_rooms`. */
export const publicRoomsField = section(publicRooms, {
  about: 'The room directory.',
  fallback: () => defaultsOf(publicRooms),
});

const urlPreviews = {
  enabled: flag({ about: 'Fetch pages to show what a link leads to.', fallback: () => false, later: true }),
  allow_private_addresses: flag({ about: '… from private addresses too.', fallback: () => false, later: true }),
};

/** The key `url_previews`. */
export const urlPreviewsField = section(urlPreviews, { about: 'Previews.', fallback: () => defaultsOf(urlPreviews) });

const outgoing = {
  allow_private_addresses: flag({
    about: 'Everything else that we call (push gateways, identity and policy servers) may have private addresses.',
    fallback: () => false,
    later: true,
  }),
};

/** The key `outgoing`. */
export const outgoingField = section(outgoing, { about: 'Other calls.', fallback: () => defaultsOf(outgoing) });
