// One connection that is held: for what PostgreSQL ties to a session (the locks of stream/lease.ts) and for long work that must not sit
// in the pool (dump, restore, check). When it breaks, the server notices within half a minute and frees what it held.
import pg from 'pg';
import { type ClientSettings, clientConfig, type ConnectionTarget, storageError } from './connection.ts';
import type { Queryable } from './database.ts';

/** A held connection. */
export interface Session extends Queryable {
  close(): Promise<void>;
}

/** @param lost called once when the connection ends without having been closed */
export async function openSession(
  connection: ConnectionTarget,
  lost: () => void,
  settings: ClientSettings = {},
): Promise<Session> {
  const config = clientConfig(connection, settings);
  const client = new pg.Client({
    ...config,
    options: `${config.options} -c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3`,
  });
  let closed = false;
  client.on('error', () => {}); // 'end' follows
  client.once('end', () => {
    if (!closed) lost();
  });
  try {
    await client.connect();
  } catch (error) {
    closed = true;
    throw storageError(error);
  }
  return {
    query: async ({ name, text }, values = []) => {
      try {
        return (await client.query({ name, text, values: values as unknown[] })).rows as never;
      } catch (error) {
        throw storageError(error);
      }
    },
    close: async () => {
      closed = true;
      await client.end();
    },
  };
}
