// What the delivery to one application service consists of besides its feed: where it starts, what is in flight, what operators see.

import type { CursorRow } from '../storage/tables/appservice-cursors.ts';

/** Where an application service can be reached from: this process, another one that holds its websocket, or none at all. */
export type Way = 'here' | 'elsewhere' | 'nowhere';

/** Where an application service's delivery begins. */
export interface DelivererStart {
  readonly cursor: CursorRow;
  /** Of the lease under which it writes. */
  readonly fence: number;
  /** Events that are set aside. */
  readonly setAside: number;
  /** Frozen before a restart and not recorded as acknowledged. */
  readonly frozen?: FrozenTransaction;
}

/** A transaction on its way. */
export interface FrozenTransaction {
  readonly txnId: number;
  /** Of everything in it that has one. */
  readonly positions: readonly number[];
  readonly createdTs: number;
  /** undefined after a failure: read again for the next attempt, so that a dead service holds no memory. */
  body: Buffer | undefined;
  readonly bytes: number;
  readonly events: number;
  /** Typing or presence is in it: a single refused item is first sent without. */
  readonly hasPassing: boolean;
  /** Messages to devices in it. */
  readonly toDevice: readonly { readonly position: number; readonly userId: string }[];
  /** Traces of its events. */
  readonly traces: readonly string[];
}

/** For operators: console, admin API, metrics. */
export interface DeliveryStatus {
  /** disconnected: it connects by itself, and has not; what is of interest waits. */
  readonly state: 'idle' | 'up' | 'recovering' | 'paused' | 'disconnected';
  /** Read, of interest, and not acknowledged: at most some hundred; what comes behind them is not read yet (`unreadPositions`). */
  readonly waitingEvents: number;
  /** Of those and of the transaction on its way. */
  readonly waitingBytes: number;
  /** Places of the stream that were not looked at yet: at least so many as events of interest are in them. */
  readonly unreadPositions: number;
  readonly oldestUnacknowledgedMs: number | undefined;
  readonly inFlight: number | undefined;
  readonly retries: number;
  readonly lastError: { readonly reason: string; readonly ts: number } | undefined;
  readonly acknowledgedPosition: number;
  readonly acknowledgedTxnId: number;
  readonly deliveredEvents: number;
  readonly deliveredTransactions: number;
  readonly deliveredBytes: number;
  readonly readPosition: number;
  readonly setAside: number;
}
