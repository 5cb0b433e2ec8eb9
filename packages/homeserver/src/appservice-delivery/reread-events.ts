// Reads what waits again, so that what is frozen is the event as it is now: a redaction may have come while it waited. And reads what a
// transaction was made of, by position, when it is to be made anew.

import type { Appservice } from '../appservices/registry.ts';
import type { Clock } from '../platform/clock.ts';
import type { Queryable } from '../storage/database.ts';
import { type EventTextRow, eventTexts, eventTextsAt, streamExtrasAt } from '../storage/tables/appservice-stream.ts';
import { deviceListItem, ephemeralItem, receiptItem, toDeviceItem } from './extra-items.ts';
import { type WaitingEvent, waitingEvent, type WaitingItem } from './feed.ts';
import { toStreamEvent } from './read-stream.ts';
import { isShownTo, textFor, withShownStates } from './shown-state.ts';

export interface RereadParts {
  readonly db: Queryable;
  readonly clock: Clock;
  /** Id of an event's room. */
  readonly roomId: (roomNid: number) => Promise<string>;
  /** Who is to be shown what its users are asked into; absent: nobody. */
  readonly appservice?: Pick<Appservice, 'namespaces'>;
}

/** Texts younger than this are as they are, unless a redaction in their room was read after them (feed.ts). */
const textFreshMs = 1000;

/** The same with texts of events that are fresh. */
export async function freshTexts(parts: RereadParts, items: readonly WaitingItem[]): Promise<WaitingItem[]> {
  const oldestMs = parts.clock.monotonicMs() - textFreshMs;
  const events = items.filter((item): item is WaitingEvent => item.kind === 'event');
  if (events.every(({ readAtMs, outdated }) => outdated !== true && readAtMs > oldestMs)) return [...items];
  const again = await eventsAgain(parts, await eventTexts(parts.db, events));
  const read = new Map(again.map((event) => [event.position, event]));
  return items.map((item) => {
    const fresh = item.kind === 'event' ? read.get(item.position) : undefined;
    if (fresh === undefined) return item;
    return item.kind === 'event' && item.met !== undefined ? { ...fresh, met: item.met } : fresh;
  });
}

/** The events at these positions; what has been purged is missing. */
export async function rereadAt(parts: RereadParts, positions: readonly number[]): Promise<WaitingEvent[]> {
  return eventsAgain(parts, await eventTextsAt(parts.db, positions));
}

/** Everything at these positions, in their order; what has been purged, has ended, or is replaced by a later receipt, is missing. */
export async function rereadItemsAt(parts: RereadParts, positions: readonly number[]): Promise<WaitingItem[]> {
  const events = await rereadAt(parts, positions);
  if (events.length === positions.length) return events;
  const readAtMs = parts.clock.monotonicMs();
  const now = parts.clock.now();
  const rows = await streamExtrasAt(parts.db, positions);
  const left = rows.filter(({ kind, ts }) => kind !== 'ephemeral' || ts > now);
  const extras = await Promise.all(
    left.map(async (row) => {
      if (row.kind === 'ephemeral') return { ...ephemeralItem(row), readAtMs };
      if (row.kind === 'toDevice') return { ...toDeviceItem(row), readAtMs };
      if (row.kind === 'deviceList') return { ...deviceListItem(row), readAtMs };
      return { ...receiptItem(row, await parts.roomId(row.roomNid)), readAtMs };
    }),
  );
  return [...events, ...extras].sort((a, b) => a.position - b.position);
}

async function eventsAgain(parts: RereadParts, rows: readonly EventTextRow[]): Promise<WaitingEvent[]> {
  const { db, clock, appservice = nobody } = parts;
  const bare = await Promise.all(rows.map(async (row) => toStreamEvent(row, await parts.roomId(row.roomNid))));
  const events = await withShownStates(db, bare, (event) => isShownTo(appservice, event));
  const readAtMs = clock.monotonicMs();
  return events.map((event) => waitingEvent(event, textFor(appservice, event), readAtMs));
}

const nobody: NonNullable<RereadParts['appservice']> = {
  namespaces: { user: () => 'outside', alias: () => 'outside', room: () => 'outside' },
};
