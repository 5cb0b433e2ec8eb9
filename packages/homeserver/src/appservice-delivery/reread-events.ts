// Reads waiting events again, so that what is frozen is the event as it is now: a redaction may have come while it waited.

import type { Clock } from '../platform/clock.ts';
import type { Queryable } from '../storage/database.ts';
import { type EventTextRow, eventTexts, eventTextsAt } from '../storage/tables/appservice-stream.ts';
import type { WaitingEvent } from './feed.ts';
import { toStreamEvent } from './read-stream.ts';

export interface RereadParts {
  readonly db: Queryable;
  readonly clock: Clock;
  /** Id of an event's room. */
  readonly roomId: (roomNid: number) => Promise<string>;
}

/** Texts younger than this are as they are, unless a redaction in their room was read after them (feed.ts). */
const textFreshMs = 1000;

/** The same events with texts that are fresh. */
export async function freshTexts(parts: RereadParts, events: readonly WaitingEvent[]): Promise<WaitingEvent[]> {
  const oldestMs = parts.clock.monotonicMs() - textFreshMs;
  if (events.every(({ readAtMs, outdated }) => outdated !== true && readAtMs > oldestMs)) return [...events];
  const read = new Map((await eventTexts(parts.db, events)).map((row) => [row.position, row]));
  return Promise.all(
    events.map(async (event) => {
      const row = read.get(event.position);
      return row === undefined ? event : waitingEvent(parts, row);
    }),
  );
}

/** The events at these positions; what has been purged is missing. */
export async function rereadAt(parts: RereadParts, positions: readonly number[]): Promise<WaitingEvent[]> {
  return Promise.all((await eventTextsAt(parts.db, positions)).map((row) => waitingEvent(parts, row)));
}

async function waitingEvent(parts: RereadParts, row: EventTextRow): Promise<WaitingEvent> {
  const event = toStreamEvent(row, await parts.roomId(row.roomNid));
  const text = event.text ?? '';
  return { ...event, text, bytes: Buffer.byteLength(text), readAtMs: parts.clock.monotonicMs() };
}
