// Backups of room keys, encrypted by the client: numbered versions of which the newest that was not deleted is the current one, the only one
// that takes keys. Nothing here takes a position: one short transaction each, under the lock of the backup's row.
// https://spec.matrix.org/v1.19/client-server-api/#server-side-key-backups

import { isJsonObject, type JsonObject, type JsonValue, MatrixError } from '@pons/spec';
import type { Database } from '../storage/database.ts';
import {
  type BackedUpKey,
  backedUpKeys,
  createKeyBackup,
  currentKeyBackup,
  deleteKeyBackup,
  findKeyBackup,
  type KeyBackupRow,
  lockKeyBackup,
  mergeBackedUpKeys,
  removeBackedUpKeys,
  setKeyBackupAuthData,
} from '../storage/tables/key-backups.ts';

/** A backup and whose it is. */
export interface BackupVersion {
  readonly userId: string;
  /** As clients name it. */
  readonly version: string;
}

/** Which keys of a backup: all, those of a room, or one. */
export interface BackupSelection {
  readonly roomId?: string;
  readonly sessionId?: string;
}

const authDataBytesMax = 65_536;
const sessionDataBytesMax = 65_536;
/** Backups of a user that were not deleted. */
const backupsMax = 100;
/** Keys in one backup: some 500 MB. */
const keysMax = 1_000_000;
const nameMax = 1_024;
const algorithmMax = 255;

/** Begins a backup. @returns its version @throws MatrixError M_TOO_LARGE, M_INVALID_PARAM */
export async function createBackup(
  db: Database,
  userId: string,
  backup: { readonly algorithm: string; readonly authData: JsonObject },
): Promise<string> {
  if (backup.algorithm.length > algorithmMax || backup.algorithm.includes('\0')) {
    throw new MatrixError('M_INVALID_PARAM', `algorithm has at most ${algorithmMax} characters and no U+0000`);
  }
  const authData = textOf(backup.authData, authDataBytesMax);
  return db.transaction(async (tx) => {
    const { version, count } = await createKeyBackup(tx, userId, { algorithm: backup.algorithm, authData });
    if (count > backupsMax)
      throw new MatrixError('M_TOO_LARGE', `a user has at most ${backupsMax} backups: delete one`);
    return String(version);
  });
}

/** The current backup, or the one of that version. @throws MatrixError M_NOT_FOUND */
export async function getBackup(db: Database, userId: string, version?: string): Promise<KeyBackupRow> {
  const row = await (version === undefined
    ? currentKeyBackup(db, userId)
    : findKeyBackup(db, userId, numberOf(version)));
  if (row === undefined || row.deleted) throw noSuchBackup();
  return row;
}

/** Changes a backup's auth_data. @throws MatrixError M_NOT_FOUND, M_INVALID_PARAM for another algorithm, M_TOO_LARGE */
export async function updateBackup(
  db: Database,
  { userId, version }: BackupVersion,
  backup: { readonly algorithm: string; readonly authData: JsonObject },
): Promise<void> {
  const row = await getBackup(db, userId, version);
  if (row.algorithm !== backup.algorithm) {
    throw new MatrixError('M_INVALID_PARAM', `the algorithm of this backup is ${row.algorithm}`);
  }
  await setKeyBackupAuthData(db, userId, row.version, textOf(backup.authData, authDataBytesMax));
}

/** Deletes a backup with its keys; one that was deleted before is no error. @throws MatrixError M_NOT_FOUND */
export async function deleteBackup(db: Database, { userId, version }: BackupVersion): Promise<void> {
  await db.transaction(async (tx) => {
    const row = await lockKeyBackup(tx, userId, numberOf(version));
    if (row === undefined) throw noSuchBackup();
    if (!row.deleted) await deleteKeyBackup(tx, userId, row.version);
  });
}

/**
 * Stores keys; of two for one session the better one is kept.
 *
 * @throws MatrixError M_NOT_FOUND without any backup, M_WRONG_ROOM_KEYS_VERSION for another than the current, M_TOO_LARGE
 */
export async function storeBackupKeys(
  db: Database,
  { userId, version }: BackupVersion,
  keys: readonly BackedUpKey[],
): Promise<KeyBackupRow> {
  return db.transaction(async (tx) => {
    const current = await currentKeyBackup(tx, userId);
    if (current === undefined) throw noSuchBackup();
    if (current.version !== numberOf(version)) throw wrongVersion(current);
    const locked = await lockKeyBackup(tx, userId, current.version);
    if (locked === undefined || locked.deleted) throw noSuchBackup();
    if (keys.length === 0) return locked;
    const after = (await mergeBackedUpKeys(tx, { userId, version: locked.version }, keys)) ?? locked;
    if (after.keys > keysMax) throw new MatrixError('M_TOO_LARGE', `a backup holds at most ${keysMax} keys`);
    return after;
  });
}

/** Keys of a backup. @throws MatrixError M_NOT_FOUND for a backup that is not there */
export async function readBackupKeys(
  db: Database,
  { userId, version }: BackupVersion,
  which: BackupSelection,
): Promise<BackedUpKey[]> {
  const row = await getBackup(db, userId, version);
  return backedUpKeys(db, { userId, version: row.version }, which);
}

/** Deletes keys of a backup. @throws MatrixError M_NOT_FOUND for a backup that is not there */
export async function deleteBackupKeys(
  db: Database,
  { userId, version }: BackupVersion,
  which: BackupSelection,
): Promise<KeyBackupRow> {
  return db.transaction(async (tx) => {
    const locked = await lockKeyBackup(tx, userId, numberOf(version));
    if (locked === undefined || locked.deleted) throw noSuchBackup();
    return (await removeBackedUpKeys(tx, { userId, version: locked.version }, which)) ?? locked;
  });
}

/** A key as it comes over the wire. @throws MatrixError M_BAD_JSON, M_INVALID_PARAM, M_TOO_LARGE */
export function checkBackupKey(roomId: string, sessionId: string, key: JsonValue): BackedUpKey {
  if (`${roomId}${sessionId}`.includes('\0') || roomId.length > nameMax || sessionId.length > nameMax) {
    throw new MatrixError('M_INVALID_PARAM', `a room or session id has at most ${nameMax} characters and no NUL`);
  }
  const object = isJsonObject(key) ? key : {};
  const { first_message_index: index, forwarded_count: count, is_verified: isVerified, session_data: data } = object;
  if (!isCount(index) || !isCount(count) || typeof isVerified !== 'boolean' || !isJsonObject(data)) {
    throw new MatrixError(
      'M_BAD_JSON',
      'a backed up key has first_message_index, forwarded_count, is_verified and session_data',
    );
  }
  const sessionData = textOf(data, sessionDataBytesMax);
  return { roomId, sessionId, firstMessageIndex: index, forwardedCount: count, isVerified, sessionData };
}

function isCount(value: JsonValue | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function textOf(data: JsonObject, bytesMax: number): string {
  const text = JSON.stringify(data);
  if (Buffer.byteLength(text) <= bytesMax) return text;
  throw new MatrixError('M_TOO_LARGE', `auth_data and session_data have at most ${bytesMax} bytes`);
}

/** The number of a version; -1, which none has, for what is no number. */
function numberOf(version: string): number {
  return /^[1-9]\d{0,14}$/.test(version) ? Number(version) : -1;
}

function noSuchBackup(): MatrixError {
  return new MatrixError('M_NOT_FOUND', 'there is no such backup');
}

function wrongVersion(current: KeyBackupRow): MatrixError {
  const fields = { current_version: String(current.version) };
  return new MatrixError('M_WRONG_ROOM_KEYS_VERSION', 'keys can only be stored in the current backup', { fields });
}
