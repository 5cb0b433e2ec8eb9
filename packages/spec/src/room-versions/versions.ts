// One row per room version, each built on the one before, as the specification tells them. Offered are those whose authorisation rules
// are complete here (the last line); the rows before them are what those are built on. Versions 1 and 2, whose events name their own ID
// and refer to others by pairs, have no row.
// https://spec.matrix.org/v1.19/rooms/#complete-list-of-room-versions

import type { RoomVersionRules } from './rules.ts';

const v3: RoomVersionRules = {
  version: '3',
  stateResolution: 2,
  eventIds: 'base64',
  enforcesKeyValidity: false,
  strictCanonicalJson: false,
  authorisesNotificationLevels: false,
  authorisesAliases: true,
  authorisesRedactions: false,
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

const versions: ReadonlyMap<string, RoomVersionRules> = new Map([v10, v11, v12].map((rules) => [rules.version, rules]));

/** Versions this server can make and join, oldest first. */
export const supportedRoomVersions: readonly string[] = [...versions.keys()];

/** The version of new rooms. */
export const defaultRoomVersion = '12';

/** The facts of a room version, or undefined for one that is not supported. */
export function roomVersionRules(version: string): RoomVersionRules | undefined {
  return versions.get(version);
}
