// What application services may say of a room that they make, and nobody else: its id, and when it began.
// https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3createroom
import { registerUser, request } from '@pons/testkit/requests';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answered, type RegistryHouse, registryHouse, v3 } from './registry-house.ts';

const enc = encodeURIComponent;
let house: RegistryHouse;
let alice: Awaited<ReturnType<typeof registerUser>>;

const namespaces = (id: string, rooms: readonly object[]) => ({
  namespaces: { users: [{ exclusive: true, regex: `@_${id}_.*:localhost` }], rooms },
});

beforeAll(async () => {
  house = await registryHouse({
    registrations: {
      irc: namespaces('irc', [
        { exclusive: true, regex: '!irc\\..*:localhost' },
        { exclusive: true, regex: '!both\\..*' },
      ]),
      xmpp: namespaces('xmpp', [
        { exclusive: false, regex: '!.*' },
        { exclusive: true, regex: '!both\\..*' },
      ]),
    },
  });
  alice = await registerUser(house.base, 'alice');
});
afterAll(() => house.stop());

interface StateEvent {
  readonly type: string;
  readonly state_key: string;
  readonly origin_server_ts: number;
}
const as = <T = Record<string, unknown>>(method: string, path: string, body?: unknown, token = 'as-irc') =>
  request<T>(house.base, method, path, { token, ...(body === undefined ? {} : { body }) });
const create = (body: object, token?: string) => as('POST', `${v3}/createRoom`, body, token);
const stateOf = (roomId: unknown, token?: string) =>
  as<StateEvent[]>('GET', `${v3}/rooms/${enc(String(roomId))}/state`, undefined, token);

describe('the id of a room', () => {
  it.each(['1', '6', '11'])('is chosen by its application service in room version %s', async (version) => {
    const roomId = `!irc.#chat${version}:localhost`;
    const made = await create({ 'fi.mau.room_id': roomId, room_version: version });
    expect(made).toEqual({ room_id: roomId });
    const said = `${v3}/rooms/${enc(roomId)}/send/m.room.message/1`;
    expect(await as('PUT', said, { body: 'x' })).toEqual({ event_id: expect.any(String) as string });
    expect(await as('GET', `${v3}/joined_rooms`)).toMatchObject({ joined_rooms: expect.arrayContaining([roomId]) });
  });

  it('is given to one room only, however often and at once it is asked for', async () => {
    const body = { 'fi.mau.room_id': '!irc.twice:localhost', room_version: '11' };
    const answers = await Promise.all(Array.from({ length: 5 }, () => answered(create(body), 'room_id')));
    expect(answers.toSorted()).toEqual(['!irc.twice:localhost', ...Array(4).fill('400 M_ROOM_IN_USE')]);
    expect(await answered(create(body))).toBe('400 M_ROOM_IN_USE');
    await house.restart();
    expect(await answered(create(body))).toBe('400 M_ROOM_IN_USE');
  });

  it.each([
    ['of another server', '!irc.x:elsewhere.example', '400 M_INVALID_PARAM'],
    ['without a server', '!irc', '400 M_INVALID_PARAM'],
    ['of a hash alone', `!${'a'.repeat(43)}`, '400 M_INVALID_PARAM'],
    ['that is empty', '!:localhost', '400 M_INVALID_PARAM'],
    ['with a space', '!irc.a b:localhost', '400 M_INVALID_PARAM'],
    ['with a line break', '!irc.a\nb:localhost', '400 M_INVALID_PARAM'],
    ['with U+0000', '!irc.a\0b:localhost', '400 M_INVALID_PARAM'],
    ['that is too long', `!irc.${'a'.repeat(250)}:localhost`, '400 M_INVALID_PARAM'],
    ['that is an alias', '#irc.x:localhost', '400 M_INVALID_PARAM'],
    ['that is no text', 7, '400 M_BAD_JSON'],
    ['outside its namespace', '!elsewhere:localhost', '400 M_EXCLUSIVE'],
    ['that two claim', '!both.x:localhost', '400 M_EXCLUSIVE'],
  ])('is refused where it is one %s', async (_, roomId, refusal) => {
    expect(await answered(create({ 'fi.mau.room_id': roomId, room_version: '11' }))).toBe(refusal);
  });

  it('is refused in a namespace that is not exclusive', async () => {
    const body = { 'fi.mau.room_id': '!xmpp.x:localhost', room_version: '11' };
    expect(await answered(create(body, 'as-xmpp'))).toBe('400 M_EXCLUSIVE');
  });

  it('is refused since room version 12, where the create event decides it', async () => {
    const body = { 'fi.mau.room_id': '!irc.new:localhost' };
    expect(await answered(create({ ...body, room_version: '12' }))).toBe('400 M_INVALID_PARAM');
    expect(await answered(create(body))).toBe('400 M_INVALID_PARAM');
  });

  it('is nothing that people choose', async () => {
    const made = await create({ 'fi.mau.room_id': '!irc.mine:localhost', room_version: '11' }, alice.token);
    expect(made['room_id']).toMatch(/^!\w{18}:localhost$/);
  });
});

describe('the beginning of a room', () => {
  const ts = 1_234_567_890_123;

  it.each(['10', '12'])(
    'is when its application service says, members and all, in room version %s',
    async (version) => {
      const { room_id: roomId } = await create({
        'fi.mau.origin_server_ts': ts,
        'com.beeper.initial_members': ['@_irc_early:localhost'],
        room_version: version,
        name: 'Old',
        invite: [alice.userId],
      });
      const state = await stateOf(roomId);
      expect(state.filter(({ type }) => type === 'm.room.member')).toHaveLength(3);
      for (const { origin_server_ts: then, type } of state) expect([type, then]).toEqual([type, ts]);
    },
  );

  it('may be that of any number of rooms', async () => {
    const rooms = await Promise.all(
      Array.from({ length: 8 }, () =>
        answered(create({ 'fi.mau.origin_server_ts': 0, room_version: '12' }), 'room_id'),
      ),
    );
    expect(new Set(rooms).size).toBe(8);
    for (const roomId of rooms) {
      const created = (await stateOf(roomId)).find(({ type }) => type === 'm.room.create');
      expect(created?.origin_server_ts).toBeLessThanOrEqual(60_000);
    }
  });

  it.each([-1, 1.5, '1', true, 2 ** 53])('is refused where it is %s', async (wrong) => {
    expect(await answered(create({ 'fi.mau.origin_server_ts': wrong }))).toMatch(
      /^400 M_(INVALID_PARAM|NOT_JSON|BAD_JSON)$/,
    );
  });

  it('is now where people say another', async () => {
    const { room_id: roomId } = await create({ 'fi.mau.origin_server_ts': ts }, alice.token);
    const state = await stateOf(roomId, alice.token);
    for (const { origin_server_ts: then } of state) expect(then).toBeGreaterThan(ts);
  });
});
