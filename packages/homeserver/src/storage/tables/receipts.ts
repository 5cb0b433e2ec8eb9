// Table `receipts`, reading only: a receipt takes a position, so the door writes it (Commit.receipts).

import { type Queryable, statement } from '../database.ts';

export interface ReceiptRow {
  readonly room_nid: number;
  readonly user_id: string;
  readonly type: string;
  /** '' for an unthreaded one. */
  readonly thread_id: string;
  readonly event_id: string;
  readonly ts: number;
}

const between = statement(
  'receipts.between',
  `select r.room_nid, r.user_id, r.type, r.thread_id, r.event_id, r.ts
         from unnest($1::bigint[], $2::bigint[]) as w (room_nid, after)
         join receipts r on r.room_nid = w.room_nid and r.position > w.after and r.position <= $3
         where r.type <> 'm.read.private' or r.user_id = $4
         order by r.position`,
);

/** Receipts of several rooms, each from a position of its own on; private ones only of the reader. */
export async function receiptsBetween(
  db: Queryable,
  rooms: readonly { roomNid: number; after: number }[],
  upTo: number,
  reader: string,
): Promise<ReceiptRow[]> {
  return db.query<ReceiptRow>(between, [
    rooms.map((room) => room.roomNid),
    rooms.map((room) => room.after),
    upTo,
    reader,
  ]);
}

const standing = statement(
  'receipts.standing',
  `select coalesce((c.order_major, c.order_minor) >= (n.order_major, n.order_minor), false) as behind
         from events n
         left join receipts r on r.room_nid = n.room_nid and r.user_id = $3 and r.type = $4 and r.thread_id = $5
         left join events c on c.room_nid = n.room_nid and c.event_id = r.event_id
         where n.room_nid = $1 and n.event_id = $2`,
);

/** Whether an event is known in the room, and whether the reader's receipt is at or beyond it already. */
export async function receiptStanding(
  db: Queryable,
  receipt: { roomNid: number; userId: string; type: string; threadId: string; eventId: string },
): Promise<{ known: boolean; behind: boolean }> {
  const rows = await db.query<{ behind: boolean }>(standing, [
    receipt.roomNid,
    receipt.eventId,
    receipt.userId,
    receipt.type,
    receipt.threadId,
  ]);
  return { known: rows.length === 1, behind: rows[0]?.behind ?? false };
}
