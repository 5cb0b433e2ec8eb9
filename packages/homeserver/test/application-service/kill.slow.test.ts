// The homeserver is killed around the delivery to an application service: after a transaction is frozen, after it was put, and at any
// moment under load. Whatever it answered is there afterwards, each event in one transaction, each transaction always the same bytes.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RecordingAppservice } from '@pons/testkit/recording-appservice';
import { registerUser, request } from '@pons/testkit/requests';
import { serve, type Served, testConfig } from '@pons/testkit/serve';
import { afterAll, beforeAll, expect, it } from 'vitest';

const dir = mkdtempSync(join(tmpdir(), 'pons-as-kill-'));
const irc = new RecordingAppservice();
const v3 = '/_matrix/client/v3';
const acknowledged = new Set<string>();
const config = testConfig({ appservices: { files: ['irc.yaml'] } });

beforeAll(async () => {
  const port = await irc.listen();
  const registration = {
    id: 'irc',
    url: `http://127.0.0.1:${port}`,
    as_token: 'as-irc',
    hs_token: 'hs-irc',
    sender_localpart: '_irc_bot',
    rate_limited: false,
    namespaces: { users: [{ exclusive: true, regex: '@_irc_.*' }] },
  };
  writeFileSync(join(dir, 'irc.yaml'), JSON.stringify(registration));
});
afterAll(async () => {
  await irc.close();
  rmSync(dir, { recursive: true, force: true });
});

let token = '';
let room = '';
let sent = 0;

async function prepare(server: Served): Promise<void> {
  token = (await registerUser(server.url, 'alice')).token;
  const { room_id } = await request(server.url, 'POST', `${v3}/createRoom`, { token, body: { preset: 'public_chat' } });
  room = encodeURIComponent(String(room_id));
  await request(server.url, 'POST', `${v3}/join/${room}`, { token: 'as-irc', body: {} });
}

/** Sends until the server is gone. */
async function load(server: Served, width: number): Promise<void> {
  const one = async (): Promise<void> => {
    for (;;) {
      const body = { msgtype: 'm.text', body: `n${(sent += 1)}` };
      try {
        const { event_id } = await request(server.url, 'PUT', `${v3}/rooms/${room}/send/m.room.message/k${sent}`, {
          token,
          body,
        });
        acknowledged.add(String(event_id));
      } catch {
        return; // killed
      }
    }
  };
  await Promise.all(Array.from({ length: width }, one));
}

it('loses nothing, doubles nothing and alters nothing', { timeout: 300_000 }, async () => {
  let server = await serve({ dir, config });
  await prepare(server);
  await server.end('SIGTERM');
  const rounds = ['as.afterFreeze=kill@3', 'as.afterPut=kill@1', 'as.afterPut=kill@7', 'as.afterFreeze=kill@20', ''];
  for (const failpoints of rounds) {
    server = await serve({ dir, config, env: { PONS_FAILPOINTS: failpoints } });
    const loading = load(server, 8);
    if (failpoints === '') {
      const before = irc.events.size;
      while (irc.events.size < before + 500) await new Promise((resolve) => setImmediate(resolve));
      await server.end('SIGKILL');
    }
    await loading;
  }
  // Nothing new happens now: what is owed is delivered all the same.
  server = await serve({ dir, config });
  while ([...acknowledged].some((id) => !irc.events.has(id))) await new Promise((resolve) => setImmediate(resolve));
  await server.end('SIGTERM');
  expect(acknowledged.size).toBeGreaterThan(500);
  expect([...irc.events].filter(([, transactions]) => transactions.size > 1)).toEqual([]);
  expect([...irc.attempts].filter(([, hashes]) => new Set(hashes).size > 1)).toEqual([]);
  const ids = [...irc.attempts.keys()].map(Number);
  expect(ids).toEqual([...ids].sort((a, b) => a - b));
});
