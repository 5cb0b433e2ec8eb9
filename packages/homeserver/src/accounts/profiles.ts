// Profiles of local users: `displayname`, `avatar_url` and, since v1.16, any namespaced field. What a change means for rooms (new
// membership events) is actions/set-profile.ts's business.
// https://spec.matrix.org/v1.19/client-server-api/#profiles

import { canonicalJson, type JsonObject, type JsonValue, MatrixError, parseJsonObject } from '@pons/spec';
import type { Database, Queryable } from '../storage/database.ts';
import { purgeSettingsOf } from '../storage/purge.ts';
import { deleteProfile, findProfile, lockProfile, type ProfileRow, saveProfile } from '../storage/tables/profiles.ts';

/** The total, as JSON. */
const profileBytesMax = 65_536;
const keyBytesMax = 255;
/** Characters of a display name; membership events repeat it in every room. */
const displaynameMax = 256;
const avatarUrlMax = 1_000;
const fieldName = /^(?:avatar_url|displayname|m\.tz|[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)+)$/;

/** @throws MatrixError M_KEY_TOO_LARGE or M_INVALID_PARAM for the name of no profile field */
export function checkFieldName(name: string): void {
  if (Buffer.byteLength(name) > keyBytesMax) {
    throw new MatrixError('M_KEY_TOO_LARGE', `the name of a profile field has at most ${keyBytesMax} bytes`);
  }
  if (!fieldName.test(name)) {
    throw new MatrixError(
      'M_INVALID_PARAM',
      'a profile field is displayname, avatar_url, m.tz or namespaced like org.example.field',
    );
  }
}

/** A user's whole profile; empty when nothing was ever set. */
export async function getProfile(db: Queryable, userId: string): Promise<JsonObject> {
  const row = await findProfile(db, userId);
  return row === undefined ? {} : toJson(row);
}

/**
 * Sets a field, or removes it when `value` is undefined.
 *
 * @returns whether anything changed, and the profile afterwards
 * @throws MatrixError M_INVALID_PARAM, M_BAD_JSON, M_PROFILE_TOO_LARGE, M_KEY_TOO_LARGE
 */
export async function setProfileFieldOf(
  db: Database,
  userId: string,
  field: string,
  value: JsonValue | undefined,
): Promise<{ changed: boolean; profile: JsonObject }> {
  checkFieldName(field);
  const checked = checkValue(field, value);
  return db.transaction(async (tx) => {
    const before = await lockProfile(tx, userId);
    const after = withField(before, field, checked);
    const profile = toJson(after);
    const text = canonicalJson(profile);
    if (Buffer.byteLength(text) >= profileBytesMax) {
      throw new MatrixError('M_PROFILE_TOO_LARGE', 'the whole profile must stay under 64 KiB');
    }
    if (text === canonicalJson(toJson(before))) return { changed: false, profile };
    await saveProfile(tx, after);
    return { changed: true, profile };
  });
}

/** Forgets everything a user said of themselves, and what they kept here for their clients. */
export async function eraseProfile(tx: Queryable, userId: string): Promise<void> {
  await deleteProfile(tx, userId);
  await purgeSettingsOf(tx, userId);
}

/** @throws MatrixError M_BAD_JSON, M_INVALID_PARAM for what a field cannot be; undefined for what means none */
export function checkValue(field: string, value: JsonValue | undefined): JsonValue | undefined {
  if (value === undefined) return undefined;
  if (field === 'displayname') {
    if (value === null || value === '') return undefined;
    if (typeof value !== 'string') throw new MatrixError('M_BAD_JSON', '`displayname` must be a string');
    if (value.length > displaynameMax) {
      throw new MatrixError('M_INVALID_PARAM', `a display name has at most ${displaynameMax} characters`);
    }
  }
  if (field === 'avatar_url') {
    if (value === null || value === '') return undefined;
    if (typeof value !== 'string') throw new MatrixError('M_BAD_JSON', '`avatar_url` must be a string');
    // Any text: what is no mxc:// URI shows no picture and does no harm, and clients rely on that it is kept.
    if (value.length > avatarUrlMax) {
      throw new MatrixError('M_INVALID_PARAM', `\`avatar_url\` has at most ${avatarUrlMax} characters`);
    }
  }
  if (field === 'm.tz' && typeof value !== 'string') throw new MatrixError('M_BAD_JSON', '`m.tz` must be a string');
  return value;
}

function withField(row: ProfileRow, field: string, value: JsonValue | undefined): ProfileRow {
  // Columns are for what membership events repeat; PostgreSQL's text cannot hold U+0000, so such a name is refused.
  if (field === 'displayname' || field === 'avatar_url') {
    const text = typeof value === 'string' ? value : null;
    if (text?.includes('\0')) throw new MatrixError('M_INVALID_PARAM', `\`${field}\` must not contain U+0000`);
    return { ...row, [field]: text };
  }
  const { [field]: _old, ...others } = parseJsonObject(row.fields, 'any');
  return { ...row, fields: JSON.stringify(value === undefined ? others : { ...others, [field]: value }) };
}

function toJson(row: ProfileRow): JsonObject {
  return {
    ...parseJsonObject(row.fields, 'any'),
    ...(row.displayname === null ? {} : { displayname: row.displayname }),
    ...(row.avatar_url === null ? {} : { avatar_url: row.avatar_url }),
  };
}

/** Name and avatar, as a membership repeats them. */
export function namesOf(profile: JsonObject): JsonObject {
  const { displayname, avatar_url: avatarUrl } = profile;
  return {
    ...(typeof displayname === 'string' ? { displayname } : {}),
    ...(typeof avatarUrl === 'string' ? { avatar_url: avatarUrl } : {}),
  };
}
