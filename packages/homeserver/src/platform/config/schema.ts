// The whole configuration: one file per group of keys in sections/, put together here in the order of homeserver.example.yaml.

import { join } from 'node:path';
import { anything, type ReadShape, section } from './field.ts';
import { accountsField } from './sections/accounts.ts';
import { appservicesField } from './sections/appservices.ts';
import { databaseField } from './sections/database.ts';
import { federationField, outgoingField, publicRoomsField, urlPreviewsField } from './sections/federation.ts';
import { limitsField, rateLimitsField } from './sections/limits.ts';
import { listenersField } from './sections/listeners.ts';
import { adminField, mediaField, roomsField, voipField } from './sections/rooms-and-media.ts';
import { serverFields } from './sections/server.ts';
import { telemetryField } from './sections/telemetry.ts';

/** Every top-level key. */
export const configShape = {
  ...serverFields,
  database: databaseField,
  listeners: listenersField,
  appservices: appservicesField,
  accounts: accountsField,
  email: anything({
    about: 'Sends mail: host, port, from.',
    fallback: () => undefined,
    example: { host: 'localhost', port: 25, from: 'pons@example.org' },
    later: true,
  }),
  sso: anything({ about: 'Single sign-on.', fallback: () => undefined, example: { providers: [] }, later: true }),
  federation: federationField,
  public_rooms: publicRoomsField,
  url_previews: urlPreviewsField,
  outgoing: outgoingField,
  voip: voipField,
  rate_limits: rateLimitsField,
  limits: limitsField,
  media: mediaField,
  rooms: roomsField,
  telemetry: telemetryField,
  admin: adminField,
};

/** The root as a field. */
export const configField = section(configShape, { about: '' });

type Written = ReadShape<typeof configShape>;

/** The configuration as the house uses it: nothing optional that has a default. */
export type Config = Omit<Written, 'publicBaseUrl' | 'signingKeyFile' | 'media'> & {
  /** Ends in a slash; null where nobody said how clients reach this server. */
  readonly publicBaseUrl: string | null;
  readonly signingKeyFile: string;
  readonly media: { readonly dir: string; readonly maxUploadBytes: number };
};

/** Fills in the defaults that follow from other keys. */
export function completeConfig(written: Written): Config {
  const { publicBaseUrl: base } = written;
  return {
    ...written,
    publicBaseUrl: base === null || base.endsWith('/') ? base : `${base}/`,
    signingKeyFile: written.signingKeyFile ?? join(written.dataDir, 'signing.key'),
    media: { ...written.media, dir: written.media.dir ?? join(written.dataDir, 'media') },
  };
}
