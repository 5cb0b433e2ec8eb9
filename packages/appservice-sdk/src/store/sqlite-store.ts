// The SDK's memory in SQLite. A transaction is one row from its arrival until it is handled; its id and the ids of its events are
// remembered longer, because homeservers have been seen to send a transaction again with more in it, and one event under two ids.

import type { IncomingTransaction, Store, StoredTransaction } from './store.ts';
import { type Sqlite, openSqlite } from './sqlite.ts';

/** Unhandled transactions kept before the homeserver is asked to wait: at 100 events each that is a million events. */
const WAITING_TRANSACTIONS_MAX = 10_000;
/** Ids of transactions and events kept for recognising a repetition; a homeserver retries its last one. */
const KNOWN_TRANSACTIONS_MAX = 10_000;
const KNOWN_EVENTS_MAX = 200_000;

const STEPS = [
  `create table inbox (
     seq integer primary key autoincrement,
     txn_id text not null,
     digest text not null,
     body text, -- null once handled
     received_ts integer not null
   ) strict;
   create index inbox_by_txn on inbox (txn_id);
   create index inbox_waiting on inbox (seq) where body is not null;
   create table seen_events (seq integer primary key autoincrement, event_id text not null unique) strict;
   create table registered_users (user_id text primary key) strict, without rowid;
   create table joined_rooms (user_id text not null, room_id text not null, primary key (user_id, room_id)) strict, without rowid;`,
];

/** The SDK's memory in the SQLite file at `path`. */
export function openStore(path: string): Store {
  const sqlite = openSqlite(path);
  return { ...sqliteStore(sqlite), close: () => sqlite.close() };
}

/** The SDK's memory in a SQLite file that somebody else opened and closes. */
export function sqliteStore(sqlite: Sqlite): Store {
  sqlite.migrate('appservice', STEPS);
  return {
    receive: (transaction) => sqlite.write(() => receive(sqlite, transaction)),
    unfinished: () => sqlite.all<StoredTransaction>('select seq, body from inbox where body is not null order by seq'),
    async finish(seq) {
      await sqlite.write(() => sqlite.run('update inbox set body = null where seq = ?', seq));
    },
    isRegistered: (userId) => sqlite.get('select 1 from registered_users where user_id = ?', userId) !== undefined,
    async setRegistered(userId, registered) {
      const sql = registered
        ? 'insert or ignore into registered_users (user_id) values (?)'
        : 'delete from registered_users where user_id = ?';
      await sqlite.write(() => sqlite.run(sql, userId));
    },
    isJoined: (userId, roomId) =>
      sqlite.get('select 1 from joined_rooms where user_id = ? and room_id = ?', userId, roomId) !== undefined,
    async setJoined(userId, roomId, joined) {
      const sql = joined
        ? 'insert or ignore into joined_rooms (user_id, room_id) values (?, ?)'
        : 'delete from joined_rooms where user_id = ? and room_id = ?';
      await sqlite.write(() => sqlite.run(sql, userId, roomId));
    },
    close: () => undefined,
  };
}

function receive(sqlite: Sqlite, transaction: IncomingTransaction): Awaited<ReturnType<Store['receive']>> {
  const { txnId, digest } = transaction;
  const earlier = sqlite.all<{ digest: string }>('select digest from inbox where txn_id = ?', txnId);
  if (earlier.some((row) => row.digest === digest)) return { outcome: 'duplicate' };
  const waiting = sqlite.get<{ n: number }>('select count(*) as n from inbox where body is not null');
  if ((waiting?.n ?? 0) >= WAITING_TRANSACTIONS_MAX) return { outcome: 'full' };

  const fresh: number[] = [];
  for (const [index, eventId] of transaction.eventIds.entries()) {
    if (eventId === undefined || sqlite.run('insert or ignore into seen_events (event_id) values (?)', eventId) > 0)
      fresh.push(index);
  }
  const body = transaction.body(fresh, earlier.length > 0);
  const row = sqlite.get<{ seq: number }>(
    'insert into inbox (txn_id, digest, body, received_ts) values (?, ?, ?, ?) returning seq',
    txnId,
    digest,
    body ?? null,
    transaction.receivedTs,
  );
  const seq = row?.seq ?? 0;
  sqlite.run('delete from inbox where seq <= ? and body is null', seq - KNOWN_TRANSACTIONS_MAX);
  sqlite.run('delete from seen_events where seq <= (select max(seq) from seen_events) - ?', KNOWN_EVENTS_MAX);
  return body === undefined ? { outcome: 'duplicate' } : { outcome: 'stored', row: { seq, body } };
}
