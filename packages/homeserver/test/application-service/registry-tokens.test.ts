// Narrowed tokens and consents of a whole homeserver, over HTTP.
import { request } from '@pons/testkit/requests';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answered, ghost, registrationText, type RegistryHouse, registryHouse, v3, whoIs } from './registry-house.ts';

let house: RegistryHouse;
let alice: { userId: string; token: string };
let bob: string;
let eve: string;
beforeAll(async () => {
  house = await registryHouse();
  alice = await house.person('alice');
  const more = { pons: { double_puppet: { users: '@[a-m].*' } } };
  await house.operate('POST', '', { registration: registrationText('irc', more) });
  await house.operate('POST', '', { registration: registrationText('quiet') });
  bob = await ghost(house.base, 'as-irc', '_irc_bob');
  eve = await ghost(house.base, 'as-irc', '_irc_eve');
});
afterAll(() => house.stop());

type Answer = Record<string, unknown>;
const call = (token: string, method: string, path: string, body?: object) =>
  request<Answer>(house.base, method, path, { token, ...(body === undefined ? {} : { body }) });
const as = (userId: string) => `user_id=${encodeURIComponent(userId)}`;
const roomPath = (room: string, rest: string) => `${v3}/rooms/${encodeURIComponent(room)}/${rest}`;
const text = { msgtype: 'm.text', body: 'hello' };
let count = 0;
const send = (token: string, room: string, query = '') =>
  answered(call(token, 'PUT', `${roomPath(room, `send/m.room.message/${(count += 1)}`)}?${query}`, text));
const narrowed = async (body: object, token = 'as-irc') =>
  String((await call(token, 'POST', '/_pons/client/v1/appservice/token', body))['token']);
const roomOf = async (userId: string) =>
  String((await call('as-irc', 'POST', `${v3}/createRoom?${as(userId)}`, { preset: 'public_chat' }))['room_id']);

describe('a narrowed token', () => {
  it('acts as its ghost in its room, by the ghost alone and in that room alone', async () => {
    const room = await roomOf(bob);
    const other = await roomOf(bob);
    const token = await narrowed({ ghosts: [bob], rooms: [room] });
    expect(await send(token, room)).toBe('ok');
    expect(await send(token, room, `${as(bob)}&ts=1234`)).toBe('ok');
    expect(await send(token, room, as(eve))).toBe('403 M_FORBIDDEN');
    expect(await send(token, other)).toBe('403 M_FORBIDDEN');
    expect(await whoIs(house.base, token)).toBe('403 M_FORBIDDEN');
    expect(await answered(call(token, 'GET', roomPath(room, 'state')))).toBe('ok');
    expect(await answered(call(token, 'GET', `${v3}/sync`))).toBe('403 M_FORBIDDEN');
    expect(await answered(call(token, 'POST', `${v3}/createRoom`, {}))).toBe('403 M_FORBIDDEN');
    const login = { type: 'm.login.application_service', identifier: { type: 'm.id.user', user: bob } };
    expect(await answered(call(token, 'POST', `${v3}/login`, login))).toBe('403 M_FORBIDDEN');
    const inRoom = await call('as-irc', 'GET', `${roomPath(room, 'messages')}?dir=b&${as(bob)}`);
    expect(inRoom['chunk']).toContainEqual(expect.objectContaining({ sender: bob, origin_server_ts: 1234 }));
  });

  it('without a room does what its kinds allow', async () => {
    const token = await narrowed({ ghosts: [bob], kinds: ['read', 'profile'] });
    expect(await whoIs(house.base, token)).toBe(bob);
    const name = `${v3}/profile/${encodeURIComponent(bob)}/displayname`;
    expect(await answered(call(token, 'PUT', name, { displayname: 'Bob' }))).toBe('ok');
    expect(await answered(call(token, 'POST', `${v3}/createRoom`, {}))).toBe('403 M_FORBIDDEN');
  });

  it('does nothing for many ghosts at once, whatever it is narrowed to', async () => {
    const room = await roomOf(bob);
    const batch = `/_matrix/client/unstable/com.beeper.backfill/rooms/${encodeURIComponent(room)}/batch_send`;
    for (const body of [{ ghosts: [bob] }, { rooms: [room] }, { lifetime_ms: 60_000 }]) {
      const token = await narrowed(body);
      expect(await answered(call(token, 'POST', '/_pons/client/v1/appservice/ghosts', { ghosts: [] }))).toBe(
        '403 M_FORBIDDEN',
      );
      expect(await answered(call(token, 'POST', batch, { events: [] }))).toBe('403 M_FORBIDDEN');
    }
    expect(await answered(call('as-irc', 'POST', '/_pons/client/v1/appservice/ghosts', { ghosts: [] }))).toBe('ok');
    expect(await answered(call('as-irc', 'POST', `${batch}?${as(bob)}`, { events: [] }))).toBe('ok');
  });

  it('reads no room by another ghost that is in it', async () => {
    const room = await roomOf(eve);
    expect(await answered(call('as-irc', 'GET', roomPath(room, 'joined_members')))).toBe('ok');
    const token = await narrowed({ ghosts: [bob] });
    expect(await answered(call(token, 'GET', roomPath(room, 'joined_members')))).toBe('403 M_FORBIDDEN');
  });

  it('takes back no alias that another ghost made, and names no room that its ghost is not in', async () => {
    const room = await roomOf(eve);
    const alias = (name: string) => `${v3}/directory/room/${encodeURIComponent(`#_irc_${name}:localhost`)}`;
    await call('as-irc', 'PUT', `${alias('eves')}?${as(eve)}`, { room_id: room });
    const token = await narrowed({ ghosts: [bob] });
    expect(await answered(call(token, 'DELETE', alias('eves')))).toBe('403 M_FORBIDDEN');
    expect(await answered(call(token, 'PUT', alias('bobs'), { room_id: room }))).toBe('403 M_FORBIDDEN');
    expect(await answered(call('as-irc', 'PUT', `${alias('bobs')}?${as(bob)}`, { room_id: room }))).toBe('ok');
    expect(await answered(call(token, 'DELETE', alias('bobs')))).toBe('ok');
    expect(await answered(call('as-irc', 'DELETE', `${alias('eves')}?${as(bob)}`))).toBe('ok');
  });

  it('ends by the clock', async () => {
    const token = await narrowed({ lifetime_ms: 60_000 });
    expect(await whoIs(house.base, token)).toBe('@_irc_bot:localhost');
    house.aheadMs += 60_000;
    expect(await whoIs(house.base, token)).toBe('401 M_UNKNOWN_TOKEN');
  });

  it('is unknown when anything of it was changed, and so is what only looks like one', async () => {
    const token = await narrowed({ ghosts: [bob] });
    const middle = Math.floor(token.length / 2);
    const changed = `${token.slice(0, middle)}${token[middle] === 'A' ? 'B' : 'A'}${token.slice(middle + 1)}`;
    for (const one of [changed, token.slice(0, -4), 'ponn_', 'ponn_AgE', `${token}AAAA`])
      expect(await whoIs(house.base, one)).toBe('401 M_UNKNOWN_TOKEN');
  });

  it('lives as long as the as_token that it was made from: until the end of the overlap', async () => {
    await house.operate('POST', '', { registration: registrationText('rotated') });
    const token = await narrowed({ kinds: ['read'] }, 'as-rotated');
    const { as_token: next } = await house.operate('POST', '/rotated/rotate', { overlap_ms: 60_000 });
    expect(await whoIs(house.base, token)).toBe('@_rotated_bot:localhost');
    const later = await narrowed({ kinds: ['read'] }, String(next));
    house.aheadMs += 60_000;
    expect(await whoIs(house.base, token)).toBe('401 M_UNKNOWN_TOKEN');
    expect(await whoIs(house.base, later)).toBe('@_rotated_bot:localhost');
    await house.operate('POST', '/rotated/rotate', { overlap_ms: 0 });
    expect(await whoIs(house.base, later)).toBe('401 M_UNKNOWN_TOKEN');
  });

  it('is made from the token that was presented, and ends with that', async () => {
    await house.operate('POST', '', { registration: registrationText('minting') });
    await house.operate('POST', '/minting/rotate', { overlap_ms: 60_000 });
    const byOld = await narrowed({ kinds: ['read'] }, 'as-minting');
    expect(await whoIs(house.base, byOld)).toBe('@_minting_bot:localhost');
    await house.operate('POST', '/minting/end_overlap', {});
    expect(await whoIs(house.base, byOld)).toBe('401 M_UNKNOWN_TOKEN');
  });

  it('is given to the service itself and to operators, for what is its own', async () => {
    const made = await house
      .operate('POST', '/irc/token', { ghosts: [bob], until_ts: 9_999_999_999_999 })
      .catch(String);
    expect(made).toMatch(/within ten years/);
    const byOperator = await house.operate('POST', '/irc/token', { ghosts: [bob], lifetime_ms: 1_000 });
    expect(await whoIs(house.base, String(byOperator['token']))).toBe(bob);
    const refusals: [object, string][] = [
      [{}, '400 M_INVALID_PARAM'],
      [{ ghosts: ['@alice:localhost'] }, '400 M_INVALID_PARAM'],
      [{ rooms: ['#a:localhost'] }, '400 M_INVALID_PARAM'],
      [{ kinds: ['everything'] }, '400 M_INVALID_PARAM'],
      [{ until_ts: 1 }, '400 M_INVALID_PARAM'],
      [{ ghosts: 'x' }, '400 M_BAD_JSON'],
    ];
    for (const [body, expected] of refusals)
      expect([body, await answered(call('as-irc', 'POST', '/_pons/client/v1/appservice/token', body))]).toEqual([
        body,
        expected,
      ]);
    const byPerson = call(alice.token, 'POST', '/_pons/client/v1/appservice/token', { kinds: ['read'] });
    expect(await answered(byPerson)).toBe('403 M_FORBIDDEN');
    const byNarrowed = call(String(byOperator['token']), 'POST', '/_pons/client/v1/appservice/token', {
      kinds: ['read'],
    });
    expect(await answered(byNarrowed)).toBe('403 M_FORBIDDEN');
  });
});

describe('a person who lets an application service act for them', () => {
  const consentPath = '/_pons/client/v1/appservice/consent';
  const asked = async (token: string) => (await call(token, 'GET', consentPath))['appservices'];
  const grant = (token: string, id: string) => call(token, 'PUT', `${consentPath}/${id}`, {});
  const devices = async () =>
    (await call(alice.token, 'GET', `${v3}/devices`))['devices'] as { device_id: string; display_name?: string }[];

  it('is asked by those that declare it, and sees a device by their name', async () => {
    expect(await asked(alice.token)).toEqual([{ appservice_id: 'irc', granted: false }]);
    expect(await whoIs(house.base, 'as-irc', alice.userId)).toBe('403 M_FORBIDDEN');
    const { device_id: deviceId } = await grant(alice.token, 'irc');
    expect((await grant(alice.token, 'irc'))['device_id']).toBe(deviceId);
    expect(await asked(alice.token)).toMatchObject([{ appservice_id: 'irc', granted: true, device_id: deviceId }]);
    expect(await devices()).toContainEqual(
      expect.objectContaining({ device_id: deviceId, display_name: 'irc (acts for you)' }),
    );
    expect(await whoIs(house.base, 'as-irc', alice.userId)).toBe(alice.userId);
    expect(await call('as-irc', 'GET', `${v3}/account/whoami?${as(alice.userId)}`)).toMatchObject({
      device_id: deviceId,
    });
    expect(await whoIs(house.base, 'as-quiet', alice.userId)).toBe('403 M_FORBIDDEN');
    expect(await answered(grant(alice.token, 'quiet'))).toBe('404 M_NOT_FOUND');
    expect(await answered(grant('as-irc', 'irc'))).toBe('403 M_FORBIDDEN');
  });

  it('is spoken for, and her account stays hers', async () => {
    const room = String((await call(alice.token, 'POST', `${v3}/createRoom`, {}))['room_id']);
    expect(await send('as-irc', room, as(alice.userId))).toBe('ok');
    const query = `?${as(alice.userId)}`;
    const others = (await devices())[0]?.device_id ?? '';
    const hers: [string, string, object?][] = [
      ['POST', `${v3}/account/deactivate`, {}],
      ['DELETE', `${v3}/devices/${others}`, {}],
      ['POST', `${v3}/delete_devices`, { devices: [others] }],
      ['PUT', `${v3}/devices/NEW`, {}],
      ['GET', `${v3}/devices`],
      ['GET', `${v3}/devices/${others}`],
      ['GET', `${v3}/room_keys/version`],
      ['POST', `${v3}/logout/all`, {}],
      ['DELETE', `${consentPath}/irc`],
    ];
    for (const [method, path, body] of hers)
      expect([path, await answered(call('as-irc', method, `${path}${query}`, body))]).toEqual([
        path,
        '403 M_FORBIDDEN',
      ]);
    const asOther = call('as-irc', 'GET', `${v3}/account/whoami${query}&device_id=${others}`);
    expect(await answered(asOther)).toBe('400 M_UNKNOWN_DEVICE');
  });

  it('takes it back by an endpoint, or by deleting the device', async () => {
    const gone = () => expect.poll(() => whoIs(house.base, 'as-irc', alice.userId)).toBe('403 M_FORBIDDEN');
    await call(alice.token, 'DELETE', `${consentPath}/irc`);
    await gone();
    expect(await asked(alice.token)).toEqual([{ appservice_id: 'irc', granted: false }]);
    const { device_id: deviceId } = await grant(alice.token, 'irc');
    expect(await whoIs(house.base, 'as-irc', alice.userId)).toBe(alice.userId);
    const password = {
      type: 'm.login.password',
      identifier: { type: 'm.id.user', user: 'alice' },
      password: 'password of alice',
    };
    const path = `${v3}/devices/${String(deviceId)}`;
    const challenge = await fetch(`${house.base}${path}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${alice.token}` },
      body: '{}',
    });
    const { session } = (await challenge.json()) as { session: string };
    await call(alice.token, 'DELETE', path, { auth: { ...password, session } });
    await gone();
    expect(await devices()).toHaveLength(1);
  });

  it('has no device of it any more once the application service is removed', async () => {
    const text = registrationText('short', { pons: { double_puppet: true } });
    await house.operate('POST', '', { registration: text });
    await grant(alice.token, 'short');
    expect(await devices()).toHaveLength(2);
    expect(await whoIs(house.base, 'as-short', alice.userId)).toBe(alice.userId);
    await house.operate('DELETE', '/short');
    expect(await devices()).toHaveLength(1);
    await house.operate('POST', '', { registration: text });
    expect(await whoIs(house.base, 'as-short', alice.userId)).toBe('403 M_FORBIDDEN');
    await house.operate('DELETE', '/short');
  });

  it('is not asked when the pattern leaves them out', async () => {
    const zoe = await house.person('zoe');
    expect(await asked(zoe.token)).toEqual([]);
    expect(await answered(grant(zoe.token, 'irc'))).toBe('404 M_NOT_FOUND');
  });
});
