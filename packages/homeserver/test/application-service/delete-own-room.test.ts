// Rooms that an application service deletes (`com.beeper.yeet`): those that its own users made, where its registration lets it.
import { AppserviceDouble } from '@pons/testkit/appservice';
import { registerUser, request } from '@pons/testkit/requests';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answered, ghost, type RegistryHouse, registryHouse, v3 } from './registry-house.ts';

const enc = encodeURIComponent;
const irc = new AppserviceDouble();
let house: RegistryHouse;
let alice: Awaited<ReturnType<typeof registerUser>>;
let puppet: string;

beforeAll(async () => {
  const users = [{ exclusive: true, regex: '@_irc_.*:localhost' }];
  const rooms = [{ exclusive: true, regex: '!irc\\..*:localhost' }];
  const pons = { delete_rooms: true };
  house = await registryHouse({
    registrations: {
      irc: { url: await irc.listen(), pons, namespaces: { users, rooms } },
      shy: {},
      wide: { pons, namespaces: { users: [{ exclusive: false, regex: '@.*' }] } },
      twin: { pons, namespaces: { users: [{ exclusive: true, regex: '@_(twin|both)_.*' }] } },
      rival: { pons, namespaces: { users: [{ exclusive: true, regex: '@_(rival|both)_.*' }] } },
    },
  });
  alice = await registerUser(house.base, 'alice');
  puppet = await ghost(house.base, 'as-irc', '_irc_puppet');
});
afterAll(async () => {
  await house.stop();
  await irc.close();
});

const call = <T = Record<string, unknown>>(token: string, method: string, path: string, body?: unknown) =>
  request<T>(house.base, method, path, { token, ...(body === undefined ? {} : { body }) });
const deleting = (roomId: string, token = 'as-irc', body?: unknown, query = '') =>
  answered(call(token, 'POST', `/_matrix/client/unstable/com.beeper.yeet/rooms/${enc(roomId)}/delete${query}`, body));
async function room(token = 'as-irc', query = '', body: object = {}): Promise<string> {
  const made = await call(token, 'POST', `${v3}/createRoom${query}`, { preset: 'public_chat', ...body });
  return String(made['room_id']);
}
const join = (token: string, roomId: string) => call(token, 'POST', `${v3}/join/${enc(roomId)}`, {});
const joined = async (token: string) =>
  (await call<{ joined_rooms: string[] }>(token, 'GET', `${v3}/joined_rooms`)).joined_rooms;
const isThere = async (roomId: string) =>
  (await house.database.db.query({ name: 'yeet.rooms', text: 'select 1 from rooms where room_id = $1' }, [roomId]))
    .length === 1;

describe('deleting a room of its own', () => {
  it('takes everybody out and leaves nothing of it', async () => {
    const roomId = await room();
    await join(alice.token, roomId);
    await call(alice.token, 'PUT', `${v3}/rooms/${enc(roomId)}/send/m.room.message/1`, { body: 'x' });
    const { next_batch: since } = await call<{ next_batch: string }>(alice.token, 'GET', `${v3}/sync?timeout=0`);
    expect(await deleting(roomId)).toBe('ok');
    expect(await isThere(roomId)).toBe(false);
    expect(await joined(alice.token)).not.toContain(roomId);
    expect(await answered(call(alice.token, 'GET', `${v3}/sync?timeout=0&since=${since}`))).toBe('ok');
    expect(await answered(join(alice.token, roomId))).not.toBe('ok');
    expect(await deleting(roomId)).toBe('404 M_NOT_FOUND');
  });

  it('is for rooms that a ghost made too, as whomever it asks and with whatever body', async () => {
    const [first, second] = [await room('as-irc', `?user_id=${enc(puppet)}`), await room()];
    expect(await deleting(first, 'as-irc', {})).toBe('ok');
    expect(await deleting(second, 'as-irc', undefined, `?user_id=${enc(puppet)}`)).toBe('ok');
  });

  it('leaves a chosen id free for the next room', async () => {
    const body = { 'fi.mau.room_id': '!irc.again:localhost', room_version: '11' };
    const first = await room('as-irc', '', body);
    await join(alice.token, first);
    const path = `${v3}/rooms/${enc(first)}/send/m.room.message`;
    await call(alice.token, 'PUT', `${path}/1`, { body: 'before' });
    expect(await deleting(first)).toBe('ok');
    expect(await room('as-irc', '', body)).toBe(first);
    await join(alice.token, first);
    await call(alice.token, 'PUT', `${path}/1`, { body: 'after' });
    const { chunk } = await call<{ chunk: { type: string; content: { body?: string } }[] }>(
      alice.token,
      'GET',
      `${v3}/rooms/${enc(first)}/messages?dir=b`,
    );
    expect(chunk.flatMap(({ content }) => content.body ?? [])).toEqual(['after']);
  });

  it('is refused for rooms of others, whatever power it has there', async () => {
    const roomId = await room(alice.token);
    await join('as-irc', roomId);
    expect(await deleting(roomId)).toBe('403 M_FORBIDDEN');
    expect(await deleting(await room('as-shy'))).toBe('403 M_FORBIDDEN');
    const shared = await ghost(house.base, 'as-irc', '_irc_shared');
    const itsRoom = await room('as-irc', `?user_id=${enc(shared)}`);
    // In a namespace that is not exclusive, or that two claim, nobody is its own.
    expect(await deleting(itsRoom, 'as-wide')).toBe('403 M_FORBIDDEN');
    expect(await deleting(roomId, 'as-wide')).toBe('403 M_FORBIDDEN');
    expect(await isThere(roomId)).toBe(true);
    expect(await isThere(itsRoom)).toBe(true);
    expect(await deleting(itsRoom)).toBe('ok');
  });

  it('is refused where two services claim whoever made it', async () => {
    await house.database.db.query({
      name: 'yeet.both',
      text: `insert into users (user_id, created_ts, appservice_id) values ('@_both_one:localhost', 1, 'twin')`,
    });
    const roomId = await room('as-twin', `?user_id=${enc('@_both_one:localhost')}`);
    for (const token of ['as-twin', 'as-rival']) expect(await deleting(roomId, token)).toBe('403 M_FORBIDDEN');
    expect(await deleting(await room('as-twin'), 'as-twin')).toBe('ok');
  });

  it('is refused to services whose registration does not say it, to helpers, and to people', async () => {
    const [own, other] = [await room(), await room('as-shy')];
    expect(await deleting(other, 'as-shy')).toBe('403 M_FORBIDDEN');
    expect(await deleting(own, alice.token)).toBe('403 M_FORBIDDEN');
    expect(await deleting(own, house.admin)).toBe('403 M_FORBIDDEN');
    const narrowed = await call('as-irc', 'POST', '/_pons/client/v1/appservice/token', { kinds: ['read', 'rooms'] });
    expect(await deleting(own, String(narrowed['token']))).toBe('403 M_FORBIDDEN');
    expect(await isThere(own)).toBe(true);
  });

  it('is refused for what is no room here', async () => {
    expect(await deleting('!nowhere:localhost')).toBe('404 M_NOT_FOUND');
    expect(await deleting('nothing')).toBe('404 M_NOT_FOUND');
  });
});

describe('com.beeper.room_yeeting', () => {
  const isAnnounced = async (token?: string, query = '') => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const answer = await fetch(`${house.base}/_matrix/client/versions${query}`, { headers });
    const { unstable_features: features } = (await answer.json()) as { unstable_features: Record<string, boolean> };
    return features['com.beeper.room_yeeting'];
  };

  it('is announced to services that may, and to nobody else', async () => {
    expect(await isAnnounced('as-irc')).toBe(true);
    expect(await isAnnounced('as-irc', `?user_id=${enc(puppet)}`)).toBe(true);
    const narrowed = await call('as-irc', 'POST', '/_pons/client/v1/appservice/token', { kinds: ['read', 'rooms'] });
    for (const token of [undefined, 'as-shy', alice.token, house.admin, String(narrowed['token'])]) {
      expect(await isAnnounced(token)).toBeUndefined();
    }
  });
});
