// What a process remembers of its deliveries so that an operator sees them as they go: the last transactions of each application service,
// its lag over the last minutes, and when positions were committed. The delivery writes here; the admin API reads. Bounded, and never
// needed for a delivery to be right.

import type { Commit } from '../storage/commit.ts';
import type { DeliveryStatus } from './delivery-state.ts';
import { RecentTransactions } from './recent-transactions.ts';

/** How one application service stood at one moment. */
export interface LagSample {
  /** Milliseconds since 1970. */
  readonly ts: number;
  /** Age of the oldest that was not acknowledged; 0 when nothing waited. */
  readonly lagMs: number;
  readonly waitingEvents: number;
  /** Since the start. */
  readonly deliveredEvents: number;
}

/** The memory of a process. */
export interface DeliveryMemory {
  /** Of one application service; made when it is first asked for. */
  transactions(appserviceId: string): RecentTransactions;
  /** Oldest first. */
  lag(appserviceId: string): readonly LagSample[];
  sample(appserviceId: string, status: DeliveryStatus): void;
  /** The application service is gone. */
  forget(appserviceId: string): void;
  /** Told by the door after a commit. */
  committed(first: number, commit: Commit): void;
  /** Milliseconds since 1970; undefined for what is too old, or was committed elsewhere. */
  committedTs(position: number): number | undefined;
}

/** How often lag is noted, and for how many minutes it is kept. */
export const lagSampleMs = 5_000;
const lagSamplesMax = 180;
/** Positions whose commit is remembered: half a minute of a very busy server, a day of a quiet one. */
const commitsMax = 16_384;

/** An empty memory. */
export function createDeliveryMemory(now: () => number): DeliveryMemory {
  const transactions = new Map<string, RecentTransactions>();
  const lags = new Map<string, LagSample[]>();
  const positions = new Float64Array(commitsMax);
  const times = new Float64Array(commitsMax);
  return {
    transactions(id) {
      const known = transactions.get(id);
      if (known !== undefined) return known;
      const made = new RecentTransactions();
      transactions.set(id, made);
      return made;
    },
    lag: (id) => lags.get(id) ?? [],
    sample(id, { oldestUnacknowledgedMs = 0, waitingEvents, deliveredEvents }) {
      const samples = lags.get(id) ?? [];
      samples.push({ ts: now(), lagMs: Math.round(oldestUnacknowledgedMs), waitingEvents, deliveredEvents });
      if (samples.length > lagSamplesMax) samples.shift();
      lags.set(id, samples);
    },
    forget(id) {
      transactions.delete(id);
      lags.delete(id);
    },
    committed(first, commit) {
      const ts = now();
      for (let position = first; position < first + commit.positions; position += 1) {
        positions[position % commitsMax] = position;
        times[position % commitsMax] = ts;
      }
    },
    committedTs(position) {
      return positions[position % commitsMax] === position ? times[position % commitsMax] : undefined;
    },
  };
}
