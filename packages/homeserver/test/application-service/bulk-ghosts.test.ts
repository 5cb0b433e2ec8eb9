// Many ghosts in one request, and many ghosts by ordinary ones: registered, named and joined, each as if alone.
// https://spec.matrix.org/v1.19/application-service-api/
import { AppserviceDouble } from '@pons/testkit/appservice';
import { registerUser, request } from '@pons/testkit/requests';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RegistryHouse, registryHouse, v3 } from './registry-house.ts';
import { checkDatabase } from '../../src/storage/check.ts';

const irc = new AppserviceDouble();
const enc = encodeURIComponent;
let house: RegistryHouse;
let alice: Awaited<ReturnType<typeof registerUser>>;

beforeAll(async () => {
  const wide = { namespaces: { users: [{ exclusive: false, regex: '@_.*' }] } };
  house = await registryHouse({ registrations: { irc: { url: await irc.listen() }, wide } });
  alice = await registerUser(house.base, 'alice');
});
afterAll(async () => {
  await house.stop();
  await irc.close();
});

const as = <T = Record<string, unknown>>(method: string, path: string, body?: unknown, token = 'as-irc') =>
  request<T>(house.base, method, path, { token, ...(body === undefined ? {} : { body }) });
interface Answer {
  readonly registered: number;
  readonly named: number;
  readonly joined: number;
  readonly errors: readonly { readonly user: string; readonly room_id?: string; readonly errcode: string }[];
}
const bulk = (ghosts: unknown, token?: string) =>
  as<Answer>('POST', '/_pons/client/v1/appservice/ghosts', { ghosts }, token);
const room = async (preset = 'private_chat', token = 'as-irc') =>
  (await as<{ room_id: string }>('POST', `${v3}/createRoom`, { preset }, token)).room_id;
const members = async (roomId: string) =>
  (
    await as<{ joined: Record<string, { display_name?: string; avatar_url?: string }> }>(
      'GET',
      `${v3}/rooms/${enc(roomId)}/joined_members`,
    )
  ).joined;
const ghost = (name: string) => `@_irc_${name}:localhost`;
async function versionOf(roomId: string): Promise<number> {
  const [row] = await house.database.db.query<{ version: number }>(
    { name: 'ghosts.version', text: 'select version from rooms where room_id = $1' },
    [roomId],
  );
  return row?.version ?? -1;
}

describe('a bulk request', () => {
  it('registers, names and joins, with one commit for each room', async () => {
    const [first, second] = [await room(), await room('public_chat')];
    const before = [await versionOf(first), await versionOf(second)];
    const ghosts = Array.from({ length: 30 }, (_, index) => ({
      localpart: `_irc_bulk${index}`,
      displayname: `Bulk ${index}`,
      avatar_url: 'mxc://localhost/abc',
      rooms: index % 2 === 0 ? [first, second] : [second],
    }));
    expect(await bulk(ghosts)).toEqual({ registered: 30, named: 30, joined: 15 * 2 + 30, errors: [] });
    expect([await versionOf(first), await versionOf(second)]).toEqual(before.map((version) => version + 1));
    expect((await members(first))[ghost('bulk2')]).toEqual({
      display_name: 'Bulk 2',
      avatar_url: 'mxc://localhost/abc',
    });
    expect(Object.keys(await members(second))).toHaveLength(31);
    // It may act as them at once.
    await as('PUT', `${v3}/rooms/${enc(second)}/send/m.room.message/1?user_id=${enc(ghost('bulk29'))}`, { body: 'x' });
    expect(await bulk(ghosts)).toEqual({ registered: 0, named: 0, joined: 0, errors: [] });
    expect(await versionOf(first)).toBe((before[0] ?? 0) + 1);
  });

  it('brings in a crowd that the room does not keep in memory, and whoever of it speaks or changes is in it all the same', async () => {
    const crowded = await room('public_chat');
    const ghosts = (greeting: string) =>
      Array.from({ length: 120 }, (_, index) => ({
        localpart: `_irc_crowd${index}`,
        displayname: `${greeting} ${index}`,
        rooms: [crowded],
      }));
    expect(await bulk(ghosts('Crowd'))).toEqual({ registered: 120, named: 120, joined: 120, errors: [] });
    const said = `${v3}/rooms/${enc(crowded)}/send/m.room.message/1?user_id=${enc(ghost('crowd7'))}`;
    expect(await as('PUT', said, { body: 'x' })).toEqual({ event_id: expect.any(String) as string });
    expect(await bulk(ghosts('Crowd'))).toEqual({ registered: 0, named: 0, joined: 0, errors: [] });
    expect(await bulk(ghosts('Again'))).toEqual({ registered: 0, named: 120, joined: 120, errors: [] });
    const names = await members(crowded);
    expect(Object.keys(names)).toHaveLength(121);
    expect(names[ghost('crowd7')]).toMatchObject({ display_name: 'Again 7' });
  });

  it('repeats a new name wherever its bearer is', async () => {
    const roomId = await room();
    await bulk([{ user_id: ghost('namely'), displayname: 'Old', rooms: [roomId] }]);
    expect(await bulk([{ user_id: ghost('namely'), displayname: 'New' }])).toMatchObject({ named: 1, joined: 1 });
    expect((await members(roomId))[ghost('namely')]).toMatchObject({ display_name: 'New' });
  });

  it('renames nobody who is in more rooms than one request may write to', async () => {
    await bulk([{ user_id: ghost('everywhere'), displayname: 'Old' }]);
    const run = (text: string) => house.database.db.query({ name: `ghosts.${text.slice(0, 24)}`, text });
    await run(`insert into rooms (room_nid, room_id, room_version, version, state_version, extremities, depth)
      select n, '!many' || n, '12', 1, 1, '{}', 1 from generate_series(9000001, 9020001) n`);
    await run(`insert into room_members (room_nid, user_id, membership, event_nid, sender, local, position)
      select n, '${ghost('everywhere')}', 'join', n, '${ghost('everywhere')}', true, 1 from generate_series(9000001, 9020001) n`);
    const renaming = bulk([{ user_id: ghost('everywhere'), displayname: 'New' }]);
    await expect(renaming).rejects.toMatchObject({ status: 413, errcode: 'M_TOO_LARGE' });
    const profile = await as('GET', `${v3}/profile/${enc(ghost('everywhere'))}`);
    expect(profile).toMatchObject({ displayname: 'Old' });
    await run('delete from room_members where room_nid > 9000000');
    await run('delete from rooms where room_nid > 9000000');
  });

  it('names what goes wrong with one, and the others come in', async () => {
    const closed = await room();
    const foreign = await room('private_chat', alice.token);
    await bulk([{ localpart: '_irc_banned', rooms: [closed] }]);
    await as('POST', `${v3}/rooms/${enc(closed)}/ban`, { user_id: ghost('banned') });
    await as('POST', `${v3}/register`, {
      type: 'm.login.application_service',
      username: '_irc_gone',
      inhibit_login: true,
    });
    await house.database.db.query({
      name: 'ghosts.gone',
      text: `update users set deactivated_ts = 1 where user_id = '${ghost('gone')}'`,
    });
    const answer = await bulk([
      { localpart: '_irc_fine', rooms: [closed] },
      { localpart: '_irc_banned', rooms: [closed] },
      { localpart: '_irc_gone', rooms: [closed] },
      { localpart: 'alice', rooms: [closed] },
      { localpart: '_irc_Wrong', rooms: [closed] },
      { user_id: '@_irc_far:elsewhere.example', rooms: [closed] },
      { localpart: '_irc_long', displayname: 'x'.repeat(300), rooms: [closed] },
      { localpart: '_irc_lost', rooms: ['!nowhere:localhost', foreign] },
    ]);
    expect(answer).toMatchObject({ registered: 2, joined: 2 });
    const errors = answer.errors.map(({ user, room_id: roomId, errcode }) => `${user} ${roomId ?? ''} ${errcode}`);
    expect(new Set(errors)).toEqual(
      new Set([
        `${ghost('banned')} ${closed} M_FORBIDDEN`,
        `${ghost('gone')}  M_USER_DEACTIVATED`,
        'alice  M_EXCLUSIVE',
        '_irc_Wrong  M_INVALID_USERNAME',
        '@_irc_far:elsewhere.example  M_INVALID_USERNAME',
        '_irc_long  M_INVALID_PARAM',
        `${ghost('lost')} !nowhere:localhost M_FORBIDDEN`,
        `${ghost('lost')} ${foreign} M_FORBIDDEN`,
      ]),
    );
    expect(Object.keys(await members(closed)).sort()).toEqual(['@_irc_bot:localhost', ghost('fine')].sort());
  });

  it('is not told to who made it, but counts: what others say there is', async () => {
    const roomId = await room('public_chat', alice.token);
    await bulk([{ localpart: '_irc_quiet', rooms: [roomId] }]);
    await request(house.base, 'PUT', `${v3}/rooms/${enc(roomId)}/send/m.room.message/q`, {
      token: alice.token,
      body: { msgtype: 'm.text', body: 'heard' },
    });
    await irc.until(() => irc.events.some(({ content }) => content['body'] === 'heard'));
    const told = irc.events.filter((event) => event.room_id === roomId);
    expect(told.filter(({ state_key: key }) => key === ghost('quiet'))).toEqual([]);
  });

  const refusals: [string, () => Promise<unknown>, number, string][] = [
    ['people', () => bulk([], alice.token), 403, 'M_FORBIDDEN'],
    ['no list', () => bulk({}), 400, 'M_BAD_JSON'],
    ['ghosts without a name', () => bulk([{}]), 400, 'M_BAD_JSON'],
    ['rooms that are no list', () => bulk([{ localpart: '_irc_a', rooms: 'x' }]), 400, 'M_BAD_JSON'],
    ['names that are none', () => bulk([{ localpart: '_irc_a', displayname: 1 }]), 400, 'M_BAD_JSON'],
    [
      'too many ghosts',
      () => bulk(Array.from({ length: 5001 }, (_, index) => ({ localpart: `_irc_${index}` }))),
      413,
      'M_TOO_LARGE',
    ],
  ];
  it.each(refusals)('refuses %s', async (_what, attempt, status, errcode) => {
    await expect(attempt()).rejects.toMatchObject({ status, errcode });
  });
});

it('ordinary joins that come together share commits', async () => {
  const roomId = await room('public_chat');
  const names = Array.from({ length: 200 }, (_, index) => `net${index}`);
  await bulk(names.map((name) => ({ localpart: `_irc_${name}` })));
  const before = await versionOf(roomId);
  await Promise.all(names.map((name) => as('POST', `${v3}/join/${enc(roomId)}?user_id=${enc(ghost(name))}`, {})));
  expect(Object.keys(await members(roomId))).toHaveLength(201);
  expect((await versionOf(roomId)) - before).toBeLessThan(100);
});

it('leaves tables that agree with one another', async () => {
  expect(await checkDatabase(house.database.url)).toEqual([]);
});

describe('com.beeper.room_create_autojoin_invites', () => {
  interface MemberEvent {
    readonly state_key: string;
    readonly content: { readonly membership: string };
  }
  const create = async (body: object, token?: string) => {
    const { room_id: roomId } = await as<{ room_id: string }>('POST', `${v3}/createRoom`, body, token);
    const { chunk } = await as<{ chunk: MemberEvent[] }>('GET', `${v3}/rooms/${enc(roomId)}/members`, undefined, token);
    return Object.fromEntries(chunk.map(({ state_key: key, content }) => [key, content.membership]));
  };
  it('is announced', async () => {
    const { unstable_features: features } = await as<{ unstable_features: object }>('GET', '/_matrix/client/versions');
    expect(features).toMatchObject({ 'com.beeper.room_create_autojoin_invites': true });
  });
  const own = ['made', 'known'].map(ghost);
  it.each([
    ['initial members', { 'com.beeper.initial_members': [...own, '@alice:localhost'] }],
    ['invited users', { invite: [...own, '@alice:localhost'], 'com.beeper.auto_join_invites': true }],
  ])('%s of its own are in the room, people are invited', async (_what, body) => {
    await bulk([{ user_id: ghost('known'), displayname: 'Known' }]);
    expect(await create({ preset: 'private_chat', ...body })).toEqual({
      '@_irc_bot:localhost': 'join',
      [ghost('made')]: 'join',
      [ghost('known')]: 'join',
      '@alice:localhost': 'invite',
    });
  });
  it('makes a room with more members than it may have invitations', async () => {
    const many = Array.from({ length: 450 }, (_, index) => ghost(`many${index}`));
    expect(Object.keys(await create({ 'com.beeper.initial_members': many }))).toHaveLength(451);
  });
  it('makes no user whom another claims', async () => {
    const wanted = [ghost('foreign'), '@_free:localhost'];
    const body = { 'com.beeper.initial_members': wanted };
    expect(await create({ preset: 'private_chat', ...body }, 'as-wide')).toEqual({
      '@_wide_bot:localhost': 'join',
      '@_free:localhost': 'join',
      [ghost('foreign')]: 'invite',
    });
    const answer = await bulk([{ user_id: ghost('foreign') }, { localpart: '_other' }], 'as-wide');
    expect(answer).toMatchObject({ registered: 1, errors: [{ user: ghost('foreign'), errcode: 'M_EXCLUSIVE' }] });
  });
  it('is nothing to people', async () => {
    const body = { 'com.beeper.initial_members': own, 'com.beeper.auto_join_invites': true, invite: [ghost('known')] };
    expect(await create(body, alice.token)).toEqual({ [alice.userId]: 'join', [ghost('known')]: 'invite' });
  });
});
