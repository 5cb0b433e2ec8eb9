// server_name, public_base_url, data_dir, signing_key_file: who this server is and where it keeps its things.

import { orNull, path, text } from '../field.ts';

// https://spec.matrix.org/v1.19/appendices/#server-name
const serverName = /^(?:[A-Za-z0-9.-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/;

/** The top-level scalars but `database`. */
export const serverFields = {
  server_name: text(
    {
      about: 'Name of this server: the part of all its ids behind the colon. Can never be changed.',
      example: 'example.org',
    },
    { is: serverName, takes: 'a server name such as example.org or localhost:8008' },
  ),
  public_base_url: orNull(
    text({ about: '' }, { is: /^https?:\/\/[^\s?#]+$/, takes: 'a URL such as https://matrix.example.org/' }),
    {
      about:
        'URL at which clients reach this server, told by /.well-known/matrix/client. Default: it tells none (404).',
      fallback: () => null,
      example: 'https://matrix.example.org/',
    },
  ),
  data_dir: path({
    about: 'Folder of everything on disk: embedded database, media, keys.',
    fallback: () => './data',
  }),
  signing_key_file: orNull(path({ about: '' }), {
    about:
      "The server's signing key, made at the first start. Synapse's format is read. Default: signing.key in data_dir.",
    fallback: () => null,
    example: './data/signing.key',
  }),
};
