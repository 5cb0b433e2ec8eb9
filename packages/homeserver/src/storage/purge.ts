// The other way in to the tables of the door: deletes, and nothing else. Each runs by itself, outside of any Commit, and only removes
// what nobody can ask for any more.

import { type Queryable, statement } from './database.ts';

const acknowledged = statement(
  'purge.to_device',
  `delete from to_device where user_id = $1 and device_id = $2 and position <= $3`,
);

/** Deletes the messages to a device that it has acknowledged. */
export async function purgeToDevice(
  db: Queryable,
  device: { readonly userId: string; readonly deviceId: string },
  upTo: number,
): Promise<void> {
  await db.query(acknowledged, [device.userId, device.deviceId, upTo]);
}

/**
 * SQL that deletes to-device messages which an application service has acknowledged: part of the statement that records it
 * (tables/appservice-cursors.ts). Parameters by their placeholders: `positions` of the messages, `others` who must have passed them too.
 *
 * @param from  only if this table expression has a row
 */
export function deleteAcknowledgedToDevice(by: {
  readonly from: string;
  readonly positions: string;
  readonly others: string;
}): string {
  return `delete from to_device d using ${by.from} where d.position = any(${by.positions}::bigint[])
    and not exists (select from appservice_cursors o where o.appservice_id = any(${by.others}::text[]) and o.position < d.position)`;
}

const ofDevices = statement(
  'purge.to_device_of_devices',
  `delete from to_device where user_id = $1 and device_id = any($2::text[])`,
);

/** Deletes all messages to devices that are gone. */
export async function purgeToDeviceOf(db: Queryable, userId: string, deviceIds: readonly string[]): Promise<void> {
  await db.query(ofDevices, [userId, deviceIds]);
}

// Rows are in the order of their age, more or less: a scan from the front finds the old ones at once, and no index has to be kept for it.
const oldTransactions = statement(
  'purge.client_transactions',
  `delete from client_transactions
    where ctid = any(array(select ctid from client_transactions where created_ts < $1 limit $2)) returning 1 as gone`,
);
const oldInvalidations = statement('purge.invalidations', 'delete from invalidations where created_ts < $1');

/** Rows deleted at once: short enough to stand in nobody's way. */
const rowsPerDelete = 5_000;

/** Forgets requests that were answered before this time; one that comes again is a new one. @returns how many */
export async function purgeClientTransactions(db: Queryable, beforeTs: number): Promise<number> {
  for (let total = 0; ; ) {
    const gone = (await db.query<{ gone: number }>(oldTransactions, [beforeTs, rowsPerDelete])).length;
    total += gone;
    if (gone < rowsPerDelete) return total;
  }
}

/** Deletes invalidations that every process has heard. */
export async function purgeInvalidations(db: Queryable, beforeTs: number): Promise<void> {
  await db.query(oldInvalidations, [beforeTs]);
}

const claimedKeys = statement(
  'purge.claimed_keys',
  `delete from one_time_keys
    where ctid = any(array(select ctid from one_time_keys where claimed_ts < $1 limit $2)) returning 1 as gone`,
);

/** Forgets one-time keys that were handed out before this time. @returns how many */
export async function purgeClaimedKeys(db: Queryable, beforeTs: number): Promise<number> {
  for (let total = 0; ; ) {
    const gone = (await db.query<{ gone: number }>(claimedKeys, [beforeTs, rowsPerDelete])).length;
    total += gone;
    if (gone < rowsPerDelete) return total;
  }
}

// Whoever has heard of the older one hears of the newer one as well, and whoever has heard of neither needs only the newer one.
const repeatedChanges = statement(
  'purge.device_list_changes',
  `delete from device_list_changes d using (
      select user_id, only_for, max(position) as newest from device_list_changes group by user_id, only_for having count(*) > 1) n
    where d.user_id = n.user_id and d.only_for is not distinct from n.only_for and d.position < n.newest`,
);

/** Deletes changes of device lists that a newer one of the same user has overtaken. */
export async function purgeDeviceListChanges(db: Queryable): Promise<void> {
  await db.query(repeatedChanges);
}

const keysOfUser = statement(
  'purge.keys_of_user',
  `with c as (delete from cross_signing_keys where user_id = $1),
    s as (delete from key_signatures where user_id = $1 or signer = $1)
    delete from key_backups where user_id = $1`,
);

/** Deletes what an ended account published beyond its devices, and its backups of room keys. */
export async function purgeKeysOf(db: Queryable, userId: string): Promise<void> {
  await db.query(keysOfUser, [userId]);
}
