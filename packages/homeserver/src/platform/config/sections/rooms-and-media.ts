// voip, media, rooms, admin: small sections of one or two keys.

import { choice, defaultsOf, integer, list, orNull, path, section, text } from '../field.ts';

const voip = {
  turn_uris: list(text({ about: '' }), {
    about: 'TURN servers that clients may use for calls.',
    fallback: () => [],
    example: ['turn:turn.example.org?transport=udp'],
  }),
  turn_secret: orNull(text({ about: '' }), {
    about: "The TURN servers' shared secret (static-auth-secret).",
    fallback: () => null,
    example: '…',
  }),
};

/** The key `voip`. */
export const voipField = section(voip, { about: 'Calls.', fallback: () => defaultsOf(voip) });

const media = {
  dir: orNull(path({ about: '' }), {
    about: 'Folder of uploaded files. Default: media in data_dir.',
    fallback: () => null,
    example: './data/media',
  }),
  max_upload_bytes: integer(1, 10_000_000_000, { about: 'Largest upload, in bytes.', fallback: () => 52_428_800 }),
};

/** The key `media`. */
export const mediaField = section(media, { about: 'Media.', fallback: () => defaultsOf(media) });

const rooms = {
  default_version: choice(['10', '11', '12'], {
    about: 'Version of new rooms, quoted.',
    fallback: () => '12',
  }),
};

/** The key `rooms`. */
export const roomsField = section(rooms, { about: 'Rooms.', fallback: () => defaultsOf(rooms) });

const admin = {
  users: list(text({ about: '' }, { is: /^@[^:]+:.+$/, takes: 'a user id such as @admin:example.org' }), {
    about: 'Users who may use the console and the admin API.',
    fallback: () => [],
    example: ['@admin:example.org'],
  }),
  contact: orNull(text({ about: '' }), {
    about: 'Email address or user id for /.well-known/matrix/support.',
    fallback: () => null,
    example: 'admin@example.org',
  }),
};

/** The key `admin`. */
export const adminField = section(admin, { about: 'Administration.', fallback: () => defaultsOf(admin) });
