// What this process has just committed, by position: the follower takes from here what it would otherwise read back from the database.
// It is only ever a shortcut. Positions of other processes are missing in it, and so is what is too old or too large; the follower then
// reads the database. Events that a redaction has changed are there without text. Of
// redactions by other processes it knows nothing, so what is older than they take to arrive is not given out.

import type { Clock } from '../platform/clock.ts';
import type { Commit, EventRow } from '../storage/commit.ts';
import type { StreamExtraRow } from '../storage/tables/appservice-stream.ts';

/** One position that this process took, and when (monotonic milliseconds). */
export type RecentRow = { readonly position: number; readonly atMs: number } & (
  | { readonly kind: 'event'; readonly event: RecentEvent }
  | { readonly kind: 'extra'; readonly extra: StreamExtraRow }
  /** Account data and the like: nothing that is sent. */
  | { readonly kind: 'other' }
);

export interface RecentEvent {
  readonly roomNid: number;
  readonly eventNid: number;
  readonly eventId: string;
  readonly type: string;
  readonly sender: string;
  readonly originServerTs: number;
  readonly trace: string | null;
  readonly bulkBy: string | null;
  /** The state before it. */
  readonly line: number;
  readonly stateVersion: number;
  /** undefined: read it from the database. */
  readonly json: string | undefined;
  /** Of a state event. */
  readonly change: EventRow['change'];
  /** It did not come at the end of the room. */
  readonly elsewhere: boolean;
}

/** The last commits of this process. */
export interface RecentEvents {
  /** Told by the door after a commit, before anybody is woken. */
  committed(first: number, commit: Commit): void;
  /** Rows right after a position without a gap, at most `limit`; none when the next position is not here or too old. */
  after(position: number, limit: number): readonly RecentRow[];
  /** Everybody has read up to here: what is let go while it is young costs the garbage collector next to nothing. */
  passed(position: number): void;
  /** Texts held, in characters. */
  readonly length: number;
}

/** Followers are here within milliseconds: this is a second of a busy server. */
const rowsMax = 2048;
/** Texts held, in characters: at most 4 MB. */
const lengthMax = 2_097_152;
const freshMs = 1_000;

/** An empty memory. */
export function createRecentEvents(clock: Clock): RecentEvents {
  const rows = new Map<number, RecentRow>();
  const positionOf = new Map<number, number>();
  let length = 0;

  function lengthOf(row: RecentRow): number {
    if (row.kind === 'event') return row.event.json?.length ?? 0;
    return row.kind === 'extra' ? row.extra.json.length : 0;
  }

  function drop(position: number, row: RecentRow): void {
    rows.delete(position);
    length -= lengthOf(row);
    if (row.kind === 'event') positionOf.delete(row.event.eventNid);
  }

  function put(row: RecentRow): void {
    rows.set(row.position, row);
    length += lengthOf(row);
    if (row.kind === 'event') positionOf.set(row.event.eventNid, row.position);
  }

  function forgetText(row: RecentRow | undefined): void {
    if (row?.kind !== 'event') return;
    length -= lengthOf(row);
    rows.set(row.position, { ...row, event: { ...row.event, json: undefined, change: undefined } });
  }

  // Its own, and what those say of it that replaced it.
  function forgetTextsOf(eventNid: number): void {
    forgetText(rows.get(positionOf.get(eventNid) ?? -1));
    for (const row of rows.values()) {
      if (row.kind === 'event' && row.event.change?.replaced?.eventNid === eventNid) forgetText(row);
    }
  }

  return {
    committed(first, commit) {
      for (const row of rowsOf(first, commit, clock.monotonicMs())) put(row);
      for (const { eventNid } of commit.room?.redactions ?? []) forgetTextsOf(eventNid);
      for (const [position, row] of rows) {
        if (rows.size <= rowsMax && length <= lengthMax) break;
        drop(position, row);
      }
    },
    after(position, limit) {
      const found: RecentRow[] = [];
      const oldestMs = clock.monotonicMs() - freshMs;
      for (let next = position + 1; found.length < limit; next++) {
        const row = rows.get(next);
        if (row === undefined || row.atMs < oldestMs) break;
        found.push(row);
      }
      return found;
    },
    passed(position) {
      for (const [first, row] of rows) {
        if (first > position) break;
        drop(first, row);
      }
    },
    get length() {
      return length;
    },
  };
}

function rowsOf(first: number, commit: Commit, atMs: number): Iterable<RecentRow> {
  const rows: RecentRow[] = Array.from({ length: commit.positions }, (_, at) => ({
    kind: 'other',
    position: first + at,
    atMs,
  }));
  const { room } = commit;
  for (const event of room?.events ?? []) {
    // What has an order of its own is history that arrives late: nothing that is sent.
    if (event.at === undefined || event.order !== undefined || room === undefined) continue;
    const { eventNid, eventId, type, sender, originServerTs, trace, line, stateVersion } = event;
    rows[event.at] = {
      kind: 'event',
      position: first + event.at,
      atMs,
      event: {
        roomNid: room.roomNid,
        eventNid,
        eventId,
        type,
        sender,
        originServerTs,
        trace,
        bulkBy: event.bulkBy ?? null,
        line,
        stateVersion,
        json: event.keyNid === null || event.change !== undefined ? event.json : undefined,
        change: event.change,
        elsewhere: event.currentVersion !== undefined,
      },
    };
  }
  const put = (at: number, extra: Omit<StreamExtraRow, 'position'>) => {
    rows[at] = { kind: 'extra', position: first + at, atMs, extra: { ...extra, position: first + at } };
  };
  for (const { at, ...receipt } of commit.receipts ?? []) put(at, { ...noExtra, kind: 'receipt', ...receipt });
  for (const { at, roomNid, userId, type, json, expiresTs: ts } of commit.ephemeralEvents ?? [])
    put(at, { ...noExtra, kind: 'ephemeral', roomNid, userId, type, json, ts });
  for (const { at, ...message } of commit.toDevice ?? []) put(at, { ...noExtra, kind: 'toDevice', ...message });
  // What is for one user alone is nothing for application services.
  for (const { at, userId, onlyFor } of commit.deviceListChanges ?? [])
    if (onlyFor === undefined) put(at, { ...noExtra, kind: 'deviceList', userId });
  if (room?.placed === undefined) return rows;
  // Outliers that got their place are stored already: a gap, so that they are read from there.
  const stored = new Set(room.placed.map(({ at }) => first + (at ?? Number.NaN)));
  return rows.filter(({ position }) => !stored.has(position));
}

const noExtra = { userId: '', roomNid: 0, type: '', threadId: '', eventId: '', ts: 0, deviceId: '', json: '' };
