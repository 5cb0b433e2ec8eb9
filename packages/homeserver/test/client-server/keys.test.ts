// Publishing, querying and claiming keys, cross-signing and what /sync tells of it all, over HTTP against two processes on one database.
// https://spec.matrix.org/v1.19/client-server-api/#end-to-end-encryption
import type { JsonObject } from '@pons/spec';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  crossSigning,
  deviceKeys,
  type KeyServers,
  keyServers,
  oneTimeKey,
  password,
  type Person,
  refusal,
  signed,
  signingKey,
  type SyncBody,
} from './keys-fixture.ts';

let servers: KeyServers;
beforeAll(async () => {
  servers = await keyServers(2);
});
afterAll(() => servers.end());

const upload = (person: Pick<Person, 'token'>, body: object) =>
  servers.call<{ one_time_key_counts: JsonObject }>('POST', '/keys/upload', { token: person.token, body });
const query = (viewer: Person, ...users: Person[]) =>
  servers.call<Record<string, Record<string, JsonObject>>>('POST', '/keys/query', {
    token: viewer.token,
    body: { device_keys: Object.fromEntries(users.map(({ userId }) => [userId, []])) },
  });
const sync = (person: Pick<Person, 'token'>, since?: string, more = '', process = 0) =>
  servers.call<SyncBody>('GET', `/sync?${since === undefined ? '' : `since=${since}&`}${more}`, {
    token: person.token,
    process,
    timeoutMs: 70_000,
  });
const claim = (by: Person, of: Person, process = 0) =>
  servers
    .call<{ one_time_keys: Record<string, Record<string, JsonObject>> }>('POST', '/keys/claim', {
      token: by.token,
      body: { one_time_keys: { [of.userId]: { [of.deviceId]: 'signed_curve25519' } } },
      process,
    })
    .then(({ one_time_keys: keys }) => Object.keys(keys[of.userId]?.[of.deviceId] ?? {}));
const signingUpload = (person: Pick<Person, 'token'>, body: object) =>
  servers.call('POST', '/keys/device_signing/upload', { token: person.token, body });

async function room(creator: Person, ...others: Person[]): Promise<string> {
  const { room_id: roomId } = await servers.call<{ room_id: string }>('POST', '/createRoom', {
    token: creator.token,
    body: { preset: 'public_chat' },
  });
  for (const { token } of others) await servers.call('POST', `/join/${roomId}`, { token, body: {} });
  return roomId;
}

describe('identity keys', () => {
  it('come back as they were uploaded, with the name of the device beside them', async () => {
    const [alice, bob] = [await servers.person('alice'), await servers.person('bob')];
    const keys = deviceKeys(bob, signingKey(bob.deviceId));
    await upload(bob, { device_keys: { ...keys, unsigned: { device_display_name: 'a lie' } } });
    const body = { display_name: 'phone' };
    await servers.call('PUT', `/devices/${bob.deviceId}`, { token: bob.token, body });
    const { device_keys: found, failures } = await query(alice, bob);
    expect(found?.[bob.userId]?.[bob.deviceId]).toEqual({ ...keys, unsigned: { device_display_name: 'phone' } });
    expect(failures).toEqual({});
  });

  it('of a user without any are an empty map, those of an unknown user or device are missing, another server is a failure', async () => {
    const [alice, bob] = [await servers.person('alice'), await servers.person('bob')];
    const device_keys = { [bob.userId]: ['NONE'], '@nobody:localhost': [], '@far:elsewhere.example': [] };
    const found = await servers.call<Record<string, JsonObject>>('POST', '/keys/query', {
      token: alice.token,
      body: { device_keys, timeout: 1 },
    });
    expect(found['device_keys']).toEqual({ [bob.userId]: {} });
    expect(Object.keys(found['failures'] ?? {})).toEqual(['elsewhere.example']);
  });

  it('that take the place of others take their signatures away, and a renamed device is told of', async () => {
    const [alice, bob] = [await servers.person('alice'), await servers.person('bob')];
    await room(alice, bob);
    const { upload: cross, selfSigning } = crossSigning(bob.userId);
    await signingUpload(bob, cross);
    const device = deviceKeys(bob, signingKey(bob.deviceId));
    await upload(bob, { device_keys: device });
    const body = { [bob.userId]: { [bob.deviceId]: signed(device, bob.userId, selfSigning) } };
    await servers.call('POST', '/keys/signatures/upload', { token: bob.token, body });
    const signersOf = async () => {
      const found = (await query(alice, bob))['device_keys']?.[bob.userId]?.[bob.deviceId] as JsonObject;
      return Object.keys((found['signatures'] as JsonObject)[bob.userId] as JsonObject);
    };
    expect(await signersOf()).toEqual([`ed25519:${bob.deviceId}`, selfSigning.keyId]);
    await upload(bob, { device_keys: deviceKeys(bob, signingKey(bob.deviceId)) });
    expect(await signersOf()).toEqual([`ed25519:${bob.deviceId}`]);
    const { next_batch: since } = await sync(alice);
    await servers.call('PUT', `/devices/${bob.deviceId}`, { token: bob.token, body: { display_name: 'new' } });
    expect((await sync(alice, since)).device_lists?.changed).toEqual([bob.userId]);
  });

  it('that are uploaded again unchanged tell nobody', async () => {
    const bob = await servers.person('bob');
    const keys = { device_keys: deviceKeys(bob, signingKey(bob.deviceId)) };
    await upload(bob, keys);
    const { next_batch: since } = await sync(bob);
    await upload(bob, keys);
    expect((await sync(bob, since)).device_lists).toBeUndefined();
  });
});

describe('one-time keys', () => {
  it('are handed out once each, in the order of their uploads, by whichever process; then the fallback key, as often as asked', async () => {
    const [alice, bob] = [await servers.person('alice'), await servers.person('bob')];
    const first = { 'signed_curve25519:Z': oneTimeKey('z') };
    const second = { 'signed_curve25519:A': oneTimeKey('a') };
    expect((await upload(bob, { one_time_keys: first })).one_time_key_counts).toEqual({ signed_curve25519: 1 });
    await upload(bob, { one_time_keys: second, fallback_keys: { 'signed_curve25519:F': oneTimeKey('f') } });
    const before = await sync(bob);
    expect(before.device_one_time_keys_count).toEqual({ signed_curve25519: 2 });
    expect(before.device_unused_fallback_key_types).toEqual(['signed_curve25519']);
    const claimed: string[][] = [];
    for (const process of [0, 1, 0, 1]) claimed.push(await claim(alice, bob, process));
    expect(claimed.flat()).toEqual(['Z', 'A', 'F', 'F'].map((id) => `signed_curve25519:${id}`));
    const after = await sync(bob, before.next_batch, 'timeout=1');
    expect(after.device_one_time_keys_count).toEqual({});
    expect(after.device_unused_fallback_key_types).toEqual([]);
  });

  it('that were handed out do not come back when their upload is repeated', async () => {
    const [alice, bob] = [await servers.person('alice'), await servers.person('bob')];
    const body = { one_time_keys: { 'signed_curve25519:A': oneTimeKey('a') } };
    await upload(bob, body);
    expect(await claim(alice, bob)).toEqual(['signed_curve25519:A']);
    expect((await upload(bob, body)).one_time_key_counts).toEqual({});
    expect(await claim(alice, bob)).toEqual([]);
  });

  it('of another content under a name that waits are refused with all that came along; the same again is not', async () => {
    const bob = await servers.person('bob');
    const body = { one_time_keys: { 'signed_curve25519:A': oneTimeKey('a') } };
    await upload(bob, body);
    await upload(bob, body);
    const other = { 'signed_curve25519:A': oneTimeKey('b'), 'signed_curve25519:B': oneTimeKey('b') };
    const keys = deviceKeys(bob, signingKey(bob.deviceId));
    expect(await refusal(upload(bob, { one_time_keys: other, device_keys: keys }))).toBe('400 M_INVALID_PARAM');
    expect((await upload(bob, {})).one_time_key_counts).toEqual({ signed_curve25519: 1 });
    expect((await query(bob, bob))['device_keys']?.[bob.userId]).toEqual({});
  });

  it('a fallback key in the spelling from before the specification is one; a new one counts as unused, the same again does not', async () => {
    const [alice, bob] = [await servers.person('alice'), await servers.person('bob')];
    const unused = async () => (await sync(bob)).device_unused_fallback_key_types;
    const old = { 'org.matrix.msc2732.fallback_keys': { 'signed_curve25519:F': oneTimeKey('f') } };
    await upload(bob, old);
    expect(await claim(alice, bob)).toEqual(['signed_curve25519:F']);
    await upload(bob, old);
    expect(await unused()).toEqual([]);
    await upload(bob, { fallback_keys: { 'signed_curve25519:G': oneTimeKey('g') } });
    expect(await unused()).toEqual(['signed_curve25519']);
    expect(await claim(alice, bob)).toEqual(['signed_curve25519:G']);
  });
});

describe('device lists', () => {
  it('wake a client that waits, in another process too, and name only people in its rooms', async () => {
    const [alice, bob, carol] = [
      await servers.person('alice'),
      await servers.person('bob'),
      await servers.person('carol'),
    ];
    await room(alice, bob);
    const { next_batch: since } = await sync(alice);
    const waiting = [0, 1].map((process) => sync(alice, since, 'timeout=60000&set_presence=offline', process));
    await upload(carol, { device_keys: deviceKeys(carol, signingKey(carol.deviceId)) });
    await upload(bob, { device_keys: deviceKeys(bob, signingKey(bob.deviceId)) });
    for (const response of await Promise.all(waiting)) {
      expect(response.device_lists).toEqual({ changed: [bob.userId], left: [] });
    }
  });

  it('say nothing to others of a new device that has published no keys, and tell the other devices of its user', async () => {
    const [alice, bob] = [await servers.person('alice'), await servers.person('bob')];
    await room(alice, bob);
    const [since, own] = [(await sync(alice)).next_batch, (await sync(bob)).next_batch];
    const user = { type: 'm.id.user', user: bob.userId };
    await servers.call('POST', '/login', { body: { type: 'm.login.password', identifier: user, password } });
    expect((await sync(bob, own)).device_lists?.changed).toEqual([bob.userId]);
    expect((await sync(alice, since)).device_lists).toBeUndefined();
  });

  it('name who comes to share a room and who shares none any more, and nobody whose profile changed', async () => {
    const [alice, bob, carol] = [
      await servers.person('alice'),
      await servers.person('bob'),
      await servers.person('carol'),
    ];
    const [one, two] = [await room(alice, carol), await room(alice, carol)];
    const start = (await sync(alice)).next_batch;
    await servers.call('POST', `/join/${one}`, { token: bob.token, body: {} });
    await servers.call('PUT', `/profile/${carol.userId}/displayname`, {
      token: carol.token,
      body: { displayname: 'C' },
    });
    const joined = await sync(alice, start);
    expect(joined.device_lists).toEqual({ changed: [bob.userId], left: [] });
    await servers.call('POST', `/rooms/${one}/leave`, { token: carol.token, body: {} });
    const stillShared = await sync(alice, joined.next_batch);
    expect(stillShared.device_lists).toBeUndefined();
    await servers.call('POST', `/rooms/${two}/leave`, { token: carol.token, body: {} });
    const left = await sync(alice, stillShared.next_batch);
    expect(left.device_lists).toEqual({ changed: [], left: [carol.userId] });
    const between = await servers.call('GET', `/keys/changes?from=${start}&to=${left.next_batch}`, {
      token: alice.token,
    });
    expect(between).toEqual({ changed: [bob.userId], left: [carol.userId] });
  });

  it('name all others when the client enters or leaves a room itself, and when a room becomes encrypted', async () => {
    const [alice, bob] = [await servers.person('alice'), await servers.person('bob')];
    const roomId = await room(bob);
    const start = (await sync(alice)).next_batch;
    await servers.call('POST', `/join/${roomId}`, { token: alice.token, body: {} });
    const entered = await sync(alice, start);
    expect(entered.device_lists).toEqual({ changed: [bob.userId], left: [] });
    const content = { algorithm: 'm.megolm.v1.aes-sha2' };
    await servers.call('PUT', `/rooms/${roomId}/state/m.room.encryption/`, { token: bob.token, body: content });
    const encrypted = await sync(alice, entered.next_batch);
    expect(encrypted.device_lists).toEqual({ changed: [bob.userId], left: [] });
    await servers.call('POST', `/rooms/${roomId}/leave`, { token: alice.token, body: {} });
    expect((await sync(alice, encrypted.next_batch)).device_lists).toEqual({ changed: [], left: [bob.userId] });
  });

  it('tell of a device that is gone with its keys, its signatures and the messages that waited for it', async () => {
    const [alice, bob] = [await servers.person('alice'), await servers.person('bob')];
    await room(alice, bob);
    await upload(bob, {
      device_keys: deviceKeys(bob, signingKey(bob.deviceId)),
      one_time_keys: { 'signed_curve25519:A': oneTimeKey('a') },
    });
    const { next_batch: since } = await sync(alice);
    await servers.call('POST', '/logout', { token: bob.token });
    expect((await sync(alice, since)).device_lists).toEqual({ changed: [bob.userId], left: [] });
    expect((await query(alice, bob))['device_keys']?.[bob.userId]).toEqual({});
    expect(await claim(alice, bob)).toEqual([]);
  });
});

describe('cross-signing', () => {
  it('takes the first keys without a password, the same again too, and others only with it', async () => {
    const bob = await servers.person('bob');
    const { upload: keys } = crossSigning(bob.userId);
    await signingUpload(bob, keys);
    await signingUpload(bob, keys);
    const { upload: others } = crossSigning(bob.userId);
    expect(await refusal(signingUpload(bob, others))).toMatch(/^401/);
    const auth = { type: 'm.login.password', identifier: { type: 'm.id.user', user: bob.userId }, password };
    await signingUpload(bob, { ...others, auth });
    expect((await query(bob, bob))['master_keys']?.[bob.userId]).toEqual(others.master_key);
  });

  it('shows the user-signing key to its owner alone', async () => {
    const [alice, bob] = [await servers.person('alice'), await servers.person('bob')];
    const { upload: keys } = crossSigning(bob.userId);
    await signingUpload(bob, keys);
    const seen = (found: Record<string, JsonObject>) =>
      ['master_keys', 'self_signing_keys', 'user_signing_keys'].map((kind) => found[kind]?.[bob.userId]);
    expect(seen(await query(bob, bob))).toEqual([keys.master_key, keys.self_signing_key, keys.user_signing_key]);
    expect(seen(await query(alice, bob))).toEqual([keys.master_key, keys.self_signing_key, undefined]);
  });

  it('adds valid signatures: of a device for everybody, of another person for their signer, who hears of it', async () => {
    const [alice, bob, carol] = [
      await servers.person('alice'),
      await servers.person('bob'),
      await servers.person('carol'),
    ];
    const [keysOfAlice, keysOfBob] = [crossSigning(alice.userId), crossSigning(bob.userId)];
    const bobsDevice = deviceKeys(bob, signingKey(bob.deviceId));
    await upload(bob, { device_keys: bobsDevice });
    await signingUpload(bob, keysOfBob.upload);
    await signingUpload(alice, keysOfAlice.upload);
    const sign = async (person: Person, body: object) =>
      (await servers.call('POST', '/keys/signatures/upload', { token: person.token, body }))['failures'];
    const byBob = signed(bobsDevice, bob.userId, keysOfBob.selfSigning);
    expect(await sign(bob, { [bob.userId]: { [bob.deviceId]: byBob } })).toEqual({});
    const { next_batch: since } = await sync(alice);
    const ofBob = signed(keysOfBob.upload.master_key, alice.userId, keysOfAlice.userSigning);
    expect(await sign(alice, { [bob.userId]: { [keysOfBob.master.publicKey]: ofBob } })).toEqual({});
    expect((await sync(alice, since)).device_lists?.changed).toEqual([bob.userId]);
    const seen = async (viewer: Person) => {
      const { device_keys: devices, master_keys: masters } = await query(viewer, bob);
      const device = devices?.[bob.userId]?.[bob.deviceId] as JsonObject;
      return [device['signatures'], masters?.[bob.userId]?.['signatures']];
    };
    expect(await seen(alice)).toEqual([byBob['signatures'], ofBob['signatures']]);
    expect(await seen(carol)).toEqual([byBob['signatures'], undefined]);
  });

  it('names signatures that it refuses: forged, by a key that may not, of a key that is not there or not that one', async () => {
    const [alice, bob] = [await servers.person('alice'), await servers.person('bob')];
    const [keysOfAlice, keysOfBob] = [crossSigning(alice.userId), crossSigning(bob.userId)];
    const device = deviceKeys(alice, signingKey(alice.deviceId));
    await upload(alice, { device_keys: device });
    await signingUpload(alice, keysOfAlice.upload);
    await signingUpload(bob, keysOfBob.upload);
    const forged = {
      ...device,
      signatures: { [alice.userId]: { [keysOfAlice.selfSigning.keyId]: 'A'.repeat(86) } },
    };
    const altered = signed({ ...device, algorithms: [] }, alice.userId, keysOfAlice.selfSigning);
    const master = keysOfBob.upload.master_key;
    const cases: [string, string, string, JsonObject][] = [
      ['M_INVALID_SIGNATURE', alice.userId, alice.deviceId, forged],
      ['M_INVALID_SIGNATURE', alice.userId, alice.deviceId, altered],
      ['M_INVALID_SIGNATURE', alice.userId, alice.deviceId, signed(device, alice.userId, keysOfAlice.userSigning)],
      [
        'M_INVALID_SIGNATURE',
        bob.userId,
        keysOfBob.master.publicKey,
        signed(master, alice.userId, keysOfAlice.selfSigning),
      ],
      ['M_NOT_FOUND', alice.userId, 'NODEVICE', signed(device, alice.userId, keysOfAlice.selfSigning)],
    ];
    for (const [errcode, userId, keyId, object] of cases) {
      const body = { [userId]: { [keyId]: object } };
      const { failures } = await servers.call<{ failures: Record<string, Record<string, JsonObject>> }>(
        'POST',
        '/keys/signatures/upload',
        { token: alice.token, body },
      );
      expect(failures[userId]?.[keyId]?.['errcode']).toBe(errcode);
    }
    expect((await query(alice, alice))['device_keys']?.[alice.userId]?.[alice.deviceId]).toMatchObject({
      signatures: device['signatures'],
    });
  });

  it('refuses a signature of somebody who has published nothing, and stores nothing', async () => {
    const { userId, deviceId, token } = await servers.person('nobody');
    const signatures = { [userId]: { 'ed25519:bad': 'AAAA' } };
    const body = { [userId]: { [deviceId]: { user_id: userId, device_id: deviceId, signatures } } };
    const { failures } = await servers.call<{ failures: Record<string, Record<string, JsonObject>> }>(
      'POST',
      '/keys/signatures/upload',
      { token, body },
    );
    expect(failures[userId]?.[deviceId]?.['errcode']).toBe('M_INVALID_SIGNATURE');
  });

  it('ends with the account, as its backups do', async () => {
    const [alice, bob] = [await servers.person('alice'), await servers.person('bob')];
    await signingUpload(bob, crossSigning(bob.userId).upload);
    await servers.call('POST', '/room_keys/version', {
      token: bob.token,
      body: { algorithm: 'm.megolm_backup.v1.curve25519-aes-sha2', auth_data: {} },
    });
    const auth = { type: 'm.login.password', identifier: { type: 'm.id.user', user: bob.userId }, password };
    await servers.call('POST', '/account/deactivate', { token: bob.token, body: { auth } });
    expect((await query(alice, bob))['master_keys']).toEqual({});
    const text = 'select version from key_backups where user_id = $1';
    expect(await servers.database.db.query({ name: 'test.backups', text }, [bob.userId])).toEqual([]);
  });
});

describe('an application service', () => {
  it('makes a device of a ghost, publishes its keys and cross-signing keys again and again, and deletes it, without a password', async () => {
    const { asToken: token } = servers;
    const user = '@_irc_ghost:localhost';
    const as = `user_id=${encodeURIComponent(user)}`;
    await servers.call('POST', '/register', {
      token,
      body: { type: 'm.login.application_service', username: '_irc_ghost', inhibit_login: true },
    });
    const asked = (method: string, where: string, body: object) => servers.call(method, where, { token, body });
    await asked('PUT', `/devices/GHOST?${as}`, { display_name: 'bridge' });
    const ghost = { userId: user, deviceId: 'GHOST', token };
    const keys = deviceKeys(ghost, signingKey('GHOST'));
    const one_time_keys = { 'signed_curve25519:A': oneTimeKey('a') };
    await asked('POST', `/keys/upload?${as}&device_id=GHOST`, { device_keys: keys, one_time_keys });
    expect(await refusal(asked('POST', `/keys/upload?${as}`, { device_keys: keys }))).toBe('400 M_UNKNOWN_DEVICE');
    for (let round = 0; round < 2; round += 1) {
      await asked('POST', `/keys/device_signing/upload?${as}`, crossSigning(user).upload);
    }
    const response = await servers.call<SyncBody>('GET', `/sync?${as}&device_id=GHOST`, { token });
    expect(response.device_one_time_keys_count).toEqual({ signed_curve25519: 1 });
    const alice = await servers.person('alice');
    expect((await query(alice, ghost))['device_keys']?.[user]).toHaveProperty('GHOST');
    await asked('DELETE', `/devices/GHOST?${as}`, {});
    expect((await query(alice, ghost))['device_keys']?.[user]).toEqual({});
  });
});

describe('refusals', () => {
  const upTo = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, n) => [`signed_curve25519:${n}`, oneTimeKey(`${n}`)]));
  const algorithms = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`a${n}:F`, 'key']));
  const base = { user_id: 'USER', device_id: 'DEVICE', algorithms: [], keys: {}, signatures: {} };
  const own = { user_id: 'USER', usage: ['master'], keys: { [`ed25519:${'A'.repeat(43)}`]: 'A'.repeat(43) } };
  // USER and DEVICE stand for those of the requester.
  const cases: [claim: string, method: string, where: string, body: unknown, expected: string][] = [
    [
      'keys of another user',
      'POST',
      '/keys/upload',
      { device_keys: { ...base, user_id: '@other:localhost' } },
      '400 M_INVALID_PARAM',
    ],
    [
      'keys of another device',
      'POST',
      '/keys/upload',
      { device_keys: { ...base, device_id: 'OTHER' } },
      '400 M_INVALID_PARAM',
    ],
    ['keys that are no object', 'POST', '/keys/upload', { device_keys: [] }, '400 M_BAD_JSON'],
    [
      'keys without algorithms',
      'POST',
      '/keys/upload',
      { device_keys: { ...base, algorithms: undefined } },
      '400 M_BAD_JSON',
    ],
    [
      'algorithms that are no list',
      'POST',
      '/keys/upload',
      { device_keys: { ...base, algorithms: 'x' } },
      '400 M_BAD_JSON',
    ],
    [
      'a key that is named as another device',
      'POST',
      '/keys/upload',
      { device_keys: { ...base, keys: { 'ed25519:OTHER': 'x' } } },
      '400 M_BAD_JSON',
    ],
    [
      'a key that is no text',
      'POST',
      '/keys/upload',
      { device_keys: { ...base, keys: { 'ed25519:DEVICE': 1 } } },
      '400 M_BAD_JSON',
    ],
    [
      'signatures that are no map',
      'POST',
      '/keys/upload',
      { device_keys: { ...base, signatures: { USER: 'x' } } },
      '400 M_BAD_JSON',
    ],
    [
      'a fraction, which cannot be signed',
      'POST',
      '/keys/upload',
      { device_keys: { ...base, n: 0.5 } },
      '400 M_BAD_JSON',
    ],
    [
      'keys of 100 KB',
      'POST',
      '/keys/upload',
      { device_keys: { ...base, more: 'x'.repeat(100_000) } },
      '413 M_TOO_LARGE',
    ],
    ['one-time keys that are no object', 'POST', '/keys/upload', { one_time_keys: [] }, '400 M_BAD_JSON'],
    ['a one-time key without an algorithm', 'POST', '/keys/upload', { one_time_keys: { AAAA: 'x' } }, '400 M_BAD_JSON'],
    [
      'a signed key that is text',
      'POST',
      '/keys/upload',
      { one_time_keys: { 'signed_curve25519:A': 'x' } },
      '400 M_BAD_JSON',
    ],
    [
      'a signed key without signatures',
      'POST',
      '/keys/upload',
      { one_time_keys: { 'signed_curve25519:A': { key: 'x' } } },
      '400 M_BAD_JSON',
    ],
    [
      'U+0000 in the name of a key',
      'POST',
      '/keys/upload',
      { one_time_keys: { 'curve25519:\0': 'x' } },
      '400 M_BAD_JSON',
    ],
    ['two fallback keys of an algorithm', 'POST', '/keys/upload', { fallback_keys: upTo(2) }, '400 M_INVALID_PARAM'],
    ['1,001 one-time keys', 'POST', '/keys/upload', { one_time_keys: upTo(1_001) }, '413 M_TOO_LARGE'],
    ['fallback keys of 21 algorithms', 'POST', '/keys/upload', { fallback_keys: algorithms(21) }, '413 M_TOO_LARGE'],
    ['a query for nothing', 'POST', '/keys/query', {}, '400 M_MISSING_PARAM'],
    [
      'a query whose devices are no list',
      'POST',
      '/keys/query',
      { device_keys: { '@a:localhost': 'x' } },
      '400 M_BAD_JSON',
    ],
    [
      'a query with a timeout below nothing',
      'POST',
      '/keys/query',
      { device_keys: {}, timeout: -1 },
      '400 M_INVALID_PARAM',
    ],
    ['a claim of nothing', 'POST', '/keys/claim', {}, '400 M_MISSING_PARAM'],
    [
      'a claim whose algorithm is no text',
      'POST',
      '/keys/claim',
      { one_time_keys: { '@a:localhost': { D: 1 } } },
      '400 M_BAD_JSON',
    ],
    ['changes from nowhere', 'GET', '/keys/changes?to=s1_1_1_1', undefined, '400 M_MISSING_PARAM'],
    [
      'changes from a token that is none',
      'GET',
      '/keys/changes?from=bogus&to=s1_1_1_1',
      undefined,
      '400 M_INVALID_PARAM',
    ],
    [
      'a self-signing key before any master key',
      'POST',
      '/keys/device_signing/upload',
      { self_signing_key: { ...own, usage: ['self_signing'] } },
      '400 M_MISSING_PARAM',
    ],
    [
      'a self-signing key that nobody signed',
      'POST',
      '/keys/device_signing/upload',
      { master_key: own, self_signing_key: { ...own, usage: ['self_signing'] } },
      '400 M_INVALID_SIGNATURE',
    ],
    [
      'a master key of another user',
      'POST',
      '/keys/device_signing/upload',
      { master_key: { ...own, user_id: '@other:localhost' } },
      '400 M_INVALID_PARAM',
    ],
    [
      'a master key of another usage',
      'POST',
      '/keys/device_signing/upload',
      { master_key: { ...own, usage: ['user_signing'] } },
      '400 M_INVALID_PARAM',
    ],
    [
      'a usage that is none',
      'POST',
      '/keys/device_signing/upload',
      { master_key: { ...own, usage: ['bogus'] } },
      '400 M_INVALID_PARAM',
    ],
    [
      'a master key that is not named as it is',
      'POST',
      '/keys/device_signing/upload',
      { master_key: { ...own, keys: { 'ed25519:x': 'y' } } },
      '400 M_INVALID_PARAM',
    ],
    [
      'two master keys in one',
      'POST',
      '/keys/device_signing/upload',
      { master_key: { ...own, keys: { ...own.keys, 'ed25519:x': 'x' } } },
      '400 M_INVALID_PARAM',
    ],
    ['signatures that are no map', 'POST', '/keys/signatures/upload', { '@a:localhost': [] }, '400 M_BAD_JSON'],
    ['messages to devices that are no map', 'PUT', '/sendToDevice/m.x/1', { messages: [] }, '400 M_BAD_JSON'],
    ['no messages to devices', 'PUT', '/sendToDevice/m.x/2', {}, '400 M_MISSING_PARAM'],
    ['a message that is text', 'PUT', '/sendToDevice/m.x/3', { messages: { USER: { '*': 'x' } } }, '400 M_BAD_JSON'],
    ['the presence of another', 'PUT', '/presence/@other:localhost/status', { presence: 'online' }, '403 M_FORBIDDEN'],
    ['a presence that is none', 'PUT', '/presence/USER/status', { presence: 'bored' }, '400 M_INVALID_PARAM'],
    ['no presence', 'PUT', '/presence/USER/status', {}, '400 M_MISSING_PARAM'],
    [
      'a status of 2,000 characters',
      'PUT',
      '/presence/USER/status',
      { presence: 'online', status_msg: 'x'.repeat(2_000) },
      '413 M_TOO_LARGE',
    ],
    ['the presence of a stranger', 'GET', '/presence/@other:localhost/status', undefined, '403 M_FORBIDDEN'],
  ];

  it.each(cases)('%s: %s %s', async (_claim, method, where, body, expected) => {
    const { userId, deviceId, token } = await servers.person('somebody');
    const fill = (text: string) => text.replaceAll('USER', userId).replaceAll('DEVICE', deviceId);
    const filled = body === undefined ? {} : { body: JSON.parse(fill(JSON.stringify(body))) as object };
    expect(await refusal(servers.call(method, fill(where), { token, ...filled }))).toBe(expected);
  });

  it('a cross-signing key that is named as a device of the user: 403 M_FORBIDDEN', async () => {
    const key = signingKey();
    const bob = await servers.person('bob');
    const { device_id: deviceId, access_token: token } = await servers.call<Record<string, string>>('POST', '/login', {
      body: {
        type: 'm.login.password',
        identifier: { type: 'm.id.user', user: bob.userId },
        password,
        device_id: key.publicKey,
      },
    });
    expect(deviceId).toBe(key.publicKey);
    const master = { user_id: bob.userId, usage: ['master'], keys: { [key.keyId]: key.publicKey } };
    expect(await refusal(signingUpload({ token: token ?? '' }, { master_key: master }))).toBe('403 M_FORBIDDEN');
  });
});
