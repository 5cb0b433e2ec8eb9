// What a user sent who asked for erasure: whoever could see it until then still does; whoever comes later is given a redacted copy. Stored is
// the event as it was, and no redaction is sent. Only where a sender of the page was erased anything more is read. Messages and member
// events, which tell of the user; what else they set is the room's (its name, its rules) and stays.
// https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3accountdeactivate

import { canonicalJson, type JsonObject, type Pdu, redact, type RoomVersionRules } from '@pons/spec';
import type { Queryable } from '../storage/database.ts';
import type { TimelineRow } from '../storage/tables/events.ts';
import { streamMembershipsAtEach } from '../storage/tables/stream.ts';

/** What of a row decides. */
export type ErasableRow = Pick<TimelineRow, 'roomNid' | 'eventId' | 'type' | 'sender' | 'json' | 'erasedAt'> & {
  readonly keyNid: number | null;
};

/** For whom rows are read. */
export interface ErasureView {
  readonly userId: string;
  readonly rulesOf: (roomNid: number) => RoomVersionRules | undefined;
  /** Ids of events at which the viewer was joined, as far as that is known; of state it need not be. */
  readonly seenAt?: ReadonlySet<string>;
}

/** The rows as the viewer may read them, in their order. */
export async function erasedCopies<Row extends ErasableRow>(
  db: Queryable,
  rows: readonly Row[],
  { userId, rulesOf, seenAt }: ErasureView,
): Promise<readonly Row[]> {
  const doubtful = rows.filter((row) => isErased(row) && row.sender !== userId && seenAt?.has(row.eventId) !== true);
  if (doubtful.length === 0) return rows;
  const moments = new Map(
    doubtful.map((row) => [momentOf(row), { roomNid: row.roomNid, position: row.erasedAt ?? 0 }]),
  );
  const found = await streamMembershipsAtEach(db, userId, [...moments.values()]);
  const joined = new Set(
    found.filter(({ json }) => isJoin(json)).map(({ roomNid, position }) => `${roomNid} ${position}`),
  );
  const erased = new Set<Row>(doubtful.filter((row) => !joined.has(momentOf(row))));
  return rows.map((row) => (erased.has(row) ? redactedCopy(row, rulesOf(row.roomNid)) : row));
}

/** Whether what a row says is for those alone who could see it before its sender was erased. */
export function isErased({ erasedAt, keyNid, type }: ErasableRow): boolean {
  return erasedAt !== null && (keyNid === null || type === 'm.room.member');
}

function momentOf(row: ErasableRow): string {
  return `${row.roomNid} ${row.erasedAt}`;
}

function isJoin(json: string): boolean {
  return (JSON.parse(json) as { readonly content: JsonObject }).content['membership'] === 'join';
}

// Nor what it replaced, which is told along with it.
function redactedCopy<Row extends ErasableRow>(row: Row, rules: RoomVersionRules | undefined): Row {
  if (rules === undefined) return row;
  const json = canonicalJson(redact(JSON.parse(row.json) as Pdu, rules));
  return { ...row, json, replacesId: null, replacesJson: null };
}
