// Table `room_purges`: rooms, and histories, that are being deleted (purge.ts). A row is there until nothing is left to do, so that a
// restart goes on with it.

import { type Queryable, statement } from '../database.ts';

/** What is being deleted. */
export interface RoomPurgeRow {
  readonly roomNid: number;
  /** History before this place of the room; null: all of the room. */
  readonly beforeMajor: number | null;
  readonly beforeMinor: number | null;
  /** Events so far. */
  readonly deleted: number;
  readonly askedTs: number;
}

// Asked twice, the later place includes the earlier one.
const ask = statement(
  'room_purges.ask',
  `insert into room_purges (room_nid, before_major, before_minor, asked_ts) values ($1, $2, $3, $4)
    on conflict (room_nid) do update set before_major = excluded.before_major, before_minor = excluded.before_minor
      where (room_purges.before_major, room_purges.before_minor) < (excluded.before_major, excluded.before_minor)`,
);

/** Asks for the history before a place to be deleted. */
export async function askHistoryPurge(
  db: Queryable,
  roomNid: number,
  before: { readonly major: number; readonly minor: number },
  now: number,
): Promise<void> {
  await db.query(ask, [roomNid, before.major, before.minor, now]);
}

const all = statement(
  'room_purges.all',
  `select room_nid as "roomNid", before_major as "beforeMajor", before_minor as "beforeMinor", deleted, asked_ts as "askedTs"
    from room_purges order by asked_ts, room_nid limit $1`,
);

/** What is being deleted, in the order in which it was asked for. */
export async function roomPurges(db: Queryable, limit: number): Promise<RoomPurgeRow[]> {
  return db.query<RoomPurgeRow>(all, [limit]);
}

const end = statement(
  'room_purges.end',
  `delete from room_purges
    where room_nid = $1 and before_major is not distinct from $2 and before_minor is not distinct from $3`,
);

/** It is done; what was asked for meanwhile stays. */
export async function endRoomPurge(
  db: Queryable,
  { roomNid, beforeMajor, beforeMinor }: Pick<RoomPurgeRow, 'roomNid' | 'beforeMajor' | 'beforeMinor'>,
): Promise<void> {
  await db.query(end, [roomNid, beforeMajor, beforeMinor]);
}

const placeOfEvent = statement(
  'room_purges.place_of_event',
  `select order_major as major, order_minor as minor from events
    where room_nid = $1 and event_id = $2 and position is not null`,
);
const placeOfTime = statement(
  'room_purges.place_of_time',
  `select coalesce(p.major, 9007199254740991) as major, coalesce(p.minor, 0) as minor from (select) one left join lateral (
      select order_major as major, order_minor as minor from events
      where room_nid = $1 and origin_server_ts >= $2 and position is not null order by order_major, order_minor limit 1) p on true`,
);

/** The place of an event that the room shows. */
export async function placeOfEventId(
  db: Queryable,
  roomNid: number,
  eventId: string,
): Promise<{ readonly major: number; readonly minor: number } | undefined> {
  return (await db.query<{ major: number; minor: number }>(placeOfEvent, [roomNid, eventId]))[0];
}

/** The place of the first event, in the room's order, that is not older than a time: all before it is older. */
export async function placeOfFirstSince(
  db: Queryable,
  roomNid: number,
  ts: number,
): Promise<{ readonly major: number; readonly minor: number }> {
  return (
    (await db.query<{ major: number; minor: number }>(placeOfTime, [roomNid, ts]))[0] ?? {
      major: Number.MAX_SAFE_INTEGER,
      minor: 0,
    }
  );
}

const page = statement(
  'room_purges.rooms',
  `select r.room_id as "roomId", r.room_version as "roomVersion", r.joined, r.invited, r.published,
      (select count(*) from room_members m where m.room_nid = r.room_nid and m.local and m.membership in ('join', 'invite', 'knock'))
        as "localMembers",
      (select max(e.origin_server_ts) from events e where e.room_nid = r.room_nid and e.event_nid = any(r.extremities)) as "lastTs",
      p.room_nid is not null as purging, coalesce(p.deleted, 0) as deleted
    from rooms r left join room_purges p on p.room_nid = r.room_nid
    where r.room_id > $1 order by r.room_id limit $2`,
);

/** A room as operators see it. */
export interface ListedRoom {
  readonly roomId: string;
  readonly roomVersion: string;
  readonly joined: number;
  readonly invited: number;
  readonly published: boolean;
  /** Of this server: joined, invited or knocking. */
  readonly localMembers: number;
  /** Of its newest event. */
  readonly lastTs: number | null;
  readonly purging: boolean;
  /** Events that were purged so far. */
  readonly deleted: number;
}

/** Rooms by id, after one. */
export async function listRooms(db: Queryable, after: string, limit: number): Promise<ListedRoom[]> {
  return db.query<ListedRoom>(page, [after, limit]);
}

const localMembers = statement(
  'room_purges.local_members',
  `select m.user_id as "userId" from room_members m join rooms r using (room_nid)
    where r.room_id = $1 and m.local and m.membership in ('join', 'invite', 'knock') order by m.user_id limit $2`,
);

/** Some users of this server who are joined, invited or knocking. */
export async function localMembersOf(db: Queryable, roomId: string, limit: number): Promise<string[]> {
  return (await db.query<{ userId: string }>(localMembers, [roomId, limit])).map(({ userId }) => userId);
}
