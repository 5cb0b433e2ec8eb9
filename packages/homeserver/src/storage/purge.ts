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
 * (tables/appservice-cursors.ts). Parameters by their placeholders: `positions` of the messages, `others` who must have accepted them too:
 * what is frozen for them may have to be split and read again.
 *
 * @param from  only if this table expression has a row
 */
export function deleteAcknowledgedToDevice(by: {
  readonly from: string;
  readonly positions: string;
  readonly others: string;
}): string {
  return `delete from to_device d using ${by.from} where d.position = any(${by.positions}::bigint[])
    and not exists (select from appservice_cursors o where o.appservice_id = any(${by.others}::text[])
      and (o.position < d.position or d.position = any(o.rest)))
    and not exists (select from appservice_transactions t where t.appservice_id = any(${by.others}::text[])
      and d.position = any(t.positions))`;
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

// In the order of their end too, more or less. The key of the request goes along: it was kept for as long as what it made.
const endedEvents = statement(
  'purge.ephemeral_events',
  `with gone as (delete from ephemeral_events
      where ctid = any(array(select ctid from ephemeral_events where expires_ts <= $1 limit $2))
      returning user_id, device_id, room_nid, txn_id),
    keys as (delete from client_transactions where ctid = any(array(
      select t.ctid from gone g cross join lateral (
        select c.ctid from client_transactions c
        where c.user_id = g.user_id and c.device_id = g.device_id and c.endpoint = 'sendEphemeralEvent'
          and c.room_nid = g.room_nid and c.txn_id = g.txn_id limit 1) t)))
    select count(*)::int as gone from gone`,
);

/** Deletes ephemeral events that have ended by now. */
export async function purgeEphemeralEvents(db: Queryable, now: number): Promise<void> {
  for (let gone = rowsPerDelete; gone >= rowsPerDelete; ) {
    gone = (await db.query<{ gone: number }>(endedEvents, [now, rowsPerDelete]))[0]?.gone ?? 0;
  }
}

const formerUsers = statement('purge.active_users', 'delete from active_users where last_day <= $1');

/** Forgets who has not been here since after this day. */
export async function purgeActiveUsers(db: Queryable, lastDay: number): Promise<void> {
  await db.query(formerUsers, [lastDay]);
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

const settingsOfUser = statement(
  'purge.settings_of_user',
  `with f as (delete from filters where user_id = $1) delete from account_data where user_id = $1`,
);

/** Deletes what an erased account kept for its clients: account data of all rooms, filters. */
export async function purgeSettingsOf(db: Queryable, userId: string): Promise<void> {
  await db.query(settingsOfUser, [userId]);
}

const orphanInterest = statement(
  'purge.orphan_interest',
  'delete from appservice_interest i where not exists (select from rooms r where r.room_nid = i.room_nid)',
);

/** Deletes counts of interest that were written for rooms which were being deleted. */
export async function purgeOrphanInterest(db: Queryable): Promise<void> {
  await db.query(orphanInterest);
}

// Rooms --------------------------------------------------------------------------------------------------------------------

/** Events of one slice: a few milliseconds. */
const eventsPerSlice = 1_000;
/** Rows of other tables of a room that is gone. */
const rowsPerSlice = 5_000;

const lockRoom = statement('purge.lock_room', 'select room_nid as "roomNid" from rooms where room_id = $1 for update');
// Its own statement after the lock: it sees what was committed while it waited, such as a join.
const unlistRoom = statement(
  'purge.room',
  `with gone as (delete from rooms where room_nid = $1
      and not exists (select from room_members where room_nid = $1 and local and membership in ('join', 'invite', 'knock'))
      returning room_nid),
    a as (delete from room_aliases using gone where room_aliases.room_nid = gone.room_nid),
    i as (delete from appservice_interest using gone where appservice_interest.room_nid = gone.room_nid),
    n as (delete from appservice_rooms using gone where appservice_rooms.room_nid = gone.room_nid),
    b as (delete from batch_points using gone where batch_points.room_nid = gone.room_nid),
    m as (delete from room_members using gone where room_members.room_nid = gone.room_nid),
    t as (delete from member_removals using gone where member_removals.room_nid = gone.room_nid)
    insert into room_purges (room_nid, asked_ts) select room_nid, $2 from gone
    on conflict (room_nid) do update set before_major = null, before_minor = null returning room_nid as "roomNid"`,
);

/**
 * Deletes the row of a room, its aliases and memberships, if no local user is in it, invited or knocking; the rest goes by purgeRoomSlice.
 * Whoever is writing to the room waits, and then is refused by the door.
 *
 * @returns its number; 'inhabited'; undefined when there is no such room
 */
export async function deleteRoomRow(
  tx: Queryable,
  roomId: string,
  now: number,
): Promise<number | 'inhabited' | undefined> {
  const [room] = await tx.query<{ roomNid: number }>(lockRoom, [roomId]);
  if (room === undefined) return undefined;
  return (await tx.query(unlistRoom, [room.roomNid, now])).length === 0 ? 'inhabited' : room.roomNid;
}

// Every statement says it again: only of a room that is not there. What stands on events goes before them.
const gone = 'not exists (select from rooms where room_nid = $1)';
const partsOfRooms = [
  'room_state',
  'state_lines',
  'event_auth',
  'auth_chain_links',
  'early_redactions',
  'batch_events',
  'receipts',
  'ephemeral_events',
  'account_data',
  'client_transactions',
  'appservice_interest',
].map((table) =>
  statement(
    `purge.room.${table}`,
    `delete from ${table} where ctid = any(array(select ctid from ${table} where room_nid = $1 and ${gone} limit $2)) returning 1 as gone`,
  ),
);
const eventsOfRoom = statement(
  'purge.room.events',
  `with slice as materialized (select event_nid, position from events where room_nid = $1 and ${gone} limit $2),
    j as (delete from event_json j using slice s where j.room_nid = $1 and j.event_nid = s.event_nid),
    r as (delete from event_relations r using slice s where r.room_nid = $1 and r.event_nid = s.event_nid),
    a as (delete from appservice_set_aside a using slice s where a.position = s.position),
    n as (update room_purges set deleted = deleted + (select count(*) from slice) where room_nid = $1)
    delete from events e using slice s where e.room_nid = $1 and e.event_nid = s.event_nid returning 1 as gone`,
);

/** Where the deletion of a room is: what comes next. It goes round until a round finds nothing, since receipts may come in between. */
export interface RoomPurgePlace {
  readonly part: number;
  readonly found: boolean;
}

/**
 * Deletes a little of a room whose row is gone. Its media and frozen transactions are not touched.
 *
 * @returns what comes next; undefined: nothing is left
 */
export async function purgeRoomSlice(
  db: Queryable,
  roomNid: number,
  { part, found }: RoomPurgePlace = { part: 0, found: false },
): Promise<RoomPurgePlace | undefined> {
  const table = partsOfRooms[part];
  const limit = table === undefined ? eventsPerSlice : rowsPerSlice;
  const gone = (await db.query(table ?? eventsOfRoom, [roomNid, limit])).length;
  if (gone === limit) return { part, found: true };
  const foundNow = found || gone > 0;
  if (table !== undefined) return { part: part + 1, found: foundNow };
  return foundNow ? { part: 0, found: false } : undefined;
}

// Messages and the like: state stays, since it is what authorises and explains everything after it. Kept besides: where the room may
// still grow from (extremities, the place of imported history), and what an application service has not got yet.
const history = statement(
  'purge.history',
  `with waiting as materialized (
      select coalesce(min(least(c.position, case when c.replay_after < c.replay_upto then c.replay_after end,
        (select min(p) - 1 from unnest(c.rest) p))), 9223372036854775807) as after
      from appservice_cursors c where c.appservice_id = any($7::text[])),
    slice as materialized (
      select e.event_nid, e.order_major, e.order_minor from events e join rooms r on r.room_nid = e.room_nid cross join waiting w
      where e.room_nid = $1 and e.position is not null and e.key_nid is null
        and (e.order_major, e.order_minor) > ($4, $5) and (e.order_major, e.order_minor) < ($2, $3)
        and e.position <= w.after and e.event_nid <> all(r.extremities)
        and not exists (select from batch_points b where b.room_nid = $1 and b.event_nid = e.event_nid)
        and not exists (select from appservice_set_aside a where a.position = e.position)
      order by e.order_major, e.order_minor limit $6),
    j as (delete from event_json j using slice s where j.room_nid = $1 and j.event_nid = s.event_nid),
    r as (delete from event_relations r using slice s where r.room_nid = $1 and r.event_nid = s.event_nid),
    n as (update room_purges set deleted = deleted + (select count(*) from slice) where room_nid = $1)
    delete from events e using slice s where e.room_nid = $1 and e.event_nid = s.event_nid and e.key_nid is null
      returning e.order_major as major, e.order_minor as minor`,
);

/** Where a purge of history is: what comes next is after it. */
export interface PurgePlace {
  readonly major: number;
  readonly minor: number;
}

/** Deletes a little of a room's history between two places. @returns where it got to; undefined: nothing is left */
export async function purgeHistorySlice(
  db: Queryable,
  roomNid: number,
  between: { readonly after: PurgePlace; readonly before: PurgePlace; readonly appserviceIds: readonly string[] },
): Promise<{ readonly events: number; readonly reached: PurgePlace } | undefined> {
  const { after, before, appserviceIds } = between;
  const places = [before.major, before.minor, after.major, after.minor];
  const rows = await db.query<PurgePlace>(history, [roomNid, ...places, eventsPerSlice, appserviceIds]);
  const [first] = rows;
  if (first === undefined) return undefined;
  const isLater = (a: PurgePlace, b: PurgePlace) => a.major > b.major || (a.major === b.major && a.minor > b.minor);
  return { events: rows.length, reached: rows.reduce((last, row) => (isLater(row, last) ? row : last), first) };
}
