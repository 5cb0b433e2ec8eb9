// What was redacted, or belonged to an account that was erased, is nowhere any more: every column of the whole database and every answer is
// searched for a marker. What may still hold it is what was frozen for an application service before.

import { request } from '@pons/testkit/requests';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RegistryHouse, registryHouse, v3, writeRegistration } from '../application-service/registry-house.ts';
import { placesOf } from './purge-house.ts';

const marker = 'zebrafinch';
const erased = 'goldfinch';
const enc = encodeURIComponent;

let house: RegistryHouse;
let alice = '';
beforeAll(async () => {
  house = await registryHouse();
  ({ token: alice } = await house.person('alice'));
});
afterAll(async () => {
  await house.stop();
});

type Answer = Record<string, unknown>;
const call = (token: string, method: string, path: string, body?: object) =>
  request<Answer>(house.base, method, path, { token, ...(body === undefined ? {} : { body }) });
let txn = 0;
const put = async (token: string, path: string, body: object) =>
  String((await call(token, 'PUT', `${v3}${path}`, body))['event_id']);
const nextTxn = () => `t${(txn += 1)}`;

it('what was redacted is in no table, index, cache or answer, and in nothing that an application service gets later', async () => {
  writeRegistration(house, 'irc', {
    namespaces: { rooms: [{ exclusive: false, regex: '.*' }] },
    url: 'http://127.0.0.1:9',
  });
  await expect.poll(async () => JSON.stringify(await house.operate('GET', '')), { timeout: 60_000 }).toContain('"irc"');
  // Followed a moment after it is known.
  const pause = () =>
    house.operate('POST', '/irc/pause', {}).then(
      () => 'paused',
      (error: Error) => error.message,
    );
  await expect.poll(pause, { timeout: 60_000 }).toBe('paused');
  const body = { preset: 'public_chat', visibility: 'public', name: `name ${marker}`, topic: `topic ${marker}` };
  const roomId = String((await call(alice, 'POST', `${v3}/createRoom`, body))['room_id']);
  const room = `${v3}/rooms/${enc(roomId)}`;
  const bob = (await house.person('bob')).token;
  await call(bob, 'PUT', `${v3}/profile/@bob:localhost/displayname`, { displayname: `bob ${marker}` });
  await call(bob, 'POST', `${v3}/join/${enc(roomId)}`, {});
  const since = String((await call(bob, 'GET', `${v3}/sync`))['next_batch']);
  const send = (content: object, type = 'm.room.message') =>
    put(alice, `/rooms/${enc(roomId)}/send/${type}/${nextTxn()}`, content);

  const plain = await send({ msgtype: 'm.text', body: `plain ${marker}` });
  const root = await send({ msgtype: 'm.text', body: 'root' });
  const edit = { rel_type: 'm.replace', event_id: root };
  await send({ msgtype: 'm.text', body: '*', 'm.new_content': { body: marker }, 'm.relates_to': edit });
  await send({ msgtype: 'm.text', body: marker, 'm.relates_to': { rel_type: 'm.thread', event_id: root } });
  await send({ 'm.relates_to': { rel_type: 'm.annotation', event_id: root, key: marker } }, 'm.reaction');
  await send({ msgtype: 'm.text', body: marker, 'm.relates_to': { rel_type: `org.${marker}`, event_id: root } });
  await put(alice, `/rooms/${enc(roomId)}/state/org.example.state/key`, { value: marker });
  await call(alice, 'POST', `${room}/receipt/m.read/${enc(plain)}`, {});
  expect(await placesOf(house.database.db, marker)).toEqual([
    'event_json.json',
    'event_relations.key',
    'event_relations.rel_type',
    'profiles.displayname',
    'room_members.displayname',
  ]);

  // All that hold it, as whoever moderates would find them.
  const { chunk } = await call(alice, 'GET', `${room}/messages?dir=b&limit=100`);
  const { chunk: members } = await call(alice, 'GET', `${room}/members`);
  const found = [...(chunk as Answer[]), ...(members as Answer[])].filter((event) =>
    JSON.stringify(event['content']).includes(marker),
  );
  const ids = new Set(found.map((event) => String(event['event_id'])));
  expect(ids.size).toBe(9);
  for (const eventId of ids) await put(alice, `/rooms/${enc(roomId)}/redact/${enc(eventId)}/${nextTxn()}`, {});

  expect(await placesOf(house.database.db, marker)).toEqual(['profiles.displayname']);
  const answers = await Promise.all(
    [
      `${room}/messages?dir=b&limit=100`,
      `${room}/messages?dir=f&limit=100`,
      `${room}/context/${enc(plain)}?limit=50`,
      `${room}/event/${enc(root)}`,
      `${room}/state`,
      `${room}/members`,
      `${room}/joined_members`,
      `${room}/threads`,
      `/_matrix/client/v1/rooms/${enc(roomId)}/relations/${enc(root)}`,
      `${v3}/publicRooms`,
      `${v3}/sync`,
      `${v3}/sync?since=${since}`,
    ].map((path) => call(bob, 'GET', path).catch((error: Error) => ({ refused: error.message }))),
  );
  expect(answers.filter((answer) => JSON.stringify(answer).includes(marker))).toEqual([]);
  // The lane's memory, and what the application service gets when it goes on.
  await send({ msgtype: 'm.text', body: 'after' });
  await call(bob, 'PUT', `${v3}/profile/@bob:localhost/displayname`, { displayname: 'bob' });
  await house.operate('POST', '/irc/resume', {});
  const frozen = () =>
    house.database.db.query<{ body: Buffer }>({
      name: 'test.frozen',
      text: 'select body from appservice_transactions',
    });
  await expect.poll(async () => (await frozen()).length, { timeout: 60_000 }).toBe(1);
  expect(await placesOf(house.database.db, marker)).toEqual([]);
});

it('what an erased account kept here is gone: nothing but the history of rooms tells of it', async () => {
  const name = 'leaving';
  const { token } = await house.person(name);
  const userId = `@${name}:localhost`;
  const user = `${v3}/user/${enc(userId)}`;
  const roomId = String((await call(token, 'POST', `${v3}/createRoom`, { preset: 'public_chat' }))['room_id']);
  await call(alice, 'POST', `${v3}/join/${enc(roomId)}`, {});
  await call(token, 'PUT', `${v3}/profile/${userId}/displayname`, { displayname: `name ${erased}` });
  await call(token, 'PUT', `${v3}/profile/${userId}/org.example.field`, { 'org.example.field': erased }).catch(
    () => {},
  );
  await call(token, 'PUT', `${user}/account_data/org.example`, { value: erased });
  await call(token, 'PUT', `${user}/rooms/${enc(roomId)}/account_data/org.example`, { value: erased });
  await call(token, 'PUT', `${user}/rooms/${enc(roomId)}/tags/u.${erased}`, { order: 0.5 });
  await call(token, 'POST', `${user}/filter`, { room: { timeline: { types: [`org.${erased}`] } } });
  await call(token, 'PUT', `${v3}/presence/${enc(userId)}/status`, { presence: 'online', status_msg: erased });
  await call(token, 'POST', `${v3}/room_keys/version`, {
    algorithm: 'm.megolm_backup.v1',
    auth_data: { value: erased },
  });
  const [device] = (await call(token, 'GET', `${v3}/devices`))['devices'] as Answer[];
  await call(token, 'PUT', `${v3}/devices/${String(device?.['device_id'])}`, { display_name: `device ${erased}` });
  await call(alice, 'PUT', `${v3}/sendToDevice/org.example/${nextTxn()}`, {
    messages: { [userId]: { '*': { value: erased } } },
  });
  expect((await placesOf(house.database.db, erased)).length).toBeGreaterThan(7);

  const auth = {
    type: 'm.login.password',
    identifier: { type: 'm.id.user', user: name },
    password: `password of ${name}`,
  };
  await call(token, 'POST', `${v3}/account/deactivate`, { auth, erase: true });

  // Its join was seen by those who were in the room.
  expect(await placesOf(house.database.db, erased)).toEqual(['event_json.json']);
  const { chunk } = await call(alice, 'GET', `${v3}/rooms/${enc(roomId)}/members`);
  const member = (chunk as Answer[]).find((event) => event['state_key'] === userId);
  expect(member?.['content']).toEqual({ membership: 'leave' });
});
