// What the SDK must remember over a restart, as an interface: received transactions until they are handled, and which users are
// registered and joined. sqlite-store.ts is the one implementation; a bridge that lives beside a PostgreSQL may bring its own.

/** A transaction as the homeserver sent it, not yet looked into. */
export interface IncomingTransaction {
  readonly txnId: string;
  /** SHA-256 of the body: tells a retry from another transaction under the same id. */
  readonly digest: string;
  /** Event ids of its events, in order; an event without one counts as new. */
  readonly eventIds: readonly (string | undefined)[];
  /** The body, given the indexes of the events that are new; `undefined` when nothing in it is. */
  body(fresh: readonly number[], known: boolean): string | undefined;
  readonly receivedTs: number;
}

/** A stored transaction that waits to be handled. */
export interface StoredTransaction {
  readonly seq: number;
  readonly body: string;
}

/** The SDK's memory. */
export interface Store {
  /**
   * Keeps a transaction; once it resolves with `stored`, the transaction survives a crash.
   *
   * @returns `stored` with the row to handle, `duplicate` when nothing in it is new, `full` when too many wait
   */
  receive(
    transaction: IncomingTransaction,
  ): Promise<{ outcome: 'stored'; row: StoredTransaction } | { outcome: 'duplicate' | 'full' }>;
  /** Transactions received and not finished, oldest first. */
  unfinished(): StoredTransaction[];
  /** The transaction has been handled: its body is dropped, its ids stay known. */
  finish(seq: number): Promise<void>;
  isRegistered(userId: string): boolean;
  setRegistered(userId: string, registered: boolean): Promise<void>;
  isJoined(userId: string, roomId: string): boolean;
  setJoined(userId: string, roomId: string, joined: boolean): Promise<void>;
  close(): void;
}
