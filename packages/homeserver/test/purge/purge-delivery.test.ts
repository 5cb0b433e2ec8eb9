// Deleting a room while application services follow the stream: none gets stuck at what is gone, and what was on its way is told to those who
// knew of it.

import { AppserviceDouble } from '@pons/testkit/appservice';
import { request } from '@pons/testkit/requests';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  ghost,
  type RegistryHouse,
  registryHouse,
  v3,
  writeRegistration,
} from '../application-service/registry-house.ts';

const enc = encodeURIComponent;
let house: RegistryHouse;
let double: AppserviceDouble;
let bot = '';
beforeAll(async () => {
  house = await registryHouse();
  double = new AppserviceDouble();
  writeRegistration(house, 'irc', { url: await double.listen() });
  bot = 'as-irc';
});
afterAll(async () => {
  await double.close();
  await house.stop();
});

const call = (method: string, path: string, body?: object) =>
  request<Record<string, unknown>>(house.base, method, path, { token: bot, ...(body === undefined ? {} : { body }) });
const room = async () => String((await call('POST', `${v3}/createRoom`, { preset: 'public_chat' }))['room_id']);
const say = (roomId: string, body: string) =>
  call('PUT', `${v3}/rooms/${enc(roomId)}/send/m.room.message/${enc(body)}`, { msgtype: 'm.text', body });
const deleteRoom = (roomId: string) =>
  request(house.base, 'DELETE', `/_pons/admin/v1/rooms/${enc(roomId)}?remove_members=true`, { token: house.admin });
const heard = (body: string) => () => double.events.some((event) => event.content['body'] === body);

it('an application service that follows gets what comes after, and mostly how its ghosts left', async () => {
  await expect
    .poll(
      () =>
        request(house.base, 'GET', `${v3}/account/whoami`, { token: bot }).then(
          () => true,
          () => false,
        ),
      { timeout: 60_000 },
    )
    .toBe(true);
  const [gone, stays] = [await room(), await room()];
  const puppet = await ghost(house.base, bot, '_irc_one');
  await call('POST', `${v3}/join/${enc(gone)}?user_id=${enc(puppet)}`, {});
  await say(gone, 'before');
  await expect.poll(heard('before'), { timeout: 60_000 }).toBe(true);
  await deleteRoom(gone);
  await say(stays, 'after');
  await expect.poll(heard('after'), { timeout: 60_000 }).toBe(true);
});

it('one that was paused all the while goes on where nothing is left', async () => {
  await house.operate('POST', '/irc/pause', {});
  const [gone, stays] = [await room(), await room()];
  const puppet = await ghost(house.base, bot, '_irc_two');
  await call('POST', `${v3}/join/${enc(gone)}?user_id=${enc(puppet)}`, {});
  for (let at = 0; at < 300; at += 1) await say(gone, `lost ${at}`);
  await deleteRoom(gone);
  await say(stays, 'found');
  await house.operate('POST', '/irc/resume', {});
  await expect.poll(heard('found'), { timeout: 60_000 }).toBe(true);
});
