// What the rest of the house knows of PostgreSQL: named statements, short transactions, LISTEN. postgres.ts implements it.
// Values arrive the same everywhere: int8 as number (safe integers only), bytea as Buffer, arrays as arrays, numeric never used.

/** A value that a statement takes. */
export type SqlValue =
  | string
  | number
  | boolean
  | null
  | Buffer
  | readonly (string | number | boolean | null | Buffer)[];

/** One named statement: prepared once per connection under its name. */
export interface Statement {
  /** Unique over the house, e.g. `users.by_id`. */
  readonly name: string;
  readonly text: string;
  /**
   * Planned once and by index, on connections of their own, where no other read stands in the way: for the door and for look-ups by key
   * of which one is under way at a time, which take longer to plan than to run. Inside a transaction it is one like any other.
   */
  readonly fixedPlan?: boolean;
}

const registered = new Map<string, Statement>();

/**
 * A named statement, registered so that a test can prepare every one against the schema.
 *
 * @throws Error when another statement has the name
 */
export function statement(name: string, text: string, options: Pick<Statement, 'fixedPlan'> = {}): Statement {
  if (registered.has(name)) throw new Error(`two statements are named ${name}`);
  const made = { name, text, ...options };
  registered.set(name, made);
  return made;
}

/** Every statement registered by the files loaded so far. */
export function registeredStatements(): readonly Statement[] {
  return [...registered.values()];
}

/** Runs statements. The pool outside, one connection inside a transaction. */
export interface Queryable {
  /** @throws StorageError with PostgreSQL's code */
  query<Row extends object>(statement: Statement, values?: readonly SqlValue[]): Promise<Row[]>;
}

/** The database of this process. */
export interface Database extends Queryable {
  /** One short transaction. Never the network inside, never the outer `db` inside. */
  transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T>;
  /**
   * Calls back with the payload of each NOTIFY on the channel, those of this process included. After a lost connection has come
   * back, it calls with '': anything may have been missed. Returns the way to stop.
   */
  listen(channel: string, heard: (payload: string) => void): Promise<() => Promise<void>>;
  /** NOTIFY outside of any transaction, from a connection of its own. */
  notify(channel: string, payload: string): Promise<void>;
  close(): Promise<void>;
}

/** PostgreSQL refused or is not there. `code` is its SQLSTATE, or `unreachable`. */
export class StorageError extends Error {
  readonly code: string;
  readonly constraint: string | undefined;
  constructor(code: string, message: string, options?: { cause?: unknown; constraint?: string }) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'StorageError';
    this.code = code;
    this.constraint = options?.constraint;
  }
}
