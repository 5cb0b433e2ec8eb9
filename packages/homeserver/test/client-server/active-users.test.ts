// Who is counted as using a server: people by their own sessions, and not what application services do, whomever they act as. As operators see
// it: the admin API, /metrics, and a limit.

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
} from '../application-service/registry-house.ts';

const dayMs = 86_400_000;
let house: RegistryHouse;
let alice: { userId: string; token: string };
beforeAll(async () => {
  house = await registryHouse();
  alice = await house.person('alice');
  await house.operate('POST', '', { registration: registrationText('irc', { pons: { double_puppet: true } }) });
});
afterAll(() => house.stop());

const counted = async () =>
  (await request(house.base, 'GET', '/_pons/admin/v1/statistics', { token: house.admin }))['active_users'];
const metrics = async () =>
  (await (await fetch(`${house.base}/metrics`)).text()).match(/^pons_active_users\{.*$/gm)?.toSorted();

describe('people who use the server', () => {
  it('are counted by their sessions, with those who only have an account left out', async () => {
    expect(await counted()).toEqual({ today: 1, yesterday: 0, month: 1 }); // the administrator who asks
    await whoIs(house.base, alice.token);
    expect(await counted()).toEqual({ today: 2, yesterday: 0, month: 2 });
    expect(await metrics()).toEqual([
      'pons_active_users{period="month"} 2',
      'pons_active_users{period="today"} 2',
      'pons_active_users{period="yesterday"} 0',
    ]);
  });

  it('are not the users of an application service, by its token or by sessions of their own', async () => {
    await ghost(house.base, 'as-irc', '_irc_bob');
    expect(await whoIs(house.base, 'as-irc', '@_irc_bob:localhost')).toBe('@_irc_bob:localhost');
    expect(await whoIs(house.base, 'as-irc')).toBe('@_irc_bot:localhost');
    const body = {
      type: 'm.login.application_service',
      identifier: { type: 'm.id.user', user: '_irc_bob' },
    };
    const { access_token } = await request(house.base, 'POST', `${v3}/login`, { token: 'as-irc', body });
    expect(await whoIs(house.base, String(access_token))).toBe('@_irc_bob:localhost');
    expect(await counted()).toEqual({ today: 2, yesterday: 0, month: 2 });
  });

  it('are not those for whom an application service speaks', async () => {
    const { token } = alice;
    await request(house.base, 'PUT', '/_pons/client/v1/appservice/consent/irc', { token, body: {} });
    house.aheadMs += dayMs;
    expect(await whoIs(house.base, 'as-irc', alice.userId)).toBe(alice.userId);
    expect(await counted()).toEqual({ today: 1, yesterday: 2, month: 2 });
    await whoIs(house.base, token);
    expect(await counted()).toEqual({ today: 2, yesterday: 2, month: 2 });
  });

  it('are still counted after a restart, which writes who was not written yet', async () => {
    const { userId, token } = await house.person('dora');
    await whoIs(house.base, token);
    await house.restart();
    expect(await counted()).toEqual({ today: 3, yesterday: 2, month: 3 });
    const auth = {
      type: 'm.login.password',
      identifier: { type: 'm.id.user', user: userId },
      password: 'password of dora',
    };
    await request(house.base, 'POST', `${v3}/account/deactivate`, { token, body: { auth } });
    expect(await counted()).toEqual({ today: 2, yesterday: 2, month: 2 }); // who has gone is counted no more
  });
});

describe('a limit on them', () => {
  let full: RegistryHouse;
  beforeAll(async () => {
    const limits = { monthly_active_users: { max: 2, admin_contact: 'mailto:root@localhost' } };
    full = await registryHouse({ config: { limits }, registrations: { irc: {} } });
  });
  afterAll(() => full.stop());

  it('refuses the next one with the specification’s code, and neither administrators nor application services', async () => {
    const [first, second, third] = [await full.person('p1'), await full.person('p2'), await full.person('p3')];
    for (const { userId, token } of [first, second]) expect(await whoIs(full.base, token)).toBe(userId);
    const sync = await fetch(`${full.base}${v3}/sync`, { headers: { authorization: `Bearer ${third.token}` } });
    expect([sync.status, await sync.json()]).toEqual([
      403,
      {
        errcode: 'M_RESOURCE_LIMIT_EXCEEDED',
        error: expect.any(String) as string,
        limit_type: 'monthly_active_user',
        admin_contact: 'mailto:root@localhost',
      },
    ]);
    await full.operate('GET', ''); // the administrator
    for (const name of ['_irc_a', '_irc_b', '_irc_c']) {
      const userId = await ghost(full.base, 'as-irc', name);
      expect(await whoIs(full.base, 'as-irc', userId)).toBe(userId);
    }
    expect(await whoIs(full.base, first.token)).toBe(first.userId);
    expect(await answered(request(full.base, 'POST', `${v3}/logout`, { token: third.token, body: {} }))).toBe('ok');
  });
});
