// What is handed in of another server's event, and what became of it. An outcome is a value: nobody is told by an exception that an event
// may not be. Only the lane says that an event is stored (StoredEvent).
import type { CheckedPdu } from './check-hash.ts';
import type { DroppedPdu } from './check-format.ts';

declare const stored: unique symbol;

/** An event of another server that has passed checks 1 to 3, to be stored. */
export interface Received {
  readonly checked: CheckedPdu;
  /** State or auth event of a place that is not known here: judged by what it cites alone, and in nobody's timeline. */
  readonly asOutlier?: boolean;
  /** Events that it cites and nobody has: it is rejected for them instead of waiting. */
  readonly unavailable?: ReadonlySet<string>;
}

/** An event that is on disk. */
export interface StoredEvent {
  readonly [stored]: true;
  readonly eventId: string;
  /** Absent: nobody is shown it by itself. */
  readonly position?: number;
}

/** What became of it. */
export type ReceiveOutcome =
  | { readonly outcome: 'accepted'; readonly event: StoredEvent }
  | { readonly outcome: 'rejected' | 'soft-failed'; readonly event: StoredEvent; readonly reason: string }
  | DroppedPdu
  /** Nothing was stored: these must be known first. Come back with them, or say that nobody has them. */
  | { readonly outcome: 'missing'; readonly eventIds: readonly string[] };

/** Says that an event is stored; for the lane. */
export function storedEvent(eventId: string, position: number | undefined): StoredEvent {
  return { eventId, ...(position === undefined ? {} : { position }) } as StoredEvent;
}
