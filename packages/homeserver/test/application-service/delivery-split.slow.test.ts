// A real homeserver is killed by its failpoints while it looks for the event that an application service refuses: after it has put a
// transaction, after it has frozen a half, after it has set the event aside. The last ghost has left the room by then. Whatever it was in
// the middle of, what is not refused arrives, in order, under transaction ids that always stand for the same bytes.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { registerUser, request } from '@pons/testkit/requests';
import { serve, type Served, testConfig } from '@pons/testkit/serve';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { AppserviceDouble } from '../../../testkit/src/appservice.ts';

const dir = mkdtempSync(join(tmpdir(), 'pons-as-split-'));
const irc = new AppserviceDouble();
const v3 = '/_matrix/client/v3';
const config = testConfig({ appservices: { files: ['irc.yaml'] } });
const ghost = '@_irc_bob:localhost';
let token = '';

beforeAll(async () => {
  const registration = {
    id: 'irc',
    url: await irc.listen(),
    as_token: 'as-irc',
    hs_token: 'hs-irc',
    sender_localpart: 'ircbot',
    rate_limited: false,
    namespaces: { users: [{ exclusive: true, regex: '@_irc_.*' }] },
  };
  writeFileSync(join(dir, 'irc.yaml'), JSON.stringify(registration));
});
afterAll(async () => {
  await irc.close();
  rmSync(dir, { recursive: true, force: true });
});

/** Fills a room for one round: the first transaction fails, so all that comes after waits for one and the same. */
async function prepare(server: Served, round: number): Promise<string[]> {
  irc.mode = 'down';
  const { room_id } = await request(server.url, 'POST', `${v3}/createRoom`, { token, body: { preset: 'public_chat' } });
  const room = encodeURIComponent(String(room_id));
  const asGhost = { token: 'as-irc', body: {} };
  await request(server.url, 'POST', `${v3}/join/${room}?user_id=${ghost}`, asGhost);
  const said = Array.from({ length: 8 }, (_, index) => (index === 2 ? `poison ${round}` : `r${round} n${index}`));
  for (const [index, body] of said.entries()) {
    const path = `${v3}/rooms/${room}/send/m.room.message/t${round}-${index}`;
    await request(server.url, 'PUT', path, { token, body: { msgtype: 'm.text', body } });
  }
  await request(server.url, 'POST', `${v3}/rooms/${room}/leave?user_id=${ghost}`, asGhost);
  return said.filter((body) => !body.startsWith('poison'));
}

const arrived = () => {
  const accepted = irc.transactions.filter(({ body }) => !body.includes('poison'));
  const byId = new Map(accepted.map(({ txnId, body }) => [txnId, body]));
  return [...byId.values()].flatMap((body) =>
    (JSON.parse(body) as { events: { content: { body?: string } }[] }).events.flatMap(
      ({ content }) => content.body ?? [],
    ),
  );
};
const turn = () => new Promise((resolve) => setImmediate(resolve));

it('is killed anywhere in a split, and nothing of the rest is lost', { timeout: 600_000 }, async () => {
  let server = await serve({ dir, config });
  token = (await registerUser(server.url, 'alice')).token;
  await request(server.url, 'POST', `${v3}/register`, {
    token: 'as-irc',
    body: { type: 'm.login.application_service', username: '_irc_bob', inhibit_login: true },
  });
  const rounds = [
    'as.afterPut=kill@2',
    'as.afterFreeze=kill@2',
    'as.afterFreeze=kill@3',
    'as.afterSetAside=kill@1',
    'as.afterPut=kill@5',
  ];
  for (const [round, failpoints] of rounds.entries()) {
    const expected = await prepare(server, round);
    await server.end('SIGTERM');
    irc.mode = 'ok';
    irc.judge = ({ body }) => (body.includes('poison') ? 413 : undefined);
    server = await serve({ dir, config, env: { PONS_FAILPOINTS: failpoints } });
    expect(await server.ended).toBeNull();
    server = await serve({ dir, config });
    while (expected.some((body) => !arrived().includes(body))) await turn();
    expect(arrived().filter((body) => body.startsWith(`r${round} `))).toEqual(expected);
  }
  await server.end('SIGTERM');
  const hashes = new Map<number, Set<string>>();
  for (const { txnId, sha256 } of irc.transactions) hashes.set(txnId, (hashes.get(txnId) ?? new Set()).add(sha256));
  expect([...hashes.values()].filter(({ size }) => size > 1)).toEqual([]);
});
