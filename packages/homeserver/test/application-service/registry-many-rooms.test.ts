// An application service comes to a server where its users are in ten thousand rooms already: where it has an interest is found out while
// everything runs, and nothing that happens after it was added is lost to it.
import { AppserviceDouble } from '@pons/testkit/appservice';
import { request } from '@pons/testkit/requests';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { statement } from '../../src/storage/database.ts';
import { answered, ghost, registrationText, type RegistryHouse, registryHouse, v3 } from './registry-house.ts';

const rooms = 10_000;
const late = new AppserviceDouble();
const steady = new AppserviceDouble();
let house: RegistryHouse;
beforeAll(async () => {
  house = await registryHouse();
});
afterAll(async () => {
  await house.stop();
  await Promise.all([late.close(), steady.close()]);
});

const insertRooms = statement(
  'test.many_rooms',
  `insert into rooms (room_nid, room_id, room_version, version, state_version, extremities, depth)
    select 1000000000 + g, '!many' || g || ':localhost', '11', 1, 1, '{}', 1 from generate_series(1, $1::int) g`,
);
const insertMembers = statement(
  'test.many_members',
  `insert into room_members (room_nid, user_id, membership, event_nid, sender, local, position)
    select 1000000000 + g, user_id, 'join', 1, user_id, true, 1 from generate_series(1, $1::int) g,
      unnest(array['@_late_' || g % 50 || ':localhost', '@_late_bot:localhost', '@human' || g % 7 || ':localhost']) user_id`,
);
const countInterest = statement(
  'test.many_interest',
  'select count(*) as rooms, sum(members) as members from appservice_interest where appservice_id = $1',
);

it('counts in the background, delivers from the moment it was added, and delays nobody', async () => {
  const { base } = house;
  const alice = await house.person('alice');
  const createRoom = async (token: string) =>
    String((await request(base, 'POST', `${v3}/createRoom`, { token, body: { preset: 'public_chat' } }))['room_id']);
  const join = (token: string, room: string, userId: string) =>
    request(base, 'POST', `${v3}/join/${encodeURIComponent(room)}?user_id=${encodeURIComponent(userId)}`, {
      token,
      body: {},
    });
  await house.operate('POST', '', { registration: registrationText('steady', { url: await steady.listen() }) });
  await house.operate('POST', '', { registration: registrationText('late') });
  const room = await createRoom(alice.token);
  await join('as-steady', room, await ghost(base, 'as-steady', '_steady_a'));
  await join('as-late', room, await ghost(base, 'as-late', '_late_a'));
  await house.operate('DELETE', '/late');
  await house.database.db.query(insertRooms, [rooms]);
  await house.database.db.query(insertMembers, [rooms]);

  let running = true;
  const sent: string[] = [];
  const refused: string[] = [];
  const say = async (body: string) => {
    const path = `${v3}/rooms/${encodeURIComponent(room)}/send/m.room.message/${body}`;
    const answer = await answered(
      request(base, 'PUT', path, { token: alice.token, body: { msgtype: 'm.text', body } }),
    );
    if (answer === 'ok') sent.push(body);
    else refused.push(answer);
  };
  const traffic = (async () => {
    for (let count = 0; running; count++) await say(`before-${count}`);
  })();
  await house.operate('POST', '', { registration: registrationText('late', { url: await late.listen() }) });
  const heardBy = (service: AppserviceDouble) => new Set(service.events.map(({ content }) => content['body']));
  const mark = sent.length;
  for (let count = 0; count < 20; count++) await say(`after-${count}`);
  await late.until(() => heardBy(late).has('after-19'));
  running = false;
  await traffic;
  await say('last');
  await Promise.all([late, steady].map((service) => service.until(() => heardBy(service).has('last'))));

  expect(refused).toEqual([]);
  expect(sent.filter((body) => !heardBy(steady).has(body))).toEqual([]);
  expect(sent.slice(mark).filter((body) => !heardBy(late).has(body))).toEqual([]);
  const [counted] = await house.database.db.query<{ rooms: number; members: number }>(countInterest, ['late']);
  // Two in each of the many, one in the room where somebody speaks.
  expect(counted).toEqual({ rooms: rooms + 1, members: 2 * rooms + 1 });
});
