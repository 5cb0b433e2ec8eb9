// Every route of a whole homeserver: without a token, with an unknown one,
// and with an as_token acting as a user inside its namespace, outside of it, or not registered. And everything else leads nowhere.

import type { Endpoint, QueryParameter } from '@pons/spec/endpoints';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { asToken, filled, type RouteHouse, routeHouse } from './route-house.ts';

let house: RouteHouse;
let base = '';
let routed: readonly Endpoint[] = [];

beforeAll(async () => {
  house = await routeHouse();
  ({ base, routed } = house);
});
afterAll(() => house.stop());

interface Answer {
  readonly status: number;
  readonly errcode: string | undefined;
  readonly error: string | undefined;
}

async function ask(endpoint: Endpoint, token: string | undefined, userId?: string, deviceId?: string): Promise<Answer> {
  const required = (endpoint.query ?? []).filter((parameter) => parameter.required === true);
  return askWith(endpoint, required, { token, userId, deviceId });
}

interface Caller {
  readonly token: string | undefined;
  readonly userId?: string | undefined;
  readonly deviceId?: string | undefined;
}

async function askWith(
  endpoint: Endpoint,
  required: readonly QueryParameter[],
  { token, userId, deviceId }: Caller,
): Promise<Answer> {
  const query = new URLSearchParams();
  for (const { name, type, values: [first] = [] } of required)
    query.set(name, first ?? (type === 'integer' ? '1' : 'x'));
  if (userId !== undefined) query.set('user_id', userId);
  if (deviceId !== undefined) query.set('device_id', deviceId);
  const response = await fetch(
    `${base}${filled(endpoint.path, userId === undefined ? {} : { userId })}?${query.toString()}`,
    {
      method: endpoint.method,
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      ...(endpoint.body === 'none' ? {} : { body: '{}' }),
    },
  );
  const { errcode, error } = JSON.parse((await response.text()) || '{}') as { errcode?: string; error?: string };
  return { status: response.status, errcode, error };
}

/** What each route answers, by operation: only those that differ from what is expected. */
async function differing(list: readonly Endpoint[], call: (endpoint: Endpoint) => Promise<string>, expected: RegExp) {
  const answers: Record<string, string> = {};
  for (const endpoint of list) {
    const answer = await call(endpoint);
    if (!expected.test(answer)) answers[endpoint.operation] = answer;
  }
  return answers;
}

const short = ({ status, errcode }: Answer) => `${status} ${errcode}`;
const withToken = () => routed.filter(({ auth }) => auth === 'accessToken' || auth === 'asToken' || auth === 'admin');

describe('every route of the homeserver', () => {
  test('is there in some number', () => {
    expect(withToken().length).toBeGreaterThan(70);
    expect(routed.map(({ operation }) => operation)).toEqual(
      expect.arrayContaining(['sync', 'sendMessage', 'createRoom']),
    );
  });

  test('that needs a token answers 401 without one, and 401 to an unknown one', async () => {
    expect(
      await differing(withToken(), async (one) => short(await ask(one, undefined)), /^401 M_MISSING_TOKEN$/),
    ).toEqual({});
    expect(
      await differing(withToken(), async (one) => short(await ask(one, 'nobody')), /^401 M_UNKNOWN_TOKEN$/),
    ).toEqual({});
    const optional = routed.filter(({ auth }) => auth === 'optional');
    expect(await differing(optional, async (one) => short(await ask(one, 'nobody')), /^401 M_UNKNOWN_TOKEN$/)).toEqual(
      {},
    );
  });

  test('refuses an as_token for a user outside its namespace', async () => {
    const call = async (one: Endpoint) => short(await ask(one, asToken, '@alice:localhost'));
    expect(await differing(withToken(), call, /^403 M_FORBIDDEN$/)).toEqual({});
  });

  test('says who may not call it at all before it says which parameters are missing', async () => {
    const lacking = withToken().filter(({ query = [] }) => query.some(({ required }) => required === true));
    expect(lacking.length).toBeGreaterThan(5);
    const call = (caller: Caller) => async (one: Endpoint) => short(await askWith(one, [], caller));
    expect(await differing(lacking, call({ token: undefined }), /^401 M_MISSING_TOKEN$/)).toEqual({});
    expect(await differing(lacking, call({ token: 'nobody' }), /^401 M_UNKNOWN_TOKEN$/)).toEqual({});
    const foreign = { token: asToken, userId: '@alice:localhost' };
    expect(await differing(lacking, call(foreign), /^403 M_FORBIDDEN$/)).toEqual({});
  });

  test('refuses an as_token for the user without a name', async () => {
    const call = async (one: Endpoint) => short(await ask(one, asToken, '@:localhost'));
    expect(await differing(withToken(), call, /^403 M_FORBIDDEN$/)).toEqual({});
  });

  test('refuses an as_token for a device that its user does not have, the sender unless it names another', async () => {
    await fetch(`${base}/_matrix/client/v3/register`, {
      method: 'POST',
      headers: { authorization: `Bearer ${asToken}` },
      body: JSON.stringify({ type: 'm.login.application_service', username: '_irc_device', inhibit_login: true }),
    });
    for (const userId of [undefined, '@_irc_device:localhost']) {
      const call = async (one: Endpoint) => short(await ask(one, asToken, userId, 'NOPE'));
      // A user_id that an endpoint asks for (mutual rooms) is whom an as_token acts as: there is no asking without one.
      const asked = withToken().filter(
        ({ query }) => userId !== undefined || !query?.some(({ name }) => name === 'user_id'),
      );
      expect(await differing(asked, call, /^400 M_UNKNOWN_DEVICE$/)).toEqual({});
    }
  });

  test('lets an as_token act as a device of its sender, and never fails by itself', async () => {
    const call = async (endpoint: Endpoint) => {
      await fetch(`${base}/_matrix/client/v3/devices/DEV`, {
        method: 'PUT',
        headers: { authorization: `Bearer ${asToken}` },
        body: '{}',
      });
      const { status, errcode, error = '' } = await ask(endpoint, asToken, undefined, 'DEV');
      return status === 401 || status >= 500 || errcode === 'M_UNKNOWN_DEVICE' ? `${status} ${error}` : 'acted';
    };
    // Ending its own account or sessions is the last thing that it does.
    const users = withToken().filter(({ auth, operation }) => auth === 'accessToken' && !/deactivate/i.test(operation));
    expect(await differing(users, call, /^acted$/)).toEqual({});
  });

  test('refuses an as_token for a user of its namespace who is not registered', async () => {
    const call = async (one: Endpoint) => short(await ask(one, asToken, '@_irc_nobody:localhost'));
    expect(await differing(withToken(), call, /^403 M_FORBIDDEN$/)).toEqual({});
  });

  test('lets an as_token act as a registered user of its namespace, and never fails by itself', async () => {
    const call = async (endpoint: Endpoint) => {
      // Some end the account or its sessions: each route gets a ghost of its own.
      const localpart = `_irc_${endpoint.operation.toLowerCase()}`;
      await fetch(`${base}/_matrix/client/v3/register`, {
        method: 'POST',
        headers: { authorization: `Bearer ${asToken}` },
        body: JSON.stringify({ type: 'm.login.application_service', username: localpart, inhibit_login: true }),
      });
      const { status, error = '' } = await ask(endpoint, asToken, `@${localpart}:localhost`);
      if (status === 401 || status >= 500) return `${status} ${error}`;
      return /namespaces|not registered/.test(error) ? error : 'acted';
    };
    const users = withToken().filter(({ auth }) => auth === 'accessToken');
    expect(await differing(users, call, /^acted$/)).toEqual({});
  });

  test('lets a narrowed token do in its room what its ghost may, and nothing anywhere else', async () => {
    const userId = '@_irc_narrow:localhost';
    const post = async (path: string, body: object) => {
      const headers = { authorization: `Bearer ${asToken}` };
      const response = await fetch(base + path, { method: 'POST', headers, body: JSON.stringify(body) });
      return (await response.json()) as { token?: string };
    };
    const type = 'm.login.application_service';
    await post('/_matrix/client/v3/register', { type, username: '_irc_narrow', inhibit_login: true });
    const narrowed = async (room: string) =>
      (await post('/_pons/client/v1/appservice/token', { ghosts: [userId], rooms: [room] })).token;
    const [inside, elsewhere] = [await narrowed('!room:localhost'), await narrowed('!other:localhost')];
    // An upgrade makes another room, and below a space are others.
    const leaving = new Set(['upgradeRoom', 'getSpaceHierarchy']);
    const isInRoom = ({ path, operation, auth }: Endpoint) =>
      /\{roomId(OrAlias)?\}/.test(path) &&
      path.startsWith('/_matrix/') &&
      !path.includes('/unstable/') &&
      auth === 'accessToken' &&
      !leaving.has(operation);
    const users = withToken();
    expect(users.filter(isInRoom).length).toBeGreaterThan(30);
    const call = (token?: string, other?: string) => async (endpoint: Endpoint) => {
      const { status, errcode, error = '' } = await ask(endpoint, token, other);
      if (status === 401 || status >= 500) return `${status} ${error}`;
      return error.startsWith('This token is narrowed') ? `${status} ${errcode}` : 'acted';
    };
    expect(await differing(users.filter(isInRoom), call(inside), /^acted$/)).toEqual({});
    const outside = users.filter((endpoint) => !isInRoom(endpoint));
    expect(await differing(outside, call(inside), /^403 M_FORBIDDEN$/)).toEqual({});
    expect(await differing(users, call(elsewhere), /^403 M_FORBIDDEN$/)).toEqual({});
    expect(await differing(users, call(inside, '@_irc_other:localhost'), /^403 M_FORBIDDEN$/)).toEqual({});
  });

  test('of administrators refuses an as_token, whoever it acts as', async () => {
    const admin = routed.filter(({ auth }) => auth === 'admin');
    expect(admin.length).toBeGreaterThan(0);
    expect(await differing(admin, async (one) => short(await ask(one, asToken)), /^403 M_FORBIDDEN$/)).toEqual({});
  });

  test('answers 405 to a method that it does not know, and nothing lies below it', async () => {
    for (const { path } of routed) {
      const known = filled(path);
      const allow = await house.methodsOf(known);
      for (const method of ['GET', 'PUT', 'POST', 'DELETE'].filter((one) => !allow.includes(one))) {
        const response = await fetch(base + known, { method });
        expect([path, method, response.status, await response.json()]).toMatchObject([
          path,
          method,
          405,
          { errcode: 'M_UNRECOGNIZED' },
        ]);
      }
      const below = await fetch(`${base}${known}/a/b/c/d/e/f`);
      expect([path, below.status, await below.json()]).toMatchObject([path, 404, { errcode: 'M_UNRECOGNIZED' }]);
    }
  });
});
