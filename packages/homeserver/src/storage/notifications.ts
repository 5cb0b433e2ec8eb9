// LISTEN and NOTIFY on one connection of their own: inside a transaction NOTIFY takes a lock of the whole server through the fsync,
// and a pooled connection cannot listen. Comes back by itself after a loss; what was missed meanwhile is said with an empty payload.
// Made by postgres.ts, used by stream/wake.ts through Database.
import pg from 'pg';
import { createBackoff } from '../platform/backoff.ts';
import { type Clock, sleep } from '../platform/clock.ts';
import { systemRandom } from '../platform/random.ts';
import { clientConfig, type ConnectionTarget, storageError } from './connection.ts';
import { type Database, StorageError } from './database.ts';

export interface NotificationOptions {
  readonly connection: ConnectionTarget;
  readonly clock: Clock;
  readonly log: (line: string) => void;
}

export interface Notifications extends Pick<Database, 'listen' | 'notify'> {
  close(): Promise<void>;
}

export function createNotifications({ connection, clock, log }: NotificationOptions): Notifications {
  const ears = new Map<string, Set<(payload: string) => void>>();
  const closing = new AbortController();
  const backoff = createBackoff({ firstMs: 100, maxMs: 10_000, random: systemRandom });
  let current: Promise<pg.Client> | undefined;
  let before: Promise<void> = Promise.resolve();

  function tell(channel: string, payload: string): void {
    for (const heard of ears.get(channel) ?? []) {
      try {
        heard(payload);
      } catch (error) {
        // Anybody on this database can say anything here: it must not end the process.
        log(`a notification on ${channel} was not understood: ${String(error)}`);
      }
    }
  }

  async function connect(): Promise<pg.Client> {
    const client = new pg.Client(clientConfig(connection));
    client.on('notification', ({ channel, payload }) => tell(channel, payload ?? ''));
    client.on('error', (error) => log(`the connection for notifications was lost: ${error.message}`));
    client.once('end', () => {
      current = undefined;
      if (!closing.signal.aborted) void comeBack();
    });
    try {
      await client.connect();
      for (const channel of ears.keys()) await client.query(`listen ${client.escapeIdentifier(channel)}`);
      return client;
    } catch (error) {
      current = undefined;
      client.removeAllListeners('end');
      await client.end().catch(() => {}); // it never was connected
      throw storageError(error);
    }
  }

  /** Reconnects while somebody listens. */
  async function comeBack(): Promise<void> {
    while (ears.size > 0 && current === undefined) {
      await sleep(clock, backoff.nextMs(), closing.signal);
      if (closing.signal.aborted) return;
      try {
        await client();
        backoff.reset();
        for (const channel of ears.keys()) tell(channel, '');
      } catch {
        // still away: the next round tries again, and followers poll meanwhile
      }
    }
  }

  function client(): Promise<pg.Client> {
    if (closing.signal.aborted) return Promise.reject(new StorageError('unreachable', 'the database is closed'));
    current ??= connect();
    return current;
  }

  // One after the other: the connection takes a query only when it is done with the one before.
  function say(text: string, values: string[] = []): Promise<void> {
    const said = before.then(async () => {
      const connected = await client();
      try {
        await connected.query(text, values);
      } catch (error) {
        throw storageError(error);
      }
    });
    before = said.catch(() => {}); // whoever said it was told
    return said;
  }

  return {
    listen: async (channel, heard) => {
      const found = ears.get(channel);
      if (found !== undefined) found.add(heard);
      else {
        ears.set(channel, new Set([heard]));
        await say(`listen ${pg.escapeIdentifier(channel)}`);
      }
      return async () => {
        const all = ears.get(channel);
        all?.delete(heard);
        if (all?.size !== 0) return;
        ears.delete(channel);
        if (current !== undefined) await say(`unlisten ${pg.escapeIdentifier(channel)}`).catch(() => {}); // it is gone: nothing to undo
      };
    },
    notify: (channel, payload) => say('select pg_notify($1, $2)', [channel, payload]),
    close: async () => {
      closing.abort();
      const connected = await current?.catch(() => undefined); // whoever asked for it was told
      await connected?.end();
    },
  };
}
