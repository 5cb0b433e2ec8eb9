// The part of the check that reads the events of a room themselves: which of them nothing follows, and whether rows, ids and hashes are
// those of the texts. In memory is only what nothing has followed yet, and what was followed before it came.

import {
  citedIds,
  clampDepth,
  MatrixError,
  type Pdu,
  redact,
  type RoomVersionRules,
  roomVersionRules,
} from '@pons/spec';
import { contentHash, contentHashMatches, eventIdOf } from '@pons/spec/crypto';
import { walkRules } from './check-rules.ts';
import { type Queryable, statement } from './database.ts';

/** A room that is looked at. */
export interface CheckedRoom {
  readonly roomNid: number;
  readonly roomId: string;
  readonly roomVersion: string;
  readonly extremities: readonly number[];
}

/** How the walk goes. */
export interface WalkOptions {
  /** One event in so many is hashed; 1: all. */
  readonly hashEvery: number;
  /** Called after each page; a long walk need not block others. */
  readonly pause: () => Promise<void>;
}

interface WalkedRow {
  readonly eventNid: number;
  readonly eventId: string;
  readonly type: string;
  readonly sender: string;
  readonly stateKey: string | null;
  readonly depth: number;
  readonly originServerTs: number;
  readonly redactedBy: number | null;
  readonly isShown: boolean;
  /** In room_members, if it is there. */
  readonly membership: string | null;
  readonly json: string;
}

const eventsPerPage = 500;

const page = statement(
  'check.events_of_room',
  `select e.event_nid as "eventNid", e.event_id as "eventId", e.type, e.sender, k.state_key as "stateKey", e.depth,
      e.origin_server_ts as "originServerTs", e.redacted_by as "redactedBy", j.json, m.membership,
      -- imported history hangs on the room, and nothing follows it
      not (e.outlier or e.rejected or e.soft_failed) and e.order_minor >= 0 as "isShown"
    from events e join event_json j on j.room_nid = e.room_nid and j.event_nid = e.event_nid
    left join state_keys k on k.key_nid = e.key_nid
    left join lateral (select t.membership from room_members t where k.type = 'm.room.member' and t.room_nid = e.room_nid
      and t.user_id = k.state_key and t.event_nid = e.event_nid limit 1) m on true
    where e.room_nid = $1 and e.event_nid > $2 order by e.event_nid limit $3`,
);

/** Where the rules of the walk are broken, by rule. */
export type WalkFindings = ReadonlyMap<string, readonly string[]>;

/** Walks a room once, in the caller's snapshot. */
export async function walkRoom(db: Queryable, room: CheckedRoom, options: WalkOptions): Promise<WalkFindings> {
  const rules = roomVersionRules(room.roomVersion);
  const ends = new LooseEnds();
  const found = new Map<string, string[]>();
  const report = (rule: string, place: string) => found.set(rule, [...(found.get(rule) ?? []), place]);
  let count = 0;
  for (let after = 0; ; ) {
    const rows = await db.query<WalkedRow>(page, [room.roomNid, after, eventsPerPage]);
    for (const row of rows) {
      const pdu = JSON.parse(row.json) as Pdu;
      if (row.isShown) ends.add(row, pdu);
      if (!saysTheSame(row, pdu)) report(walkRules.rows, `${room.roomId} ${row.eventId}`);
      if (row.membership !== null && row.membership !== pdu.content?.['membership'])
        report(walkRules.memberships, `${room.roomId} ${row.stateKey} ${row.membership}`);
      if (rules !== undefined && (count += 1) % options.hashEvery === 0) {
        const broken = brokenHash(row, pdu, rules);
        if (broken !== undefined) report(broken, `${room.roomId} ${row.eventId}`);
      }
      after = row.eventNid;
    }
    if (rows.length < eventsPerPage) break;
    await options.pause();
  }
  if (!ends.are(room.extremities)) report(walkRules.leaves, room.roomId);
  return found;
}

function saysTheSame(row: WalkedRow, pdu: Pdu): boolean {
  return (
    pdu.type === row.type &&
    pdu.sender === row.sender &&
    (pdu.state_key ?? null) === row.stateKey &&
    pdu.origin_server_ts === row.originServerTs &&
    clampDepth(pdu.depth) === row.depth
  );
}

function brokenHash(row: WalkedRow, pdu: Pdu, rules: RoomVersionRules): string | undefined {
  try {
    if (eventIdOf(pdu, rules) !== row.eventId) return walkRules.ids;
  } catch (error) {
    // No text of an event, so nothing that could be hashed.
    if (error instanceof MatrixError) return walkRules.ids;
    throw error;
  }
  if (row.redactedBy !== null || contentHashMatches(pdu, rules)) return undefined;
  // What came with a wrong hash was kept as redacted.
  return contentHash(redact(pdu, rules), rules) === contentHash(pdu, rules) ? undefined : walkRules.hashes;
}

/** What nothing has followed yet. */
class LooseEnds {
  readonly #unfollowed = new Map<string, { readonly eventNid: number; readonly depth: number }>();
  // Followed before it came, or not there at all: with the depth of the deepest event that follows it.
  readonly #early = new Map<string, number>();

  add({ eventNid, eventId, depth }: WalkedRow, { prev_events: prevEvents }: Pick<Partial<Pdu>, 'prev_events'>): void {
    if (!this.#early.delete(eventId)) this.#unfollowed.set(eventId, { eventNid, depth });
    for (const cited of citedIds(prevEvents ?? [])) {
      if (!this.#unfollowed.delete(cited)) this.#early.set(cited, Math.max(depth, this.#early.get(cited) ?? 0));
    }
  }

  /** What followed an event that is older than a gap may have been in the gap (purged history, history of other servers). */
  are(extremities: readonly number[]): boolean {
    let newestGap = 0;
    for (const depth of this.#early.values()) newestGap = Math.max(newestGap, depth);
    const ends = [...this.#unfollowed.values()];
    const isEnd = new Set(ends.map(({ eventNid }) => eventNid));
    return (
      extremities.every((eventNid) => isEnd.has(eventNid)) &&
      ends.every(({ eventNid, depth }) => depth < newestGap || extremities.includes(eventNid))
    );
  }
}
