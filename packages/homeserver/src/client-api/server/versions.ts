// GET /versions: which versions of the specification a client may rely on. A version is named once its mandatory parts are here.
// https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientversions

import type { JsonObject } from '@pons/spec';
import { endpoints } from '@pons/spec/endpoints';
import { type DeleteOwnRoomParts, mayDeleteRooms } from '../../actions/delete-own-room.ts';
import type { Route } from '../../http/route.ts';

const versions = Array.from({ length: 19 }, (_, minor) => `v1.${minor + 1}`);

/** What this server speaks under unstable names; MSC4169: a redaction is sent like any event, with `ts`. */
const unstableFeatures = [
  'com.beeper.batch_sending',
  'com.beeper.ephemeral',
  'com.beeper.msc4169',
  'com.beeper.room_create_autojoin_invites',
];

/** What it takes to say who has which features. */
export type VersionsParts = Pick<DeleteOwnRoomParts, 'deletesRooms'>;

/**
 * GET /versions. A bridge that sees that it may delete rooms does so instead of leaving them: that is said to nobody but an application
 * service whose registration lets it.
 */
export function getVersions(parts: VersionsParts): Route {
  const features: JsonObject = Object.fromEntries(unstableFeatures.map((name) => [name, true]));
  const jsonText = JSON.stringify({ versions, unstable_features: features });
  const toDeleters = JSON.stringify({ versions, unstable_features: { ...features, 'com.beeper.room_yeeting': true } });
  return {
    endpoint: endpoints.getVersions,
    handle: ({ requester }) => Promise.resolve({ jsonText: mayDeleteRooms(parts, requester) ? toDeleters : jsonText }),
  };
}
