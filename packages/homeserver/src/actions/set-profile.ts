// Changing a profile. A new display name or avatar is repeated in the membership event of every joined room; other fields are not.
// https://spec.matrix.org/v1.19/client-server-api/#events-on-change-of-profile-information

import { type JsonObject, type JsonValue, MatrixError } from '@pons/spec';
import { setProfileFieldOf } from '../accounts/profiles.ts';
import type { Requester } from '../platform/requester.ts';
import type { Database } from '../storage/database.ts';

/** What a profile change needs of the house. */
export interface SetProfileParts {
  readonly db: Database;
  /** Renews the membership of a user in every joined room from this profile; rooms where that is not allowed stay as they are. */
  readonly updateMemberships: (userId: string, profile: JsonObject, trace?: string) => Promise<void>;
}

/** Which field of whom gets which value; `undefined` removes it. */
export interface ProfileChange {
  readonly userId: string;
  readonly field: string;
  readonly value: JsonValue | undefined;
  readonly trace?: string;
}

/**
 * Sets or removes one field of a profile.
 *
 * @throws MatrixError M_FORBIDDEN for the profile of somebody else; see setProfileFieldOf
 */
export async function setProfile(parts: SetProfileParts, requester: Requester, change: ProfileChange): Promise<void> {
  if (change.userId !== requester.userId) {
    throw new MatrixError('M_FORBIDDEN', 'only the profile of the user who asks can be changed');
  }
  const { changed, profile } = await setProfileFieldOf(parts.db, change.userId, change.field, change.value);
  if (!changed || (change.field !== 'displayname' && change.field !== 'avatar_url')) return;
  await parts.updateMemberships(change.userId, profile, change.trace);
}
