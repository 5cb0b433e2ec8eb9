// https://spec.matrix.org/v1.19/rooms/

import { describe, expect, test } from 'vitest';
import { defaultRoomVersion, roomVersionRules, supportedRoomVersions } from './versions.ts';

describe('room versions', () => {
  test('10, 11 and 12 are offered, and 12 is the default', () => {
    expect(supportedRoomVersions).toEqual(['10', '11', '12']);
    expect(defaultRoomVersion).toBe('12');
  });

  test.each(['', '0', '9', '13', 'constructor', '1.0'])('%j is not supported', (version) =>
    expect(roomVersionRules(version)).toBeUndefined(),
  );

  test.each([
    ['stateResolution', 2, 2, 2.1],
    ['eventIds', 'base64url', 'base64url', 'base64url'],
    ['enforcesKeyValidity', true, true, true],
    ['strictCanonicalJson', true, true, true],
    ['authorisesNotificationLevels', true, true, true],
    ['authorisesAliases', false, false, false],
    ['authorisesRedactions', false, false, false],
    ['allowsKnocking', true, true, true],
    ['allowsRestrictedJoins', true, true, true],
    ['redactionKeepsJoinAuthoriser', true, true, true],
    ['allowsKnockRestricted', true, true, true],
    ['integerPowerLevels', true, true, true],
    ['creatorIsSender', false, true, true],
    ['redactsInContent', false, true, true],
    ['redactionOfVersion11', false, true, true],
    ['roomIdIsCreateEvent', false, false, true],
    ['creatorsHaveInfinitePower', false, false, true],
  ] as const)('%s is %s, %s, %s in versions 10, 11, 12', (fact, ...values) =>
    expect(supportedRoomVersions.map((version) => roomVersionRules(version)?.[fact])).toEqual(values),
  );
});
