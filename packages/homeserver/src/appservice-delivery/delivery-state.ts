// What the delivery to one application service consists of besides its feed: where it starts, what is in flight, what operators see.

/** Where an application service's delivery begins. */
export interface DelivererStart {
  readonly nextTxnId: number;
  readonly position: number;
  readonly paused: boolean;
  /** Frozen before a restart and not recorded as acknowledged. */
  readonly frozen?: FrozenTransaction;
}

/** A transaction on its way. */
export interface FrozenTransaction {
  readonly txnId: number;
  readonly positions: readonly number[];
  readonly createdTs: number;
  /** undefined after a failure: read again for the next attempt, so that a dead service holds no memory. */
  body: Buffer | undefined;
  /** It holds more than its events: a single refused event is first sent without the rest. */
  readonly hasEphemeral: boolean;
  /** Traces of its events. */
  readonly traces: readonly string[];
}

/** For operators: console, admin API, metrics. */
export interface DeliveryStatus {
  readonly state: 'idle' | 'up' | 'recovering' | 'paused';
  readonly waitingEvents: number;
  readonly waitingBytes: number;
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
}
