// GET /versions: which versions of the specification a client may rely on. A version is named once its mandatory parts are here.
// https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientversions

import type { JsonObject } from '@pons/spec';
import { endpoints } from '@pons/spec/endpoints';
import type { Route } from '../../http/route.ts';

const versions = Array.from({ length: 19 }, (_, minor) => `v1.${minor + 1}`);

/** What this server speaks under unstable names; MSC4169: a redaction is sent like any event, with `ts`. */
const unstableFeatures = [
  'com.beeper.batch_sending',
  'com.beeper.ephemeral',
  'com.beeper.msc4169',
  'com.beeper.room_create_autojoin_invites',
];

/** GET /versions */
export function getVersions(): Route {
  const features: JsonObject = Object.fromEntries(unstableFeatures.map((name) => [name, true]));
  const jsonText = JSON.stringify({ versions, unstable_features: features });
  return { endpoint: endpoints.getVersions, handle: () => Promise.resolve({ jsonText }) };
}
