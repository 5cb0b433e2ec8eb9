// Chapter Registering, logging in, devices: a service has full control over its users and needs no password, no captcha and no
// interactive authentication; people and other services have none.
// https://spec.matrix.org/v1.19/application-service-api/#server-admin-style-permissions

import { generateKeyPairSync } from 'node:crypto';
import { part } from '../../call.ts';
import { demand, Skipped, Unmet } from '../../outcome.ts';
import { asApi, expectAnswer, expectOk, type HomeserverCase, requestCases } from '../case.ts';
import type { World } from '../world.ts';

const permissions = asApi('server-admin-style-permissions');
const about = { chapter: 'Registering, logging in, devices', level: 'must', link: permissions } as const;
const v3 = '/_matrix/client/v3';
const type = 'm.login.application_service';

const registerWith = (world: World, token: string | undefined) =>
  world.call('POST', `${v3}/register`, {
    ...(token === undefined ? {} : { token }),
    body: { type, username: world.unique('_conf_'), inhibit_login: true },
  });
const loginWith = (world: World, user: string, token?: string) =>
  world.call('POST', `${v3}/login`, {
    ...(token === undefined ? {} : { token }),
    body: { type, identifier: { type: 'm.id.user', user } },
  });
const humanRegisters = async (world: World, username: string) => {
  const body = { username, password: 'a password of theirs', auth: { type: 'm.login.dummy' } };
  const answer = await world.call('POST', `${v3}/register`, { body });
  if (answer.status === 403 && answer.errcode === 'M_FORBIDDEN') throw new Skipped('registration of people is closed');
  return answer;
};

const refusals = requestCases({ ...about, rows: ['A3.1'] }, [
  {
    id: 'accounts/again',
    claim: 'a ghost that exists is M_USER_IN_USE',
    ask: async (world) => {
      const ghost = await world.ghost('main');
      return world.registerAs('main', ghost.replace(/^@([^:]*):.*$/, '$1'));
    },
    expected: ['400 M_USER_IN_USE'],
  },
  {
    id: 'accounts/outside',
    claim: 'a service cannot register users outside its namespaces',
    ask: (world) => world.registerAs('main', world.unique('elsewhere')),
    expected: ['400 M_EXCLUSIVE'],
  },
  {
    id: 'accounts/of-another',
    claim: 'a service cannot register users that are another’s alone',
    ask: (world) => world.registerAs('main', world.unique('_confb_')),
    expected: ['400 M_EXCLUSIVE'],
  },
  {
    id: 'accounts/human-inside',
    claim: 'people cannot register users of an exclusive namespace',
    ask: (world) => humanRegisters(world, world.unique('_conf_')),
    // Servers that let nobody begin with an underscore say that first.
    expected: ['400 M_EXCLUSIVE', '400 M_INVALID_USERNAME'],
    rows: ['A3.1', 'A1.9'],
  },
  {
    id: 'accounts/human-sender',
    claim: 'people cannot register the sender of a service',
    ask: (world) => humanRegisters(world, world.registration('third').senderLocalpart),
    expected: ['400 M_EXCLUSIVE', '400 M_USER_IN_USE'],
    rows: ['A1.5', 'A3.1'],
  },
  {
    id: 'accounts/register-no-token',
    claim: 'registering as a service without a token is 401 M_MISSING_TOKEN',
    ask: (world) => registerWith(world, undefined),
    expected: ['401 M_MISSING_TOKEN'],
    rows: ['A3.2'],
  },
  {
    id: 'accounts/register-unknown-token',
    claim: 'registering as a service with an unknown token is 401 M_UNKNOWN_TOKEN',
    ask: (world) => registerWith(world, 'nobody-has-this-token'),
    expected: ['401 M_UNKNOWN_TOKEN'],
    rows: ['A3.2'],
  },
  {
    id: 'accounts/register-hs-token',
    claim: 'the hs_token is no as_token',
    ask: (world) => registerWith(world, world.registration('main').hsToken),
    expected: ['401 M_UNKNOWN_TOKEN'],
    rows: ['A3.2'],
  },
  {
    id: 'accounts/register-human-token',
    claim: 'a person’s token registers nobody as a service',
    ask: async (world) => registerWith(world, (await world.person('alice')).token),
    expected: [401, 403],
    rows: ['A3.2'],
  },
]);

/** Servers without the older login API have no such endpoint, and then nothing of it can be asked. */
async function loginOffered(world: World): Promise<void> {
  const { status, json } = await world.call('GET', `${v3}/login`);
  const flows = Array.isArray(json['flows']) ? (json['flows'] as { type?: unknown }[]) : [];
  if (status !== 200) throw new Skipped('the server has no /login');
  if (!flows.some((flow) => flow.type === type)) throw new Unmet(`GET /login does not list ${type}`);
}

const logins = requestCases({ ...about, rows: ['A3.4'] }, [
  {
    id: 'accounts/login-outside',
    claim: 'a service cannot log in as somebody outside its namespaces',
    ask: async (world) => {
      await loginOffered(world);
      return loginWith(world, (await world.person('alice')).userId, world.registration('other').asToken);
    },
    expected: ['400 M_EXCLUSIVE', '403 M_EXCLUSIVE'],
  },
  {
    id: 'accounts/login-unregistered',
    claim: 'a service cannot log in as a ghost that is not registered',
    ask: async (world) => {
      await loginOffered(world);
      return loginWith(world, await world.userId(world.unique('_confb_')), world.registration('other').asToken);
    },
    expected: [400, 403, 404],
    rows: ['A3.4', 'A11.12'],
  },
  {
    id: 'accounts/login-no-token',
    claim: 'logging in as a service without a token is 401 M_MISSING_TOKEN',
    ask: async (world) => {
      await loginOffered(world);
      return loginWith(world, await world.ghost('other'));
    },
    expected: ['401 M_MISSING_TOKEN'],
    rows: ['A3.2', 'A3.4'],
  },
  {
    id: 'accounts/login-unknown-token',
    claim: 'logging in as a service with an unknown token is 401 M_UNKNOWN_TOKEN',
    ask: async (world) => {
      await loginOffered(world);
      return loginWith(world, await world.ghost('other'), 'nobody-has-this-token');
    },
    expected: ['401 M_UNKNOWN_TOKEN'],
    rows: ['A3.2', 'A3.4'],
  },
]);

const devices = { ...about, link: asApi('device-management') } as const;

async function ghostWithDevice(world: World): Promise<{ ghost: string; device: string; made: number }> {
  const ghost = await world.ghost('main');
  const device = world.unique('DEV');
  const answer = await world.as('main', 'PUT', `/devices/${device}`, { user: ghost, body: { display_name: 'bridge' } });
  return { ghost, device, made: answer.status };
}

const deviceGone = async (world: World, ghost: string, device: string) =>
  expectAnswer(await world.as('main', 'GET', `/devices/${device}`, { user: ghost }), [404], 'the device afterwards');

/** Claims of this chapter. */
export const accountCases: readonly HomeserverCase[] = [
  {
    ...about,
    id: 'accounts/register',
    claim: 'a ghost is registered without a password and without interactive authentication',
    rows: ['A3.1'],
    async run(world) {
      const username = world.unique('_conf_');
      const answer = expectOk(await world.registerAs('main', username), 'registering');
      const expected = await world.userId(username);
      demand(answer.json['user_id'] === expected, `user_id: expected ${expected}, got ${answer.text}`);
      demand(answer.json['access_token'] === undefined, 'inhibit_login was set, and there is an access_token');
    },
  },
  ...refusals,
  {
    ...about,
    id: 'accounts/without-inhibit-login',
    claim:
      'without inhibit_login there is a session, or 400 M_APPSERVICE_LOGIN_UNSUPPORTED where services cannot log in',
    rows: ['A3.3'],
    async run(world) {
      const answer = await world.registerAs('main', world.unique('_conf_'), { inhibit_login: false });
      expectAnswer(answer, [200, '400 M_APPSERVICE_LOGIN_UNSUPPORTED'], 'registering');
      if (answer.status !== 200) return;
      const token = String(answer.json['access_token']);
      expectOk(await world.call('GET', `${v3}/account/whoami`, { token }), 'whoami in the new session');
    },
  },
  {
    ...about,
    id: 'accounts/login',
    claim: 'a ghost logs in by m.login.application_service, which GET /login lists',
    rows: ['A3.4'],
    async run(world) {
      await loginOffered(world);
      const ghost = await world.ghost('other');
      const answer = expectOk(await loginWith(world, ghost, world.registration('other').asToken), 'logging in');
      const token = String(answer.json['access_token']);
      const who = expectOk(await world.call('GET', `${v3}/account/whoami`, { token }), 'whoami in the new session');
      demand(who.json['user_id'] === ghost, `whoami: expected ${ghost}, got ${who.text}`);
    },
  },
  ...logins,
  {
    ...devices,
    id: 'accounts/device-created',
    claim: 'PUT /devices makes a device (201), and changes it the second time (200)',
    rows: ['A3.5', 'A11.11'],
    async run(world) {
      const { ghost, device, made } = await ghostWithDevice(world);
      demand(made === 201, `the first time: expected 201, got ${made}`);
      const again = await world.as('main', 'PUT', `/devices/${device}`, { user: ghost, body: { display_name: 'two' } });
      expectOk(again, 'the second time');
      const shown = expectOk(await world.as('main', 'GET', `/devices/${device}`, { user: ghost }), 'reading it back');
      demand(shown.json['display_name'] === 'two', `its name: expected two, got ${shown.text}`);
    },
  },
  {
    ...devices,
    id: 'accounts/device-created-not-by-people',
    claim: 'people make no device by PUT /devices',
    rows: ['A3.5'],
    async run(world) {
      const alice = await world.person('alice');
      expectAnswer(await world.by(alice, 'PUT', '/devices/NOTMINE', { display_name: 'x' }), [404], 'as a person');
    },
  },
  {
    ...devices,
    id: 'accounts/device-deleted',
    claim: 'DELETE /devices asks a service for no interactive authentication',
    rows: ['A3.6'],
    async run(world) {
      const { ghost, device } = await ghostWithDevice(world);
      expectOk(await world.as('main', 'DELETE', `/devices/${device}`, { user: ghost, body: {} }), 'deleting');
      await deviceGone(world, ghost, device);
    },
  },
  {
    ...devices,
    id: 'accounts/devices-deleted',
    claim: '/delete_devices asks a service for no interactive authentication',
    rows: ['A3.6'],
    async run(world) {
      const { ghost, device } = await ghostWithDevice(world);
      const answer = await world.as('main', 'POST', '/delete_devices', { user: ghost, body: { devices: [device] } });
      expectOk(answer, 'deleting');
      await deviceGone(world, ghost, device);
    },
  },
  {
    ...about,
    link: asApi('cross-signing'),
    id: 'accounts/cross-signing',
    claim: 'cross-signing keys are uploaded and replaced without interactive authentication',
    rows: ['A3.7'],
    async run(world) {
      const ghost = await world.ghost('main');
      for (const time of ['the first time', 'the second time']) {
        const path = `${v3}/keys/device_signing/upload`;
        expectOk(await world.as('main', 'POST', path, { user: ghost, body: { master_key: masterKey(ghost) } }), time);
      }
    },
  },
  {
    ...about,
    id: 'accounts/registration-limiter',
    claim: 'sixty ghosts in a row are registered whatever limit holds for people',
    rows: ['A3.8', 'A11.7'],
    async run(world) {
      for (let count = 0; count < 60; count++)
        expectOk(await world.registerAs('main', world.unique('_conf_')), `ghost ${count + 1}`);
    },
  },
  {
    ...about,
    id: 'accounts/deactivated',
    level: 'beyond',
    claim: 'a ghost whose account has ended can be asserted no more',
    rows: ['A2.4'],
    async run(world) {
      const ghost = await world.ghost('main');
      const ended = await world.as('main', 'POST', '/account/deactivate', { user: ghost, body: {} });
      if (ended.status === 401)
        throw new Skipped('the server asks for interactive authentication, which the text allows');
      expectOk(ended, 'deactivating');
      const path = `/profile/${part(ghost)}/displayname`;
      expectAnswer(
        await world.as('main', 'PUT', path, { user: ghost, body: { displayname: 'x' } }),
        [401, 403],
        'later',
      );
    },
  },
];

/** A master key as /keys/device_signing/upload takes it: signatures are optional there. */
function masterKey(userId: string): object {
  const { publicKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32).toString('base64').replace(/=+$/, '');
  return { user_id: userId, usage: ['master'], keys: { [`ed25519:${raw}`]: raw } };
}
