// The live registry of a whole homeserver, over HTTP: application services come, get new tokens and go while everything runs; files take
// effect by themselves; what is removed leaves its users behind until an operator decides.
import { appendFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { AppserviceDouble } from '@pons/testkit/appservice';
import { request, RequestError } from '@pons/testkit/requests';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  answered,
  ghost,
  registrationText,
  type RegistryHouse,
  registryHouse,
  v3,
  whoIs,
  writeRegistration,
} from './registry-house.ts';

let house: RegistryHouse;
let alice: { userId: string; token: string };
beforeAll(async () => {
  house = await registryHouse();
  alice = await house.person('alice');
});
afterAll(() => house.stop());

const add = (text: string, more: object = {}) => house.operate('POST', '', { registration: text, ...more });
const complaintsOf = async (asking: Promise<unknown>) => {
  const error = await asking.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  return error instanceof RequestError ? error.message : 'no refusal';
};
const createRoom = async (token: string, query = '', body: object = {}) =>
  String(
    (
      await request(house.base, 'POST', `${v3}/createRoom${query}`, { token, body: { preset: 'public_chat', ...body } })
    )['room_id'],
  );
const send = (token: string, room: string, txn: string, query = '') =>
  request(house.base, 'PUT', `${v3}/rooms/${encodeURIComponent(room)}/send/m.room.message/${txn}${query}`, {
    token,
    body: { msgtype: 'm.text', body: txn },
  });

describe('an application service that is added while the server runs', () => {
  it('is only looked at by a dry run', async () => {
    expect(await add(registrationText('dry'), { dry_run: true })).toMatchObject({
      id: 'dry',
      sender: '@_dry_bot:localhost',
      added: false,
    });
    expect(await whoIs(house.base, 'as-dry')).toBe('401 M_UNKNOWN_TOKEN');
  });

  it('acts and hears at once, while everybody else goes on without a refusal', async () => {
    const service = new AppserviceDouble();
    const url = await service.listen();
    const room = await createRoom(alice.token);
    let running = true;
    const refusals: string[] = [];
    const traffic = [0, 1, 2, 3].map(async (lane) => {
      for (let count = 0; running || count < 5; count++) {
        const answer = await answered(send(alice.token, room, `${lane}-${count}`));
        if (answer !== 'ok') refusals.push(answer);
      }
    });
    expect(await add(registrationText('live', { url }))).toMatchObject({ id: 'live', added: true });
    expect(await whoIs(house.base, 'as-live')).toBe('@_live_bot:localhost');
    const bob = await ghost(house.base, 'as-live', '_live_bob');
    await request(house.base, 'POST', `${v3}/join/${encodeURIComponent(room)}?user_id=${encodeURIComponent(bob)}`, {
      token: 'as-live',
      body: {},
    });
    await send(alice.token, room, 'after');
    await service.until(() => service.events.some(({ content }) => content['body'] === 'after'));
    running = false;
    await Promise.all(traffic);
    expect(refusals).toEqual([]);
    const shown = await house.operate('GET', '/live');
    expect(shown).toMatchObject({
      source: 'database',
      status: expect.stringMatching(/^(up|idle)$/) as string,
      registration: { namespaces: { users: [{ regex: '@_live_.*:localhost' }] } },
    });
    expect(JSON.stringify(shown)).not.toMatch(/as-live|hs-live/);
    await service.close();
  });

  it('is refused with line and reason when something is wrong with it', async () => {
    writeRegistration(house, 'filed');
    await expect.poll(() => whoIs(house.base, 'as-filed')).toBe('@_filed_bot:localhost');
    const texts: readonly [string, RegExp][] = [
      ['id: [', /line 1/],
      [registrationText('live', { as_token: 'another' }), /line 2, id: "live" is registered already.*--replace/],
      [
        registrationText('filed', { as_token: 'another' }),
        /line 2, id: "filed" is registered by .*filed\.yaml already/,
      ],
      [registrationText('thief', { as_token: 'as-filed' }), /line 4, as_token: is the as_token of filed too/],
      [registrationText('all', { namespaces: { users: [{ regex: '.*', exclusive: true }] } }), /matches every user/],
    ];
    for (const [text, reason] of texts) expect(await complaintsOf(add(text))).toMatch(reason);
    expect(await answered(house.operate('POST', '', {}))).toBe('400 M_MISSING_PARAM');
    expect(await whoIs(house.base, 'as-filed')).toBe('@_filed_bot:localhost');
  });

  it('is added once when many add it at the same moment, and so is an as_token', async () => {
    const same = await Promise.all(Array.from({ length: 8 }, () => answered(add(registrationText('rush')))));
    expect(same.toSorted()).toEqual([...Array.from({ length: 7 }, () => '400 M_INVALID_PARAM'), 'ok']);
    const token = { as_token: 'as-rush-too' };
    const others = await Promise.all(
      ['a', 'b', 'c', 'd'].map((id) => answered(add(registrationText(`rush${id}`, token)))),
    );
    expect(others.toSorted()).toEqual([...Array.from({ length: 3 }, () => '400 M_INVALID_PARAM'), 'ok']);
    expect(await whoIs(house.base, 'as-rush-too')).toMatch(/^@_rush[a-d]_bot:localhost$/);
  });

  it('can be replaced by another text under its id', async () => {
    await add(registrationText('changing'));
    await ghost(house.base, 'as-changing', '_changing_a');
    await add(
      registrationText('changing', { namespaces: { users: [{ regex: '@other_.*:localhost', exclusive: true }] } }),
      { replace: true },
    );
    expect(await whoIs(house.base, 'as-changing', '@_changing_a:localhost')).toBe('403 M_FORBIDDEN');
    expect(await ghost(house.base, 'as-changing', 'other_a')).toBe('@other_a:localhost');
  });
});

describe('new tokens', () => {
  it('come without a single refusal: the old as_token lives for the overlap', async () => {
    await add(registrationText('turning'));
    let token = 'as-turning';
    let running = true;
    const answers = new Set<string>();
    const traffic = ['as-turning', ''].map(async (fixed) => {
      while (running) answers.add(await whoIs(house.base, fixed === '' ? token : fixed));
    });
    for (let round = 0; round < 3; round++) {
      const rotated = await house.operate('POST', '/turning/rotate', {});
      expect(rotated['as_token']).toMatch(/^[0-9a-f]{64}$/);
      expect(rotated['hs_token']).not.toBe(rotated['as_token']);
      expect(rotated['registration']).toContain(rotated['as_token']);
      token = String(rotated['as_token']);
      expect(await whoIs(house.base, token)).toBe('@_turning_bot:localhost');
    }
    running = false;
    await Promise.all(traffic);
    expect([...answers]).toEqual(['@_turning_bot:localhost']);
    house.aheadMs += 3_600_000;
    expect(await whoIs(house.base, 'as-turning')).toBe('401 M_UNKNOWN_TOKEN');
    expect(await whoIs(house.base, token)).toBe('@_turning_bot:localhost');
  });

  it('reach the application service when it is ready for them: until then it is told the old hs_token too', async () => {
    const service = new AppserviceDouble();
    await add(registrationText('told', { url: await service.listen() }));
    let known = 'hs-told';
    service.judge = ({ token }) => (token === known ? 'ok' : 403);
    const heard = (text: string) => () =>
      service.requests.some(({ token, body }) => token === known && body.includes(`"body":"${text}"`));
    const room = await createRoom('as-told');
    await send('as-told', room, 'first');
    await service.until(heard('first'));
    const { hs_token: next } = await house.operate('POST', '/told/rotate', {});
    await send('as-told', room, 'second');
    await service.until(heard('second'));
    known = String(next);
    await send('as-told', room, 'third');
    await service.until(heard('third'));
    expect(service.requests.at(-1)?.token).toBe(next);
    await service.close();
  });

  it('leave no overlap where none is wanted, also afterwards', async () => {
    await add(registrationText('leaked'));
    const first = await house.operate('POST', '/leaked/rotate', { overlap_ms: 0 });
    expect(await whoIs(house.base, 'as-leaked')).toBe('401 M_UNKNOWN_TOKEN');
    const second = await house.operate('POST', '/leaked/rotate', { overlap_ms: 60_000 });
    expect(await whoIs(house.base, String(first['as_token']))).toBe('@_leaked_bot:localhost');
    await house.operate('POST', '/leaked/end_overlap', {});
    expect(await whoIs(house.base, String(first['as_token']))).toBe('401 M_UNKNOWN_TOKEN');
    expect(await whoIs(house.base, String(second['as_token']))).toBe('@_leaked_bot:localhost');
    expect(await answered(house.operate('POST', '/leaked/rotate', { overlap_ms: -1 }))).toBe('400 M_INVALID_PARAM');
  });

  it('of one that a file owns come from the file, and the old as_token lives on there too', async () => {
    const file = writeRegistration(house, 'owned');
    await expect.poll(() => whoIs(house.base, 'as-owned')).toBe('@_owned_bot:localhost');
    expect(await complaintsOf(house.operate('POST', '/owned/rotate', {}))).toMatch(
      /403 M_FORBIDDEN owned belongs to the file/,
    );
    writeFileSync(file, registrationText('owned', { as_token: 'as-owned-2' }));
    await expect.poll(() => whoIs(house.base, 'as-owned-2')).toBe('@_owned_bot:localhost');
    expect(await whoIs(house.base, 'as-owned')).toBe('@_owned_bot:localhost');
    house.aheadMs += 3_600_000;
    expect(await whoIs(house.base, 'as-owned')).toBe('401 M_UNKNOWN_TOKEN');
    expect(await answered(house.operate('POST', '/nobody/rotate', {}))).toBe('404 M_NOT_FOUND');
  });
});

describe('the folder', () => {
  const listed = async () => (await house.operate('GET', '')) as { appservices: { id: string }[]; refused: object[] };
  const refused = async () => JSON.stringify((await listed()).refused);

  it('goes on with the last good text of a file that is broken, and says where', async () => {
    const file = writeRegistration(house, 'mended');
    await expect.poll(() => whoIs(house.base, 'as-mended')).toBe('@_mended_bot:localhost');
    appendFileSync(file, '\n}');
    await expect.poll(refused).toMatch(/mended\.yaml.*is not YAML/);
    expect(await whoIs(house.base, 'as-mended')).toBe('@_mended_bot:localhost');
    expect((await listed()).refused).toEqual([
      { file, line: expect.any(Number) as number, path: '', reason: expect.any(String) as string },
    ]);
    writeFileSync(file, registrationText('mended', { as_token: 'as-mended-2' }));
    await expect.poll(() => whoIs(house.base, 'as-mended-2')).toBe('@_mended_bot:localhost');
    expect((await listed()).refused).toEqual([]);
  });

  it('takes a file that was written beside it and renamed, again and again, without a gap', async () => {
    const file = writeRegistration(house, 'renamed');
    await expect.poll(() => whoIs(house.base, 'as-renamed')).toBe('@_renamed_bot:localhost');
    const seen = new Set<string>();
    for (let round = 1; round < 4; round++) {
      // As vim does: the old file moves away, the new one is written, the old one goes.
      renameSync(file, `${file}~`);
      seen.add(await whoIs(house.base, 'as-renamed'));
      writeFileSync(file, registrationText('renamed', { protocols: [`p${round}`] }));
      rmSync(`${file}~`);
      const protocols = async () =>
        JSON.stringify(((await house.operate('GET', '/renamed'))['registration'] as { protocols: unknown }).protocols);
      await expect.poll(protocols).toBe(`["p${round}"]`);
      seen.add(await whoIs(house.base, 'as-renamed'));
    }
    expect([...seen]).toEqual(['@_renamed_bot:localhost']);
  });

  it('does not take an id away from one that runs', async () => {
    await add(registrationText('first', { as_token: 'as-live-first' }));
    const file = writeRegistration(house, 'first');
    await expect.poll(refused).toMatch(/first\.yaml.*is registered by \(added live\) first already/);
    expect(await whoIs(house.base, 'as-live-first')).toBe('@_first_bot:localhost');
    rmSync(file);
    await expect.poll(refused).toBe('[]');
  });
});

const cleanUp = (id: string, body: object) => house.operate('POST', `/${id}/clean_up`, body);

describe('what is removed', () => {
  const members = async (room: string) =>
    Object.keys(
      (
        await request(house.base, 'GET', `${v3}/rooms/${encodeURIComponent(room)}/joined_members`, {
          token: alice.token,
        })
      )['joined'] as object,
    ).sort();

  it('is unknown at once, and its ghosts, rooms and aliases stay until somebody decides', async () => {
    await add(registrationText('leaving'));
    const room = await createRoom(alice.token);
    const ghosts = await Promise.all(
      ['a', 'b', 'c'].map((name) => ghost(house.base, 'as-leaving', `_leaving_${name}`)),
    );
    for (const userId of ghosts)
      await request(
        house.base,
        'POST',
        `${v3}/join/${encodeURIComponent(room)}?user_id=${encodeURIComponent(userId)}`,
        {
          token: 'as-leaving',
          body: {},
        },
      );
    const alias = '#_leaving_x:localhost';
    await request(house.base, 'PUT', `${v3}/directory/room/${encodeURIComponent(alias)}`, {
      token: 'as-leaving',
      body: { room_id: room },
    });
    await house.operate('DELETE', '/leaving');
    expect(await whoIs(house.base, 'as-leaving')).toBe('401 M_UNKNOWN_TOKEN');
    expect(await answered(house.operate('GET', '/leaving'))).toBe('404 M_NOT_FOUND');
    expect(await members(room)).toEqual([alice.userId, ...ghosts].sort());
    expect((await house.operate('GET', ''))['removed']).toContain('leaving');
    const page = await house.operate('GET', '/leaving/ghosts?limit=2');
    expect(page).toMatchObject({ total: 4, next: '@_leaving_b:localhost' });
    // Counted are those that match, once.
    const some = await house.operate('GET', `/leaving/ghosts?limit=1&pattern=${encodeURIComponent('@_leaving_[ab]:')}`);
    expect(some).toMatchObject({ total: 2, next: '@_leaving_a:localhost' });
    const others = await house.operate('GET', '/leaving/ghosts?pattern=@_leaving_[ab]:&from=@_leaving_a:localhost');
    expect(others['total']).toBeUndefined();
    expect(others['ghosts']).toHaveLength(1);
    expect(await answered(house.operate('GET', '/leaving/ghosts?pattern='))).toBe('400 M_INVALID_PARAM');
    expect(page['ghosts']).toMatchObject([
      { user_id: '@_leaving_a:localhost', rooms: 1, deactivated: false },
      { user_id: '@_leaving_b:localhost' },
    ]);

    expect(await cleanUp('leaving', { action: 'leave', pattern: '@_leaving_a:' })).toEqual({ done: 1, seen: 4 });
    expect(await members(room)).toEqual([alice.userId, ...ghosts.slice(1)].sort());
    expect(await cleanUp('leaving', { action: 'aliases' })).toEqual({ done: 1, seen: 1 });
    const resolved = request(house.base, 'GET', `${v3}/directory/room/${encodeURIComponent(alias)}`);
    expect(await answered(resolved)).toBe('404 M_NOT_FOUND');
    expect(await cleanUp('leaving', { action: 'deactivate', limit: 2 })).toEqual({
      done: 2,
      seen: 2,
      next: '@_leaving_b:localhost',
    });
    expect(await cleanUp('leaving', { action: 'deactivate', limit: 2, from: '@_leaving_b:localhost' })).toMatchObject({
      done: 2,
      seen: 2,
    });
    expect(await members(room)).toEqual([alice.userId]);
    await add(registrationText('leaving'));
    expect(await whoIs(house.base, 'as-leaving', ghosts[1])).toMatch(/^403/);
    expect(await answered(cleanUp('leaving', { action: 'explode' }))).toMatch(/^400/);
    for (const pattern of ['(', ''])
      expect(await answered(cleanUp('leaving', { action: 'leave', pattern }))).toBe('400 M_INVALID_PARAM');
  });

  it('keeps the ghosts of a file that was deleted', async () => {
    const file = writeRegistration(house, 'deleted');
    await expect.poll(() => whoIs(house.base, 'as-deleted')).toBe('@_deleted_bot:localhost');
    await ghost(house.base, 'as-deleted', '_deleted_a');
    expect(await answered(house.operate('DELETE', '/deleted'))).toBe('403 M_FORBIDDEN');
    rmSync(file);
    await expect.poll(() => whoIs(house.base, 'as-deleted')).toBe('401 M_UNKNOWN_TOKEN');
    expect((await house.operate('GET', ''))['removed']).toContain('deleted');
    writeRegistration(house, 'deleted');
    await expect.poll(() => whoIs(house.base, 'as-deleted', '@_deleted_a:localhost')).toBe('@_deleted_a:localhost');
  });
});

describe('an application service that comes back', () => {
  const setBack = (id: string) => ({
    name: `test.set_back_${id}`,
    text: `insert into appservice_cursors (appservice_id, position, next_txn_id, counted_at, counted_for, began_at)
      values ('${id}', 1, 1, 1, '', 1) on conflict (appservice_id) do update set position = 1`,
  });
  const inRoom = async (id: string) => {
    const room = await createRoom(alice.token);
    const bob = encodeURIComponent(await ghost(house.base, `as-${id}`, `_${id}_bob`));
    const join = `${v3}/join/${encodeURIComponent(room)}?user_id=${bob}`;
    await request(house.base, 'POST', join, { token: `as-${id}`, body: {} });
    return room;
  };
  const bodies = (service: AppserviceDouble) =>
    service.events.flatMap(({ content }) => (typeof content['body'] === 'string' ? [content['body']] : []));

  it('begins at its adding, whatever a process that had not heard of its removal has written', async () => {
    const service = new AppserviceDouble();
    const url = await service.listen();
    await add(registrationText('again', { url }));
    const room = await inRoom('again');
    await house.operate('DELETE', '/again');
    await house.database.db.query(setBack('again'));
    await send(alice.token, room, 'while it was away');
    await add(registrationText('again', { url }));
    await send(alice.token, room, 'back');
    await service.until(() => bodies(service).includes('back'));
    expect(bodies(service)).toEqual(['back']);
    await service.close();
  });

  it('begins when its file is back', async () => {
    const service = new AppserviceDouble();
    const url = await service.listen();
    const file = writeRegistration(house, 'refiled', { url });
    await expect.poll(() => whoIs(house.base, 'as-refiled')).toBe('@_refiled_bot:localhost');
    const room = await inRoom('refiled');
    rmSync(file);
    await expect.poll(() => whoIs(house.base, 'as-refiled')).toBe('401 M_UNKNOWN_TOKEN');
    await send(alice.token, room, 'while it was away');
    writeRegistration(house, 'refiled', { url });
    await expect.poll(() => whoIs(house.base, 'as-refiled')).toBe('@_refiled_bot:localhost');
    await send(alice.token, room, 'back');
    await service.until(() => bodies(service).includes('back'));
    expect(bodies(service)).toEqual(['back']);
    await service.close();
  });
});

describe('a sender that was ended after its application service was removed', () => {
  it.each(['deactivate', 'purge'])(
    'by %s lives again when it is added again, under its own id alone',
    async (action) => {
      const id = `ended-${action}`;
      const text = registrationText(id);
      await add(text);
      await house.operate('DELETE', `/${id}`);
      expect(await cleanUp(id, { action })).toMatchObject({ done: 1 });
      const sender = `_${id}_bot`;
      await expect(add(registrationText(`${id}-other`, { sender_localpart: sender }))).rejects.toThrow(
        /sender_localpart: makes it act as @_ended-\w+_bot:localhost, an account that was deactivated/,
      );
      await add(text);
      expect(await whoIs(house.base, `as-${id}`)).toBe(`@${sender}:localhost`);
      await createRoom(`as-${id}`);
    },
  );

  it('lives again when its file is back', async () => {
    const file = writeRegistration(house, 'ended-file');
    await expect.poll(() => whoIs(house.base, 'as-ended-file')).toBe('@_ended-file_bot:localhost');
    rmSync(file);
    await expect.poll(() => whoIs(house.base, 'as-ended-file')).toBe('401 M_UNKNOWN_TOKEN');
    expect(await cleanUp('ended-file', { action: 'deactivate' })).toMatchObject({ done: 1 });
    writeRegistration(house, 'ended-file');
    await expect.poll(() => whoIs(house.base, 'as-ended-file')).toBe('@_ended-file_bot:localhost');
  });
});

describe('ghosts that are purged', () => {
  it('are gone with profile, devices and memberships, and may be registered anew; the sender is left alone', async () => {
    await add(registrationText('purged'));
    const bob = await ghost(house.base, 'as-purged', '_purged_bob');
    await ghost(house.base, 'as-purged', '_purged_eve');
    const query = `?user_id=${encodeURIComponent(bob)}`;
    const profile = `${v3}/profile/${encodeURIComponent(bob)}/displayname`;
    await request(house.base, 'PUT', `${profile}${query}`, { token: 'as-purged', body: { displayname: 'Bob' } });
    const login = { type: 'm.login.application_service', identifier: { type: 'm.id.user', user: bob } };
    const { access_token: session } = await request(house.base, 'POST', `${v3}/login`, {
      token: 'as-purged',
      body: login,
    });
    const room = await createRoom('as-purged', query);
    const done = await house.operate('POST', '/purged/clean_up', { action: 'purge', pattern: '@_purged_b.*' });
    expect(done).toEqual({ done: 1, seen: 3 });
    expect(await whoIs(house.base, 'as-purged', bob)).toBe('403 M_FORBIDDEN');
    expect(await whoIs(house.base, String(session))).toBe('401 M_UNKNOWN_TOKEN');
    expect((await house.operate('GET', '/purged/ghosts'))['ghosts']).toMatchObject([
      { user_id: '@_purged_bot:localhost', sender: true },
      { user_id: '@_purged_eve:localhost' },
    ]);
    expect(await ghost(house.base, 'as-purged', '_purged_bob')).toBe(bob);
    expect(await answered(request(house.base, 'GET', profile, { token: alice.token }), 'displayname')).toBe(
      'undefined',
    );
    const rooms = await request(house.base, 'GET', `${v3}/joined_rooms${query}`, { token: 'as-purged' });
    expect(rooms['joined_rooms']).not.toContain(room);
  });

  it('are not among the users of the server unless they are asked for', async () => {
    const users = async (query: string) =>
      (
        (await request(house.base, 'GET', `/_pons/admin/v1/users${query}`, { token: house.admin }))['users'] as {
          user_id: string;
          appservice_id: string | null;
        }[]
      ).map((user) => `${user.user_id} ${user.appservice_id}`);
    expect(await users('')).toEqual(['@alice:localhost null', '@root:localhost null']);
    expect(await users('?ghosts=true&limit=1000')).toContain('@_purged_eve:localhost purged');
    expect(await users('?limit=1&from=@alice:localhost')).toEqual(['@root:localhost null']);
  });
});

describe('another process on the same database', () => {
  it('follows what is added, rotated, deactivated and removed here', async () => {
    const other = await registryHouse({ beside: house });
    const there = (token: string, userId?: string) => whoIs(other.base, token, userId);
    await add(registrationText('shared'));
    await expect.poll(() => there('as-shared')).toBe('@_shared_bot:localhost');
    const bob = await ghost(house.base, 'as-shared', '_shared_bob');
    expect(await there('as-shared', bob)).toBe(bob);
    const { as_token: token } = await house.operate('POST', '/shared/rotate', {});
    await expect.poll(() => there(String(token))).toBe('@_shared_bot:localhost');
    expect(await there('as-shared')).toBe('@_shared_bot:localhost');
    const deactivate = `${v3}/account/deactivate?user_id=${encodeURIComponent(bob)}`;
    await request(house.base, 'POST', deactivate, { token: String(token), body: {} });
    await expect.poll(() => there(String(token), bob)).toMatch(/^403/);
    await house.operate('DELETE', '/shared');
    await expect.poll(() => there(String(token))).toBe('401 M_UNKNOWN_TOKEN');
    await other.stop();
  });
});
