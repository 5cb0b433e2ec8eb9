// The router over every endpoint of the specification, and the paths that must lead nowhere.

import { endpoints, federationEndpoints, type Endpoint } from '@pons/spec/endpoints';
import { describe, expect, test } from 'vitest';
import { createRouter } from './router.ts';

// Inviting by a third-party id has the path of inviting a user, peeking that of the old /sync: one route can answer there.
const { inviteBy3PID: _, peekEvents: __, ...others } = endpoints;
const all: Endpoint[] = [...Object.values(others), ...Object.values(federationEndpoints)];
const router = createRouter(all.map((endpoint) => ({ endpoint })));

function find(method: string, path: string): string {
  try {
    const { route, path: parameters } = router.find(method, path);
    const values = Object.entries(parameters).map(([name, value]) => `${name}=${value}`);
    return [route.endpoint.operation, ...values].join(' ');
  } catch (error) {
    const { status, errcode } = error as { status: number; errcode: string };
    return `${status} ${errcode}`;
  }
}

const v3 = '/_matrix/client/v3';
const cases: [claim: string, method: string, path: string, answer: string][] = [
  [
    'parameters are decoded',
    'PUT',
    `${v3}/rooms/%21a%3Ax/send/m.a/t1`,
    'sendMessage roomId=!a:x eventType=m.a txnId=t1',
  ],
  ['an escaped slash stays inside its segment', 'GET', `${v3}/rooms/%21a%2Fb/state`, 'getRoomState roomId=!a/b'],
  ['a state key', 'PUT', `${v3}/rooms/!a/state/m.x/k`, 'setRoomStateWithKey roomId=!a eventType=m.x stateKey=k'],
  ['an empty state key', 'PUT', `${v3}/rooms/!a/state/m.x/`, 'setRoomStateWithKey roomId=!a eventType=m.x stateKey='],
  ['an absent state key', 'GET', `${v3}/rooms/!a/state/m.x`, 'getRoomStateWithKey roomId=!a eventType=m.x stateKey='],
  ['a static segment beats a parameter', 'GET', `${v3}/pushrules/global/`, 'getPushRulesGlobal'],
  ['an unknown path', 'GET', `${v3}/nothing`, '404 M_UNRECOGNIZED'],
  ['an unknown method', 'PUT', `${v3}/login`, '405 M_UNRECOGNIZED'],
  ['a known path continued', 'GET', `${v3}/account/whoami/..;/x`, '404 M_UNRECOGNIZED'],
  ['a state key continued', 'PUT', `${v3}/rooms/!a/state/m.x/k/11`, '404 M_UNRECOGNIZED'],
  ['a trailing slash', 'GET', `${v3}/account/whoami/`, '404 M_UNRECOGNIZED'],
  ['an empty parameter', 'GET', `${v3}/profile/`, '404 M_UNRECOGNIZED'],
  ['an empty event type', 'GET', `${v3}/rooms/!a/state/`, '404 M_UNRECOGNIZED'],
  ['a double slash', 'GET', `//_matrix//client/v3/account/whoami`, '404 M_UNRECOGNIZED'],
  ['a double slash inside', 'GET', `${v3}//account/whoami`, '404 M_UNRECOGNIZED'],
  ['a whole URL', 'GET', `http://x${v3}/account/whoami`, '404 M_UNRECOGNIZED'],
  ['capitals', 'GET', `${v3}/Account/whoami`, '404 M_UNRECOGNIZED'],
  ['bytes that are not UTF-8', 'GET', `${v3}/rooms/%ff%fe/state`, '400 M_INVALID_PARAM'],
  ['a malformed escape', 'GET', `${v3}/rooms/%zz/state`, '400 M_INVALID_PARAM'],
  ['a lone surrogate', 'GET', `${v3}/rooms/%ed%a0%80/state`, '400 M_INVALID_PARAM'],
  ['U+0000', 'GET', `${v3}/rooms/a%00b/state`, '400 M_INVALID_PARAM'],
  ['the names of JavaScript', 'GET', `${v3}/__proto__`, '404 M_UNRECOGNIZED'],
  ['very many segments', 'GET', `${v3}${'/a'.repeat(5_000)}`, '404 M_UNRECOGNIZED'],
];

describe('the router', () => {
  test.each(cases)('%s: %s %s', (_, method, path, answer) => {
    expect(find(method, path)).toBe(answer);
  });

  test('every endpoint of the specification is found by its own path', () => {
    for (const { method, path, operation } of all) {
      const filled = path.replace(/\{(\w+)\}/g, 'v-$1');
      expect(find(method, filled).split(' ')[0]).toBe(operation);
    }
  });

  test('the methods of a path are known', () => {
    expect(router.methods(`${v3}/login`).toSorted()).toEqual(['GET', 'POST']);
    expect(router.methods(`${v3}/nothing`)).toEqual([]);
  });

  test('two routes for one method and path are a mistake', () => {
    const route = { endpoint: { method: 'GET', path: '/a' } } as const;
    expect(() => createRouter([route, route])).toThrow('two routes for GET /a');
  });
});
