// What an operator sees of deliveries over the admin API: the last transactions with their contents hidden, lag, a ping, and an event's way.
import { AppserviceDouble } from '@pons/testkit/appservice';
import { registerUser, request } from '@pons/testkit/requests';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { adminPath, answered, registrationText, type RegistryHouse, registryHouse, v3 } from './registry-house.ts';

let house: RegistryHouse;
const irc = new AppserviceDouble();
const down = new AppserviceDouble();
let alice: { userId: string; token: string };
let roomId: string;

interface Transaction {
  readonly txn_id: number;
  readonly outcome: string;
  readonly events: number;
  readonly attempts: number;
  readonly frozen_ts: number;
  readonly first_sent_ts: number;
  readonly answered_ts: number | null;
  readonly reason: string | null;
}
interface Journey {
  readonly committed_ts: number | null;
  readonly origin_server_ts: number;
  readonly appservices: readonly { id: string; verdict: string; transactions: readonly Transaction[] }[];
}

const everything = { namespaces: { rooms: [{ regex: '!.*', exclusive: false }] } };

beforeAll(async () => {
  house = await registryHouse();
  down.mode = 503;
  for (const [id, double] of [
    ['irc', irc],
    ['down', down],
  ] as const)
    await house.operate('POST', '', {
      registration: registrationText(id, { url: await double.listen(), ...everything }),
    });
  await house.operate('POST', '', { registration: registrationText('aloof') });
  alice = await registerUser(house.base, 'alice');
  const created = await request(house.base, 'POST', `${v3}/createRoom`, { token: alice.token, body: {} });
  roomId = String(created['room_id']);
});
afterAll(async () => {
  await house.stop();
  await irc.close();
  await down.close();
});

async function say(body: string): Promise<string> {
  const path = `${v3}/rooms/${encodeURIComponent(roomId)}/send/m.room.message/${body}`;
  const sent = await request(house.base, 'PUT', path, { token: alice.token, body: { msgtype: 'm.text', body } });
  return String(sent['event_id']);
}

const transactions = async (id: string): Promise<Transaction[]> =>
  (await house.operate('GET', `/${id}/transactions`))['transactions'] as Transaction[];

const journey = (eventId: string, room = roomId) =>
  request<Journey & Record<string, unknown>>(
    house.base,
    'GET',
    `/_pons/admin/v1/journey?${new URLSearchParams({ room_id: room, event_id: eventId }).toString()}`,
    { token: house.admin },
  );

test('the last transactions are listed, newest first, and one is shown without what was written', async () => {
  await say('a-secret-word');
  await expect.poll(() => irc.events.some(({ content }) => content['body'] === 'a-secret-word')).toBe(true);
  await expect.poll(async () => (await transactions('irc'))[0]?.outcome).toBe('accepted');
  const [newest, ...older] = await transactions('irc');
  expect(older.every(({ txn_id }) => txn_id < (newest?.txn_id ?? 0))).toBe(true);
  const one = await house.operate('GET', `/irc/transactions/${newest?.txn_id}`);
  const text = JSON.stringify(one);
  expect(text).toContain('"msgtype":"m.text"');
  expect(text).toContain('… 13 characters');
  for (const hidden of ['a-secret-word', 'as-irc', 'hs-irc']) expect(text).not.toContain(hidden);
  expect(await answered(house.operate('GET', '/irc/transactions/1'))).toBe('404 M_NOT_FOUND');
  expect(await answered(house.operate('GET', '/nobody/transactions'))).toBe('404 M_NOT_FOUND');
});

test('an event’s way is told for each application service: acknowledged, tried again, not of interest', async () => {
  const eventId = await say('on-its-way');
  await expect
    .poll(async () => (await journey(eventId)).appservices.find(({ id }) => id === 'irc')?.transactions[0]?.outcome)
    .toBe('accepted');
  const { appservices, committed_ts: committed, origin_server_ts: made } = await journey(eventId);
  const [transaction] = appservices.find(({ id }) => id === 'irc')?.transactions ?? [];
  const times = [made, committed, transaction?.frozen_ts, transaction?.first_sent_ts, transaction?.answered_ts];
  expect(times).toEqual(times.map(() => expect.any(Number) as unknown));
  expect(times).toEqual([...times].sort((a, b) => Number(a) - Number(b)));
  expect(Object.fromEntries(appservices.map(({ id, verdict }) => [id, verdict]))).toEqual({
    irc: 'acknowledged',
    down: 'waiting',
    aloof: 'nothing-is-sent',
  });
  const [refused] = await transactions('down');
  expect(refused).toMatchObject({ reason: 'answered 503' });
  expect(await answered(journey('$nothing'))).toBe('404 M_NOT_FOUND');
  expect(await answered(journey(eventId, '!elsewhere:localhost'))).toBe('404 M_NOT_FOUND');
});

test('a ping says how long it took, or why there was no answer', async () => {
  expect(await house.operate('POST', '/irc/ping', {})).toEqual({ duration_ms: expect.any(Number) as unknown });
  expect(await answered(house.operate('POST', '/down/ping', {}))).toBe('502 M_BAD_STATUS');
  expect(await answered(house.operate('POST', '/aloof/ping', {}))).toBe('400 M_URL_NOT_SET');
});

test('lag is noted while the server runs', async () => {
  const samples = async () =>
    (await house.operate('GET', '/down/lag'))['samples'] as { lag_ms: number; waiting_events: number }[];
  await expect.poll(async () => (await samples()).at(-1)?.waiting_events).toBeGreaterThan(0);
  expect((await samples()).at(-1)?.lag_ms).toBeGreaterThan(0);
  expect((await house.operate('GET', '/aloof/lag'))['samples']).toEqual([]);
});

test('nobody but an administrator sees any of it', async () => {
  const refusedTo = (path: string, method = 'GET') =>
    answered(request(house.base, method, path, { token: alice.token, ...(method === 'GET' ? {} : { body: {} }) }));
  for (const path of [`${adminPath}/irc/transactions`, `${adminPath}/irc/transactions/1`, `${adminPath}/irc/lag`])
    expect(await refusedTo(path)).toBe('403 M_FORBIDDEN');
  expect(await refusedTo('/_pons/admin/v1/journey?room_id=!a&event_id=$b')).toBe('403 M_FORBIDDEN');
  expect(await refusedTo(`${adminPath}/irc/ping`, 'POST')).toBe('403 M_FORBIDDEN');
});

test('what is remembered of an application service goes with it', async () => {
  await house.operate('DELETE', '/down');
  await house.operate('POST', '', {
    registration: registrationText('down', { url: `http://127.0.0.1:${down.port}`, ...everything }),
  });
  expect(await transactions('down')).toEqual([]);
});
