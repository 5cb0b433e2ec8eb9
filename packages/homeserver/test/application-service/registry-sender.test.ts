// The user that an application service is itself, over HTTP: nobody's account becomes it, it cannot end itself, and one that ended lives
// again with its registration.
// https://spec.matrix.org/v1.19/application-service-api/#registration (`sender_localpart`)

import { request } from '@pons/testkit/requests';
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
beforeAll(async () => {
  house = await registryHouse({ registrations: { own: {} } });
});
afterAll(() => house.stop());

const add = (text: string, more: object = {}) => house.operate('POST', '', { registration: text, ...more });
const end = (token: string, query = '') =>
  answered(request(house.base, 'POST', `${v3}/account/deactivate${query}`, { token, body: {} }));
const deactivated = (userId: string) => ({
  name: `test.end ${userId}`,
  text: `update users set deactivated_ts = 1 where user_id = '${userId}'`,
});

describe('a sender', () => {
  it('is not ended by a call that forgot its user_id, and its users are', async () => {
    const userId = await ghost(house.base, 'as-own', '_own_gone');
    expect(await end('as-own')).toBe('403 M_FORBIDDEN');
    expect(await end('as-own', '?user_id=%40_own_bot%3Alocalhost')).toBe('403 M_FORBIDDEN');
    expect(await whoIs(house.base, 'as-own')).toBe('@_own_bot:localhost');
    expect(await end('as-own', `?user_id=${encodeURIComponent(userId)}`)).toBe('ok');
    expect(await whoIs(house.base, 'as-own', userId)).toBe('403 M_USER_DEACTIVATED');
  });

  it.each([
    ['after a restart', () => house.restart()],
    ['when its file changes', async () => void writeRegistration(house, 'own', { rate_limited: true })],
  ])('that ended under its registration lives again %s', async (_, again) => {
    await house.database.db.query(deactivated('@_own_bot:localhost'));
    await again();
    await expect.poll(() => whoIs(house.base, 'as-own')).toBe('@_own_bot:localhost');
  });

  it('is no account that is somebody’s, be it added live', async () => {
    const carol = await house.person('carol');
    const text = registrationText('taker', { sender_localpart: 'carol' });
    for (const dryRun of [true, false])
      await expect(add(text, { dry_run: dryRun })).rejects.toThrow(
        /sender_localpart: makes it act as @carol:localhost, which is somebody's account/,
      );
    expect(await whoIs(house.base, 'as-taker')).toBe('401 M_UNKNOWN_TOKEN');
    expect(await whoIs(house.base, carol.token)).toBe('@carol:localhost');
  });

  it('is no account that is somebody’s, be it from a file: that one is left out, and the others go on', async () => {
    await house.person('dave');
    writeRegistration(house, 'another-taker', { sender_localpart: 'dave' });
    writeRegistration(house, 'beside', {});
    await expect.poll(() => whoIs(house.base, 'as-beside')).toBe('@_beside_bot:localhost');
    expect(await whoIs(house.base, 'as-another-taker')).toBe('401 M_UNKNOWN_TOKEN');
    // One that runs goes on as it was.
    writeRegistration(house, 'own', { sender_localpart: 'dave' });
    writeRegistration(house, 'beside', { as_token: 'as-beside-changed' });
    await expect.poll(() => whoIs(house.base, 'as-beside-changed')).toBe('@_beside_bot:localhost');
    expect(await whoIs(house.base, 'as-own')).toBe('@_own_bot:localhost');
    await house.restart();
    expect(await whoIs(house.base, 'as-another-taker')).toBe('401 M_UNKNOWN_TOKEN');
    expect(await whoIs(house.base, 'as-beside-changed')).toBe('@_beside_bot:localhost');
  });

  it('goes over to the same application service under another id', async () => {
    await add(registrationText('before'));
    await house.operate('DELETE', '/before');
    await add(registrationText('after', { sender_localpart: '_before_bot' }));
    expect(await whoIs(house.base, 'as-after')).toBe('@_before_bot:localhost');
  });
});
