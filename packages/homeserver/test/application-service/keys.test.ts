// Keys that an application service keeps for itself: claimed and queried by people, over HTTP on both sides.
// https://github.com/matrix-org/matrix-spec-proposals/pull/3983 and 3984
import { AppserviceDouble } from '@pons/testkit/appservice';
import { registerUser, request } from '@pons/testkit/requests';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ghost, type RegistryHouse, registryHouse, v3 } from './registry-house.ts';

const claimPath = '/_matrix/app/unstable/org.matrix.msc3983/keys/claim';
const queryPath = '/_matrix/app/unstable/org.matrix.msc3984/keys/query';
const bob = '@_keeps_bob:localhost';
const keeps = new AppserviceDouble();
const other = new AppserviceDouble();
let house: RegistryHouse;
let alice: Awaited<ReturnType<typeof registerUser>>;

beforeAll(async () => {
  house = await registryHouse({
    appservices: { request_timeout_ms: 2_000 },
    registrations: {
      keeps: { url: await keeps.listen(), pons: { proxy_keys: true } },
      other: { url: await other.listen() },
    },
  });
  alice = await registerUser(house.base, 'alice');
  await ghost(house.base, 'as-keeps', '_keeps_bob');
  await ghost(house.base, 'as-other', '_other_eve');
});
afterAll(async () => {
  await house.stop();
  await keeps.close();
  await other.close();
});
beforeEach(() => {
  keeps.mode = 'ok';
});

const post = (path: string, body: unknown, token = alice.token) =>
  request(house.base, 'POST', v3 + path, { token, body });
const claim = (userId: string, token?: string) =>
  post('/keys/claim', { one_time_keys: { [userId]: { DEV: 'signed_curve25519' } } }, token);
const query = (userId: string, token?: string) => post('/keys/query', { device_keys: { [userId]: [] } }, token);
const asked = (double: AppserviceDouble, path: string) => double.requests.filter((seen) => seen.path === path);

describe('an application service that keeps keys for itself', () => {
  it('is asked for one-time keys, and only what was asked is taken of its answer', async () => {
    const key = { key: 'public', signatures: {} };
    keeps.answers.set(claimPath, {
      [bob]: { DEV: { 'curve25519:X': 'no', 'signed_curve25519:AAAA': key }, OTHER: { 'signed_curve25519:B': key } },
      '@alice:localhost': { DEV: { 'signed_curve25519:C': key } },
    });
    expect((await claim(bob))['one_time_keys']).toEqual({ [bob]: { DEV: { 'signed_curve25519:AAAA': key } } });
    const [seen] = asked(keeps, claimPath);
    expect([seen?.method, seen?.token, seen?.body]).toEqual([
      'POST',
      'hs-keeps',
      JSON.stringify({ [bob]: { DEV: ['signed_curve25519'] } }),
    ]);
  });

  it('is asked for devices and cross-signing keys, which must say whose they are', async () => {
    const device = { user_id: bob, device_id: 'DEV', algorithms: [], keys: {}, signatures: {} };
    const master = { user_id: bob, usage: ['master'], keys: {} };
    keeps.answers.set(queryPath, {
      device_keys: { [bob]: { DEV: device, WRONG: device }, '@alice:localhost': { X: device } },
      master_keys: { [bob]: master },
      self_signing_keys: { [bob]: { ...master, user_id: '@alice:localhost' } },
    });
    const answer = await query(bob);
    expect(answer['device_keys']).toEqual({ [bob]: { DEV: device } });
    expect(answer['master_keys']).toEqual({ [bob]: master });
    expect(answer['self_signing_keys']).toEqual({});
    expect(asked(keeps, queryPath).at(-1)?.body).toBe(JSON.stringify({ [bob]: [] }));
  });

  it.each(['constructor', '__proto__', 'toString'])(
    'is asked for keys of a device that is called %s',
    async (deviceId) => {
      const body = `{"one_time_keys":{"${bob}":{"${deviceId}":"signed_curve25519"}}}`;
      await post('/keys/claim', JSON.parse(body));
      const said = asked(keeps, claimPath).at(-1)?.body;
      expect(said).toBe(`{"${bob}":{"${deviceId}":["signed_curve25519"]}}`);
    },
  );

  it('is not asked on its own behalf, and no other is asked at all', async () => {
    const before = keeps.requests.length;
    await query(bob, 'as-keeps');
    await claim(bob, 'as-keeps');
    await query('@_other_eve:localhost');
    await claim('@_other_eve:localhost');
    expect(keeps.requests).toHaveLength(before);
    expect(other.requests.filter(({ path }) => path.includes('/keys/'))).toEqual([]);
  });

  it('is left alone for a while once it fails, and people get what is here', async () => {
    keeps.mode = 500;
    expect(await claim(bob)).toEqual({ one_time_keys: {}, failures: {} });
    expect((await query(bob))['device_keys']).toEqual({ [bob]: {} });
    const before = keeps.requests.length;
    for (let times = 0; times < 10; times++) await Promise.all([claim(bob), query(bob)]);
    expect(keeps.requests).toHaveLength(before);
  });
});
