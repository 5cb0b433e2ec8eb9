// https://spec.matrix.org/v1.19/rooms/

import { describe, expect, test } from 'vitest';
import { defaultRoomVersion, roomVersionRules, supportedRoomVersions } from './versions.ts';

const all = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11', '12'];

describe('room versions', () => {
  test('1 to 12 are offered, and 12 is the default', () => {
    expect(supportedRoomVersions).toEqual(all);
    expect(defaultRoomVersion).toBe('12');
  });

  test.each(['', '0', '13', '01', 'constructor', '1.0'])('%j is not supported', (version) =>
    expect(roomVersionRules(version)).toBeUndefined(),
  );

  test.each([
    ['stateResolution', [1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2.1]],
    ['eventIds', ['chosen', 'chosen', 'base64', ...Array<string>(9).fill('base64url')]],
  ] as const)('have their %s', (fact, values) =>
    expect(all.map((version) => roomVersionRules(version)?.[fact])).toEqual(values),
  );

  test.each([
    ['citesHashes', 1, 2],
    ['eventIdServerSigns', 1, 2],
    ['enforcesKeyValidity', 5, 12],
    ['strictCanonicalJson', 6, 12],
    ['authorisesNotificationLevels', 6, 12],
    ['authorisesAliases', 1, 5],
    ['authorisesRedactions', 1, 2],
    ['allowsKnocking', 7, 12],
    ['allowsRestrictedJoins', 8, 12],
    ['redactionKeepsJoinAuthoriser', 9, 12],
    ['allowsKnockRestricted', 10, 12],
    ['integerPowerLevels', 10, 12],
    ['creatorIsSender', 11, 12],
    ['redactsInContent', 11, 12],
    ['redactionOfVersion11', 11, 12],
    ['roomIdIsCreateEvent', 12, 12],
    ['creatorsHaveInfinitePower', 12, 12],
  ] as const)('%s from version %i to %i', (fact, first, last) =>
    expect(all.filter((version) => roomVersionRules(version)?.[fact])).toEqual(all.slice(first - 1, last)),
  );
});
