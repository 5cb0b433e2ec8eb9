// SQLite by node:sqlite, for everything that an application service keeps. It adds what the driver lacks: cached statements,
// numbered migrations, and a commit shared by all writes that wait in the same turn of the event loop, because a commit is an fsync and
// an fsync blocks the loop. WAL with synchronous=FULL: what write() has resolved survives a power cut.

import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';

/** One shared commit takes at most this many writes, so that a flood does not block the event loop for long. */
const WRITES_PER_COMMIT_MAX = 500;
/** How long another process may hold the file before a write fails. */
const BUSY_TIMEOUT_MS = 5_000;

type Value = SQLInputValue;

/** An open SQLite file. */
export interface Sqlite {
  all<Row>(sql: string, ...values: Value[]): Row[];
  get<Row>(sql: string, ...values: Value[]): Row | undefined;
  /** Changes rows; only inside `write`. Answers how many. */
  run(sql: string, ...values: Value[]): number;
  /** Runs `task` in the next shared commit and resolves once that is durable; a task that throws takes back only its own changes. */
  write<T>(task: () => T): Promise<T>;
  /** Brings one area's tables up to date: each step runs once, in order, and never changes afterwards. */
  migrate(area: string, steps: readonly string[]): void;
  /** Commits what waits, then closes. */
  close(): void;
}

interface WaitingWrite {
  task(): void;
  done(): void;
  failed(error: unknown): void;
}

/** Opens the file, made if absent; `:memory:` keeps nothing. */
export function openSqlite(path: string): Sqlite {
  const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
  database.exec('pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on');
  database.exec(
    'create table if not exists schema_steps (area text not null, step integer not null, primary key (area, step))',
  );
  const statements = new Map<string, StatementSync>();
  const prepared = (sql: string): StatementSync => {
    let statement = statements.get(sql);
    if (!statement) statements.set(sql, (statement = database.prepare(sql)));
    return statement;
  };
  let writing = false;
  const commits = sharedCommits(database, (now) => (writing = now));
  return {
    all: <Row>(sql: string, ...values: Value[]) => prepared(sql).all(...values) as Row[],
    get: <Row>(sql: string, ...values: Value[]) => prepared(sql).get(...values) as Row | undefined,
    run(sql, ...values) {
      if (!writing) throw new TypeError('run() is called inside write() only');
      return Number(prepared(sql).run(...values).changes);
    },
    write: (task) => commits.write(task),
    migrate: (area, steps) => migrate(database, area, steps),
    close() {
      commits.flush();
      database.close();
    },
  };
}

function sharedCommits(database: DatabaseSync, setWriting: (now: boolean) => void) {
  let waiting: WaitingWrite[] = [];
  let scheduled = false;
  const commitSome = (): void => {
    const batch = waiting.slice(0, WRITES_PER_COMMIT_MAX);
    waiting = waiting.slice(WRITES_PER_COMMIT_MAX);
    const failed = new Map<WaitingWrite, unknown>();
    try {
      database.exec('begin immediate');
      setWriting(true);
      for (const write of batch) {
        database.exec('savepoint one');
        try {
          write.task();
        } catch (error) {
          // Told to its caller below; the others of this commit are not its fault.
          failed.set(write, error);
          database.exec('rollback to one');
        }
        database.exec('release one');
      }
      database.exec('commit');
    } catch (error) {
      // The disk or the lock: nobody's write is durable, and everybody hears it.
      if (database.isOpen && database.isTransaction) database.exec('rollback');
      for (const write of batch) write.failed(error);
      return;
    } finally {
      setWriting(false);
    }
    for (const write of batch) {
      if (failed.has(write)) write.failed(failed.get(write));
      else write.done();
    }
  };
  const turn = (): void => {
    scheduled = false;
    if (waiting.length > 0) commitSome();
    schedule();
  };
  const schedule = (): void => {
    if (scheduled || waiting.length === 0) return;
    scheduled = true;
    setImmediate(turn);
  };
  return {
    write<T>(task: () => T): Promise<T> {
      return new Promise<T>((resolve, reject) => {
        let value: T;
        waiting.push({ task: () => void (value = task()), done: () => resolve(value), failed: reject });
        schedule();
      });
    },
    flush(): void {
      while (waiting.length > 0) commitSome();
    },
  };
}

function migrate(database: DatabaseSync, area: string, steps: readonly string[]): void {
  database.exec('begin immediate');
  try {
    const row = database.prepare('select max(step) as last from schema_steps where area = ?').get(area) as {
      last: number | null;
    };
    for (const [index, step] of steps.entries()) {
      if (row.last !== null && index <= row.last) continue;
      database.exec(step);
      database.prepare('insert into schema_steps (area, step) values (?, ?)').run(area, index);
    }
    database.exec('commit');
  } catch (error) {
    database.exec('rollback');
    throw error;
  }
}
