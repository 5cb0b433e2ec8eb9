// Table `ephemeral_events`, reading only: such an event takes a position, so the door writes it (Commit.ephemeralEvents). What has ended
// is not shown, and deleted when somebody comes by (purge.ts).

import { type Queryable, statement } from '../database.ts';

export interface EphemeralEventRow {
  readonly roomNid: number;
  readonly userId: string;
  readonly type: string;
  /** The event as it is shown. */
  readonly json: string;
}

const between = statement(
  'ephemeral_events.between',
  `select e.room_nid as "roomNid", e.user_id as "userId", e.type, e.json
    from unnest($1::bigint[], $2::bigint[]) as w (room_nid, after)
    cross join lateral (
      select x.*, sum(octet_length(x.json)) over (order by x.position desc) as bytes from ephemeral_events x
      where x.room_nid = w.room_nid and x.position > w.after and x.position <= $3 and x.expires_ts > $4
      order by x.position desc limit $5) e
    where e.bytes <= $6 order by e.position`,
);

/** Events of several rooms that have not ended, each from a position of its own on; of each room the newest as far as they fit. */
export async function ephemeralEventsBetween(
  db: Queryable,
  rooms: readonly { readonly roomNid: number; readonly after: number }[],
  want: { readonly upTo: number; readonly now: number; readonly eventsMax: number; readonly bytesMax: number },
): Promise<EphemeralEventRow[]> {
  if (rooms.length === 0) return [];
  return db.query<EphemeralEventRow>(between, [
    rooms.map((room) => room.roomNid),
    rooms.map((room) => room.after),
    want.upTo,
    want.now,
    want.eventsMax,
    want.bytesMax,
  ]);
}

const nthNewest = statement(
  'ephemeral_events.nth_newest',
  `select expires_ts as "expiresTs" from ephemeral_events
    where room_nid = $1 order by room_nid desc, position desc offset $2 limit 1`,
);

/** When the n-th newest event of a room ends; undefined: there are not so many. */
export async function endOfNthNewest(db: Queryable, roomNid: number, n: number): Promise<number | undefined> {
  return (await db.query<{ expiresTs: number }>(nthNewest, [roomNid, n - 1]))[0]?.expiresTs;
}
