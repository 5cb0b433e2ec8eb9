// The way of one event to every application service, for an operator who asks: when it was made, committed, frozen into a transaction,
// sent and acknowledged, or why it was not sent. The verdicts come from the tables (explain-event.ts); the times from the memory of the
// process that sends, so they are known for its last transactions only.

import type { ExplainedEventRow } from '../storage/tables/appservice-explain.ts';
import { explainedEvent } from '../storage/tables/appservice-explain.ts';
import type { DeliveryMemory } from './delivery-memory.ts';
import { explainToAll, type ExplainParts, type Explanation } from './explain-event.ts';
import type { RecentTransaction } from './recent-transactions.ts';

/** The event, and where it is with each application service. */
export interface Journey {
  readonly event: ExplainedEventRow;
  /** Milliseconds since 1970; undefined: long ago, or by another process. */
  readonly committedTs: number | undefined;
  readonly stops: readonly JourneyStop[];
}

/** One application service. */
export interface JourneyStop {
  readonly appserviceId: string;
  readonly explanation: Explanation;
  /** Whether this process sends to it: else it knows no times. */
  readonly sentHere: boolean;
  /** Those that the event was in, oldest first. */
  readonly transactions: readonly RecentTransaction[];
}

export interface JourneyParts extends ExplainParts {
  readonly memory: DeliveryMemory;
}

/** The journey of an event; undefined when this server does not have it in that room. */
export async function journeyOf(parts: JourneyParts, roomId: string, eventId: string): Promise<Journey | undefined> {
  const { db, registry, memory } = parts;
  const event = await explainedEvent(db, roomId, eventId);
  if (event === undefined) return undefined;
  const { position } = event;
  const explained = await explainToAll(parts, registry.all(), { roomId, event });
  const stops = [...explained].map(
    ([id, explanation]): JourneyStop => ({
      appserviceId: id,
      explanation,
      sentHere: parts.status(id) !== undefined,
      transactions: position === null ? [] : memory.transactions(id).withPosition(position),
    }),
  );
  return { event, committedTs: position === null ? undefined : memory.committedTs(position), stops };
}
