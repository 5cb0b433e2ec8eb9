// Reads of `rooms`: one row per room, with the counters that guard its writes. Only the door writes it.
import { type Queryable, statement } from '../database.ts';

/** A room as it stands: versions, extremities and counts are the lane's starting point. */
export interface RoomRow {
  readonly roomNid: number;
  readonly roomId: string;
  readonly roomVersion: string;
  readonly version: number;
  readonly stateVersion: number;
  readonly extremities: readonly number[];
  readonly depth: number;
  readonly joined: number;
  readonly invited: number;
  readonly nextLine: number;
  readonly published: boolean;
}

const columns = `r.room_nid as "roomNid", r.room_id as "roomId", r.room_version as "roomVersion", r.version,
  r.state_version as "stateVersion", r.extremities, r.depth, r.joined, r.invited, r.next_line as "nextLine", r.published`;

const byId = statement('rooms.by_id', `select ${columns} from rooms r where r.room_id = $1`);

/** The room with this id, or undefined when this server does not know it. */
export async function roomById(db: Queryable, roomId: string): Promise<RoomRow | undefined> {
  return (await db.query<RoomRow>(byId, [roomId]))[0];
}

const byNids = statement('rooms.by_nids', `select ${columns} from rooms r where r.room_nid = any($1)`);

/** The rooms with these numbers, in no order. */
export async function roomsByNids(db: Queryable, roomNids: readonly number[]): Promise<RoomRow[]> {
  return roomNids.length === 0 ? [] : db.query<RoomRow>(byNids, [roomNids]);
}

const lastPosition = statement('position.last', 'select value from position');

/** The newest position of the stream. */
export async function lastStreamPosition(db: Queryable): Promise<number> {
  return (await db.query<{ value: number }>(lastPosition))[0]?.value ?? 0;
}

/** Which directory: the server's own, that of one network of an application service (`id|network`), or all of them together. */
export type RoomList = { readonly instanceId: string } | 'server' | 'all';

// An instance is compared whole: both its halves may contain the bar.
const ofServer = 'r.published';
const ofAll = '(r.published or exists (select 1 from appservice_rooms a where a.room_nid = r.room_nid))';
const ofInstance = (parameter: string) =>
  `r.room_nid in (select a.room_nid from appservice_rooms a where a.appservice_id || '|' || a.network_id = ${parameter})`;

const page = (which: string) =>
  `select ${columns} from rooms r
    where ${which} and ($1::int is null or (r.joined, r.room_nid) < ($1::int, $2::bigint))
    order by r.joined desc, r.room_nid desc limit $3`;
const published = statement('rooms.published_page', page(ofServer));
const publishedAnywhere = statement('rooms.published_anywhere_page', page(ofAll));
const publishedByInstance = statement('rooms.published_by_instance_page', page(ofInstance('$4')));

/** Rooms in a directory, the largest first; `after` is the last one of the page before. */
export async function publishedRooms(
  db: Queryable,
  limit: number,
  after?: { readonly joined: number; readonly roomNid: number },
  list: RoomList = 'server',
): Promise<RoomRow[]> {
  const values = [after?.joined ?? null, after?.roomNid ?? null, limit];
  if (typeof list === 'object') return db.query<RoomRow>(publishedByInstance, [...values, list.instanceId]);
  return db.query<RoomRow>(list === 'all' ? publishedAnywhere : published, values);
}

const count = (which: string) => `select count(*)::int as count from rooms r where ${which}`;
const publishedCount = statement('rooms.published_count', count(ofServer));
const publishedAnywhereCount = statement('rooms.published_anywhere_count', count(ofAll));
const publishedByInstanceCount = statement('rooms.published_by_instance_count', count(ofInstance('$1')));

/** How many rooms a directory lists. */
export async function publishedRoomCount(db: Queryable, list: RoomList = 'server'): Promise<number> {
  const [row] =
    typeof list === 'object'
      ? await db.query<{ count: number }>(publishedByInstanceCount, [list.instanceId])
      : await db.query<{ count: number }>(list === 'all' ? publishedAnywhereCount : publishedCount);
  return row?.count ?? 0;
}

/** An event that nothing in the room points back to yet. */
export interface ExtremityRow {
  readonly eventNid: number;
  readonly eventId: string;
  readonly depth: number;
}

const looseEnds = statement(
  'rooms.extremities',
  `select event_nid as "eventNid", event_id as "eventId", depth from events
    where room_nid = $1 and event_nid = any($2) order by event_nid`,
);

/** Ids and depths of a room's forward extremities. */
export async function extremitiesOf(
  db: Queryable,
  roomNid: number,
  eventNids: readonly number[],
): Promise<ExtremityRow[]> {
  return db.query<ExtremityRow>(looseEnds, [roomNid, eventNids]);
}
