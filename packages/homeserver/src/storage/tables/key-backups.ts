// Tables `key_backups` and `key_backup_sessions`: room keys that clients encrypted and keep here. They take no position; whoever changes the
// keys of a backup locks its row first, so that `keys` and `etag` stay true.

import { type Queryable, statement } from '../database.ts';

/** A backup, without its keys. */
export interface KeyBackupRow {
  readonly version: number;
  readonly algorithm: string;
  /** JSON */
  readonly authData: string;
  /** How many keys are in it. */
  readonly keys: number;
  /** Counts changes of them. */
  readonly etag: number;
  readonly deleted: boolean;
}

const columns = `version, algorithm, auth_data as "authData", keys, etag, deleted`;

// Not `for update`, which the door would wait for when it writes keys of this user.
const lockUser = statement(
  'key_backups.lock_user',
  'select 1 as locked from users where user_id = $1 for no key update',
);
const create = statement(
  'key_backups.create',
  `insert into key_backups (user_id, version, algorithm, auth_data)
    select $1, coalesce(max(version), 0) + 1, $2, $3 from key_backups where user_id = $1 returning version`,
);

/** A backup may be deleted twice: one that was deleted is remembered for so many newer ones. */
const deletedMax = 100;
const forgetDeleted = statement(
  'key_backups.forget_deleted',
  'delete from key_backups where user_id = $1 and deleted and version <= $2',
);
const howMany = statement(
  'key_backups.how_many',
  'select count(*) as n from key_backups where user_id = $1 and not deleted',
);

/** Begins a new backup, which is the current one from now on. @param tx a transaction @returns its number, how many are not deleted */
export async function createKeyBackup(
  tx: Queryable,
  userId: string,
  backup: { readonly algorithm: string; readonly authData: string },
): Promise<{ readonly version: number; readonly count: number }> {
  await tx.query(lockUser, [userId]);
  const [row] = await tx.query<{ version: number }>(create, [userId, backup.algorithm, backup.authData]);
  const version = row?.version ?? 0;
  await tx.query(forgetDeleted, [userId, version - deletedMax]);
  const [counted] = await tx.query<{ n: number }>(howMany, [userId]);
  return { version, count: counted?.n ?? 0 };
}

const current = statement(
  'key_backups.current',
  `select ${columns} from key_backups where user_id = $1 and not deleted order by version desc limit 1`,
);

/** The newest backup that was not deleted. */
export async function currentKeyBackup(db: Queryable, userId: string): Promise<KeyBackupRow | undefined> {
  return (await db.query<KeyBackupRow>(current, [userId]))[0];
}

const byVersion = statement(
  'key_backups.by_version',
  `select ${columns} from key_backups where user_id = $1 and version = $2`,
);

/** One backup, also a deleted one. */
export async function findKeyBackup(db: Queryable, userId: string, version: number): Promise<KeyBackupRow | undefined> {
  return (await db.query<KeyBackupRow>(byVersion, [userId, version]))[0];
}

const lock = statement(
  'key_backups.lock',
  `select ${columns} from key_backups where user_id = $1 and version = $2 for update`,
);

/** One backup, locked until the transaction ends. */
export async function lockKeyBackup(tx: Queryable, userId: string, version: number): Promise<KeyBackupRow | undefined> {
  return (await tx.query<KeyBackupRow>(lock, [userId, version]))[0];
}

const setAuthData = statement(
  'key_backups.set_auth_data',
  'update key_backups set auth_data = $3 where user_id = $1 and version = $2',
);

/** Replaces a backup's auth_data. */
export async function setKeyBackupAuthData(
  db: Queryable,
  userId: string,
  version: number,
  authData: string,
): Promise<void> {
  await db.query(setAuthData, [userId, version, authData]);
}

const markDeleted = statement(
  'key_backups.mark_deleted',
  'update key_backups set deleted = true, keys = 0 where user_id = $1 and version = $2',
);
const removeAll = statement(
  'key_backup_sessions.remove_all',
  'delete from key_backup_sessions where user_id = $1 and version = $2',
);

/** Deletes a backup with its keys; its number stays taken. @param tx a transaction */
export async function deleteKeyBackup(tx: Queryable, userId: string, version: number): Promise<void> {
  await tx.query(markDeleted, [userId, version]);
  await tx.query(removeAll, [userId, version]);
}

/** A room key as a client backs it up. */
export interface BackedUpKey {
  readonly roomId: string;
  readonly sessionId: string;
  readonly firstMessageIndex: number;
  readonly forwardedCount: number;
  readonly isVerified: boolean;
  /** JSON */
  readonly sessionData: string;
}

// Verified before unverified, then the one that decrypts from earlier on, then the one that went through fewer hands.
// https://spec.matrix.org/v1.19/client-server-api/#server-side-key-backups
const merge = statement(
  'key_backup_sessions.merge',
  `insert into key_backup_sessions as k
      (user_id, version, room_id, session_id, first_message_index, forwarded_count, is_verified, session_data)
    select $1, $2, t.room_id, t.session_id, t.first_message_index, t.forwarded_count, t.is_verified, t.session_data
    from unnest($3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::boolean[], $8::text[])
      as t (room_id, session_id, first_message_index, forwarded_count, is_verified, session_data)
    on conflict (user_id, version, room_id, session_id) do update
      set first_message_index = excluded.first_message_index, forwarded_count = excluded.forwarded_count,
        is_verified = excluded.is_verified, session_data = excluded.session_data
      where (not excluded.is_verified, excluded.first_message_index, excluded.forwarded_count)
        < (not k.is_verified, k.first_message_index, k.forwarded_count)
    returning (xmax = 0) as "isNew"`,
);
const count = statement(
  'key_backups.count',
  `update key_backups set keys = keys + $3, etag = etag + 1 where user_id = $1 and version = $2 returning ${columns}`,
);

/** Which backup of whom; its row is locked. */
export interface BackupRef {
  readonly userId: string;
  readonly version: number;
}

/** Adds keys to a locked backup; one that is there already gives way only to a better one. @returns the backup after it, undefined: unchanged */
export async function mergeBackedUpKeys(
  tx: Queryable,
  { userId, version }: BackupRef,
  keys: readonly BackedUpKey[],
): Promise<KeyBackupRow | undefined> {
  const written = await tx.query<{ isNew: boolean }>(merge, [
    userId,
    version,
    keys.map((key) => key.roomId),
    keys.map((key) => key.sessionId),
    keys.map((key) => key.firstMessageIndex),
    keys.map((key) => key.forwardedCount),
    keys.map((key) => key.isVerified),
    keys.map((key) => key.sessionData),
  ]);
  if (written.length === 0) return undefined;
  const added = written.filter((row) => row.isNew).length;
  return (await tx.query<KeyBackupRow>(count, [userId, version, added]))[0];
}

const remove = statement(
  'key_backup_sessions.remove',
  `delete from key_backup_sessions where user_id = $1 and version = $2
    and ($3::text is null or room_id = $3) and ($4::text is null or session_id = $4) returning 1 as gone`,
);

/** Deletes keys of a locked backup: all, those of a room, or one. @returns the backup after it, undefined: unchanged */
export async function removeBackedUpKeys(
  tx: Queryable,
  { userId, version }: BackupRef,
  which: { readonly roomId?: string; readonly sessionId?: string },
): Promise<KeyBackupRow | undefined> {
  const gone = await tx.query(remove, [userId, version, which.roomId ?? null, which.sessionId ?? null]);
  if (gone.length === 0) return undefined;
  return (await tx.query<KeyBackupRow>(count, [userId, version, -gone.length]))[0];
}

const read = statement(
  'key_backup_sessions.read',
  `select room_id as "roomId", session_id as "sessionId", first_message_index as "firstMessageIndex",
      forwarded_count as "forwardedCount", is_verified as "isVerified", session_data as "sessionData"
    from key_backup_sessions where user_id = $1 and version = $2
      and ($3::text is null or room_id = $3) and ($4::text is null or session_id = $4) order by room_id, session_id`,
);

/** Keys of a backup: all, those of a room, or one. */
export async function backedUpKeys(
  db: Queryable,
  { userId, version }: BackupRef,
  which: { readonly roomId?: string; readonly sessionId?: string },
): Promise<BackedUpKey[]> {
  return db.query<BackedUpKey>(read, [userId, version, which.roomId ?? null, which.sessionId ?? null]);
}
