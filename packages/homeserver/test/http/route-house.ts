// A whole homeserver with every route it has, found by what it says of itself (the Allow header of a 405), one application service and an
// administrator: what the tests walk that ask something of all routes.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Endpoint,
  beeperEndpoints,
  endpoints,
  federationEndpoints,
  ghostEndpoints,
  ponsEndpoints,
  synapseEndpoints,
} from '@pons/spec/endpoints';
import { testDatabase } from '@pons/testkit/database';
import { configFrom, createHomeserver, type Log, silentLog } from '../../src/index.ts';

export const asToken = 'as-token-of-the-route-table';
const described: Endpoint[] = [
  endpoints,
  federationEndpoints,
  ponsEndpoints,
  synapseEndpoints,
  beeperEndpoints,
  ghostEndpoints,
].flatMap((list) => Object.values(list));

/** The homeserver and its routes. */
export interface RouteHouse {
  readonly base: string;
  readonly routed: readonly Endpoint[];
  /** Methods that a path knows. */
  methodsOf(path: string): Promise<string[]>;
  stop(): Promise<void>;
}

/** Starts it. */
export async function routeHouse(log: Log = silentLog): Promise<RouteHouse> {
  const folder = mkdtempSync(join(tmpdir(), 'pons-routes-'));
  const database = await testDatabase();
  writeFileSync(
    join(folder, 'irc.yaml'),
    JSON.stringify({
      id: 'irc',
      url: null,
      as_token: asToken,
      hs_token: 'hs-token-of-the-route-table',
      sender_localpart: '_irc_bot',
      rate_limited: false,
      namespaces: { users: [{ exclusive: true, regex: '@_irc_.*:localhost' }], aliases: [], rooms: [] },
    }),
  );
  const config = configFrom(
    {
      server_name: 'localhost',
      database: database.url,
      data_dir: './data',
      listeners: [{ bind: '127.0.0.1', port: 0 }],
      appservices: { files: ['irc.yaml'] },
      accounts: { registration: { mode: 'open', shared_secret: 'secret' }, password_cost: 'low' },
      admin: { users: ['@root:localhost'] },
      rate_limits: 'off',
    },
    folder,
  );
  const homeserver = await createHomeserver(config, { log });
  const [listener] = await homeserver.listen();
  const base = listener?.url ?? '';
  async function methodsOf(path: string): Promise<string[]> {
    const response = await fetch(base + path, { method: 'PATCH' });
    return response.status === 405 ? (response.headers.get('allow') ?? '').split(', ') : [];
  }
  const allowed = await Promise.all(described.map(async ({ path }) => methodsOf(filled(path))));
  return {
    base,
    // Inviting by a third-party id has the path of inviting a user.
    routed: described.filter(
      ({ method, operation }, index) => operation !== 'inviteBy3PID' && allowed[index]?.includes(method) === true,
    ),
    methodsOf,
    async stop() {
      await homeserver.stop();
      await database.drop();
      rmSync(folder, { recursive: true });
    },
  };
}

const values: Readonly<Record<string, string>> = {
  userId: '@a:localhost',
  roomId: '!room:localhost',
  roomIdOrAlias: '!room:localhost',
  roomAlias: '#alias:localhost',
  eventId: '$event',
  serverName: 'localhost',
  appserviceId: 'irc',
};

/** A path with something in place of each parameter. */
export function filled(path: string, more: Readonly<Record<string, string>> = {}): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(more[name] ?? values[name] ?? name));
}
