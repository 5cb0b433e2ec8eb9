// One row per room version, each built on the one before, as the specification tells them.
// https://spec.matrix.org/v1.19/rooms/#complete-list-of-room-versions

import type { RoomVersionRules } from './rules.ts';

const v1: RoomVersionRules = {
  version: '1',
  stateResolution: 1,
  eventIds: 'chosen',
  citesHashes: true,
  eventIdServerSigns: true,
  enforcesKeyValidity: false,
  strictCanonicalJson: false,
  authorisesNotificationLevels: false,
  authorisesAliases: true,
  authorisesRedactions: true,
  allowsKnocking: false,
  allowsRestrictedJoins: false,
  redactionKeepsJoinAuthoriser: false,
  allowsKnockRestricted: false,
  integerPowerLevels: false,
  creatorIsSender: false,
  redactsInContent: false,
  redactionOfVersion11: false,
  roomIdIsCreateEvent: false,
  creatorsHaveInfinitePower: false,
};
const v2: RoomVersionRules = { ...v1, version: '2', stateResolution: 2 };
const v3: RoomVersionRules = {
  ...v2,
  version: '3',
  eventIds: 'base64',
  citesHashes: false,
  eventIdServerSigns: false,
  authorisesRedactions: false,
};
const v4: RoomVersionRules = { ...v3, version: '4', eventIds: 'base64url' };
const v5: RoomVersionRules = { ...v4, version: '5', enforcesKeyValidity: true };
const v6: RoomVersionRules = {
  ...v5,
  version: '6',
  strictCanonicalJson: true,
  authorisesNotificationLevels: true,
  authorisesAliases: false,
};
const v7: RoomVersionRules = { ...v6, version: '7', allowsKnocking: true };
const v8: RoomVersionRules = { ...v7, version: '8', allowsRestrictedJoins: true };
const v9: RoomVersionRules = { ...v8, version: '9', redactionKeepsJoinAuthoriser: true };
const v10: RoomVersionRules = { ...v9, version: '10', allowsKnockRestricted: true, integerPowerLevels: true };
const v11: RoomVersionRules = {
  ...v10,
  version: '11',
  creatorIsSender: true,
  redactsInContent: true,
  redactionOfVersion11: true,
};
const v12: RoomVersionRules = {
  ...v11,
  version: '12',
  stateResolution: 2.1,
  roomIdIsCreateEvent: true,
  creatorsHaveInfinitePower: true,
};

const versions: ReadonlyMap<string, RoomVersionRules> = new Map(
  [v1, v2, v3, v4, v5, v6, v7, v8, v9, v10, v11, v12].map((rules) => [rules.version, rules]),
);

/** Versions this server can make and join, oldest first. */
export const supportedRoomVersions: readonly string[] = [...versions.keys()];

/** The version of new rooms. */
export const defaultRoomVersion = '12';

/** The facts of a room version, or undefined for one that is not supported. */
export function roomVersionRules(version: string): RoomVersionRules | undefined {
  return versions.get(version);
}
