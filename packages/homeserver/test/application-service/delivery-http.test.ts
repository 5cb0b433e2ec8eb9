// A whole homeserver and an application service that encrypts, over HTTP on both sides: everything besides events that a client can cause
// reaches it, and nothing is left behind.
import { AppserviceDouble } from '@pons/testkit/appservice';
import { registerUser, request } from '@pons/testkit/requests';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RegistryHouse, registryHouse, v3 } from './registry-house.ts';

const irc = new AppserviceDouble();
const bot = '@_irc_bot:localhost';
let house: RegistryHouse;
let alice: Awaited<ReturnType<typeof registerUser>>;
let room = '';

beforeAll(async () => {
  const encrypts = { 'org.matrix.msc3202': true, 'io.element.msc4190': true };
  house = await registryHouse({
    registrations: { irc: { url: await irc.listen(), receive_ephemeral: true, ...encrypts } },
  });
  alice = await registerUser(house.base, 'alice');
  await request(house.base, 'PUT', `${v3}/devices/BRIDGE`, { token: 'as-irc', body: {} });
  const created = await request(house.base, 'POST', `${v3}/createRoom`, {
    token: alice.token,
    body: { preset: 'public_chat' },
  });
  room = encodeURIComponent(String(created['room_id']));
  await request(house.base, 'POST', `${v3}/join/${room}`, { token: 'as-irc', body: {} });
});
afterAll(async () => {
  await house.stop();
  await irc.close();
});

interface Body {
  readonly ephemeral?: readonly { readonly type: string; readonly content: Record<string, unknown> }[];
  readonly to_device?: readonly Record<string, unknown>[];
  readonly device_lists?: { readonly changed: string[]; readonly left: string[] };
  readonly device_one_time_keys_count?: Record<string, Record<string, Record<string, number>>>;
}
const sent = () => irc.transactions.map(({ body }) => JSON.parse(body) as Body);
const comes = (condition: () => boolean) => irc.until(condition);
const ephemeral = (type: string) =>
  sent().flatMap(({ ephemeral: list = [] }) => list.filter((one) => one.type === type));

it('gets typing, receipts with their thread, and presence of those in its rooms', async () => {
  const { token, userId } = alice;
  const typing = { typing: true, timeout: 30_000 };
  await request(house.base, 'PUT', `${v3}/rooms/${room}/typing/${userId}`, { token, body: typing });
  await comes(() => ephemeral('m.typing').some(({ content }) => JSON.stringify(content).includes(userId)));
  const path = `${v3}/rooms/${room}/send/m.room.message/t1`;
  const { event_id } = await request(house.base, 'PUT', path, { token, body: { msgtype: 'm.text', body: 'hello' } });
  const id = String(event_id);
  await request(house.base, 'POST', `${v3}/rooms/${room}/receipt/m.read/${id}`, { token, body: { thread_id: 'main' } });
  await request(house.base, 'POST', `${v3}/rooms/${room}/receipt/m.read.private/${id}`, { token, body: {} });
  const presence = { presence: 'online', status_msg: 'here' };
  await request(house.base, 'PUT', `${v3}/presence/${userId}/status`, { token, body: presence });
  await comes(() => ephemeral('m.presence').some(({ content }) => content['status_msg'] === 'here'));
  await comes(() => ephemeral('m.receipt').length > 0);
  expect(ephemeral('m.receipt')[0]).toMatchObject({
    content: { [id]: { 'm.read': { [userId]: { thread_id: 'main' } } } },
  });
  expect(JSON.stringify(sent())).not.toContain('m.read.private');
});

it('gets messages to its device with the keys that are left of it, and they are gone from the table', async () => {
  const keys = Object.fromEntries(['a', 'b', 'c'].map((id) => [`curve25519:${id}`, `key ${id}`]));
  const upload = { one_time_keys: keys };
  await request(house.base, 'POST', `${v3}/keys/upload?device_id=BRIDGE`, { token: 'as-irc', body: upload });
  const { token } = alice;
  await request(house.base, 'POST', `${v3}/keys/claim`, {
    token,
    body: { one_time_keys: { [bot]: { BRIDGE: 'curve25519' } } },
  });
  const messages = { [bot]: { BRIDGE: { secret: 1 } } };
  await request(house.base, 'PUT', `${v3}/sendToDevice/m.room.encrypted/t1`, { token, body: { messages } });
  await comes(() => sent().some(({ to_device }) => to_device !== undefined));
  const body = sent().find(({ to_device }) => to_device !== undefined);
  expect(body?.to_device).toEqual([
    {
      to_user_id: bot,
      to_device_id: 'BRIDGE',
      type: 'm.room.encrypted',
      sender: alice.userId,
      content: { secret: 1 },
    },
  ]);
  expect(body?.device_one_time_keys_count?.[bot]?.['BRIDGE']).toMatchObject({ curve25519: 2 });
  const waiting = { name: 'test.waiting', text: 'select 1 as one from to_device' };
  await expect.poll(async () => (await house.database.db.query(waiting)).length).toBe(0);
});

it('is told whose devices changed, and that they are of no use after the last shared room', async () => {
  const { token, userId, deviceId } = alice;
  const device_keys = {
    user_id: userId,
    device_id: deviceId,
    algorithms: ['m.olm.v1.curve25519-aes-sha2'],
    keys: { [`curve25519:${deviceId}`]: 'x', [`ed25519:${deviceId}`]: 'y' },
    signatures: { [userId]: { [`ed25519:${deviceId}`]: 'z' } },
  };
  await request(house.base, 'POST', `${v3}/keys/upload`, { token, body: { device_keys } });
  await comes(() => sent().some(({ device_lists }) => device_lists?.changed.includes(userId) === true));
  await request(house.base, 'POST', `${v3}/rooms/${room}/leave`, { token, body: {} });
  await comes(() => sent().some(({ device_lists }) => device_lists?.left.includes(userId) === true));
});
