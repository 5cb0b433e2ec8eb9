// Chapter Identity assertion: who an as_token may be, on which endpoints, with which device; and how far transaction ids reach.
// https://spec.matrix.org/v1.19/application-service-api/#identity-assertion

import { type Endpoint, endpoints } from '@pons/spec/endpoints';
import { part } from '../../call.ts';
import { demand, Unmet } from '../../outcome.ts';
import { asApi, csApi, expectOk, type HomeserverCase, msc, requestCases } from '../case.ts';
import type { World } from '../world.ts';

const about = { chapter: 'Identity assertion', level: 'must', link: asApi('identity-assertion') } as const;

const whoami = (world: World, user: string, device?: string) =>
  world.as('main', 'GET', '/account/whoami', { user, ...(device === undefined ? {} : { device }) });

const refused = requestCases({ ...about, rows: ['A2.3', 'A2.9'] }, [
  {
    id: 'identity/outside',
    claim: 'a local user outside the namespace cannot be asserted',
    ask: async (world) => whoami(world, (await world.person('alice')).userId),
    expected: ['403 M_FORBIDDEN'],
  },
  {
    id: 'identity/other-service',
    claim: 'a ghost of another service cannot be asserted',
    ask: async (world) => whoami(world, await world.ghost('other')),
    expected: ['403 M_FORBIDDEN'],
  },
  {
    id: 'identity/unregistered',
    claim: 'a user inside the namespace who is not registered cannot be asserted',
    ask: async (world) => whoami(world, await world.userId(world.unique('_conf_'))),
    expected: ['403 M_FORBIDDEN'],
    rows: ['A2.4'],
  },
  {
    id: 'identity/remote',
    claim: 'a user of another server cannot be asserted',
    ask: (world) => whoami(world, '@_conf_x:elsewhere.example'),
    expected: ['403 M_FORBIDDEN'],
  },
  {
    id: 'identity/no-localpart',
    claim: 'a user id without a localpart is nobody, least of all the sender',
    ask: async (world) => whoami(world, `@:${await world.serverName()}`),
    expected: ['403 M_FORBIDDEN', '400 M_INVALID_PARAM'],
    rows: ['A2.3', 'A11.12'],
  },
  {
    id: 'identity/device-unknown',
    claim: 'a device that the user does not have is refused',
    ask: async (world) => whoami(world, await world.ghost('main'), 'NOSUCH'),
    expected: ['400 M_UNKNOWN_DEVICE'],
    rows: ['A2.5'],
  },
  {
    id: 'identity/device-of-sender-unknown',
    claim: 'a device_id without user_id must be one of the sender',
    ask: (world) => world.as('main', 'GET', '/account/whoami', { device: 'NOSUCH' }),
    expected: ['400 M_UNKNOWN_DEVICE'],
    rows: ['A2.5', 'A11.7'],
  },
]);

// Outside identity assertion by the text ("except for Account Management"), or for services themselves.
const accountManagement = /\/account\/(?!whoami)|\/(register|login|logout|refresh)\b/;
const exempt = new Set(['pingAppservice']);

/** Path and query with something in each place. */
function fill(path: string, values: Readonly<Record<string, string>>): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => part(values[name] ?? name));
}

/** Claims of this chapter. */
export const identityCases: readonly HomeserverCase[] = [
  {
    ...about,
    id: 'identity/sender',
    claim: 'an as_token without user_id is the sender, who exists before anybody registers them',
    rows: ['A2.2'],
    async run(world) {
      const answer = expectOk(await world.as('other', 'GET', '/account/whoami'), 'whoami');
      const sender = await world.sender('other');
      demand(answer.json['user_id'] === sender, `expected ${sender}, got ${String(answer.json['user_id'])}`);
      const alice = await world.person('alice');
      const room = await world.room(alice);
      expectOk(await world.as('other', 'POST', `/join/${part(room)}`, { body: {} }), 'the sender joins a room');
    },
  },
  {
    ...about,
    id: 'identity/ghost',
    claim: 'a registered user of the namespace is asserted by user_id',
    rows: ['A2.6'],
    async run(world) {
      const ghost = await world.ghost('main');
      const answer = expectOk(await whoami(world, ghost), 'whoami');
      demand(answer.json['user_id'] === ghost, `whoami: expected ${ghost}, got ${String(answer.json['user_id'])}`);
    },
  },
  {
    ...about,
    id: 'identity/device',
    claim: 'a device of the ghost is asserted by device_id, and whoami names it',
    rows: ['A2.5', 'A2.6'],
    async run(world) {
      const ghost = await world.ghost('main');
      const device = await world.device('main', ghost);
      const answer = expectOk(await whoami(world, ghost, device), 'whoami with device_id');
      demand(answer.json['device_id'] === device, `whoami: expected device ${device}, got ${answer.text}`);
    },
  },
  {
    ...about,
    id: 'identity/device-of-sender',
    claim: 'a device of the sender is asserted by device_id alone',
    rows: ['A2.5', 'A11.7'],
    async run(world) {
      const device = await world.device('main', await world.sender('main'));
      const answer = expectOk(await world.as('main', 'GET', '/account/whoami', { device }), 'whoami with device_id');
      demand(answer.json['device_id'] === device, `whoami: expected device ${device}, got ${answer.text}`);
    },
  },
  {
    ...about,
    id: 'identity/device-unstable',
    level: 'unstable',
    link: msc(3202),
    claim: 'the older spelling org.matrix.msc3202.device_id is understood too',
    rows: ['A2.5'],
    async run(world) {
      const ghost = await world.ghost('main');
      const device = await world.device('main', ghost);
      const query = { 'org.matrix.msc3202.device_id': device };
      const answer = expectOk(await world.as('main', 'GET', '/account/whoami', { user: ghost, query }), 'whoami');
      demand(answer.json['device_id'] === device, `whoami: expected device ${device}, got ${answer.text}`);
    },
  },
  ...refused,
  {
    ...about,
    id: 'identity/every-endpoint',
    claim: 'a local user outside the namespace cannot be asserted on any endpoint of the client-server API',
    rows: ['A2.3', 'A2.9'],
    async run(world) {
      const alice = await world.person('alice');
      const values = { userId: alice.userId, roomId: await world.room(alice), ...endpointValues };
      const wrong: string[] = [];
      let asked = 0;
      for (const { operation, method, path, auth, query = [] } of Object.values<Endpoint>(endpoints)) {
        if (auth !== 'accessToken' || exempt.has(operation) || accountManagement.test(path)) continue;
        const needed = query
          .filter(({ required }) => required === true)
          .map(({ name, type }) => [name, sampleOf[type]]);
        const answer = await world.as('main', method, fill(path, values), {
          user: alice.userId,
          query: Object.fromEntries(needed) as Record<string, string>,
          ...(method === 'GET' ? {} : { body: {} }),
        });
        if (answer.errcode === 'M_UNRECOGNIZED' || answer.status === 404) continue; // not there: nobody was asserted
        asked += 1;
        // A body or parameter that is wrong may be said first: the assertion was not accepted by that.
        if (answer.status !== 403 && answer.status !== 400)
          wrong.push(`${method} ${path}: ${answer.status} ${answer.errcode}`.trim());
      }
      demand(asked > 0, 'no endpoint that needs a user answered');
      if (wrong.length > 0)
        throw new Unmet(`${wrong.length} of ${asked} endpoints did not refuse: ${wrong.slice(0, 12).join('; ')}`);
    },
  },
  {
    ...about,
    id: 'identity/txn-two-ghosts',
    link: csApi('transaction-identifiers'),
    claim: 'the same transaction id of two ghosts makes two events',
    rows: ['A2.10', 'A11.5'],
    async run(world) {
      const alice = await world.person('alice');
      const { room, ghosts } = await world.roomWith(alice, 'main', 'main');
      const txnId = world.unique('txn');
      const ids = await Promise.all(ghosts.map((ghost) => sendOnce(world, room, ghost, txnId)));
      demand(new Set(ids).size === 2, 'the second ghost was given the event id of the first');
    },
  },
  {
    ...about,
    id: 'identity/txn-again',
    link: csApi('transaction-identifiers'),
    claim: 'the same transaction id of one ghost makes one event, sent twenty times at once as well',
    rows: ['A2.10', 'A11.12'],
    async run(world) {
      const alice = await world.person('alice');
      const { room, ghosts } = await world.roomWith(alice, 'main');
      const txnId = world.unique('txn');
      const ids = await Promise.all(Array.from({ length: 20 }, () => sendOnce(world, room, ghosts[0] ?? '', txnId)));
      ids.push(await sendOnce(world, room, ghosts[0] ?? '', txnId));
      demand(new Set(ids).size === 1, `${new Set(ids).size} events were made`);
    },
  },
  {
    ...about,
    id: 'identity/txn-restart',
    level: 'beyond',
    link: csApi('transaction-identifiers'),
    claim: 'a transaction id is remembered over a restart of the server',
    rows: ['A2.10'],
    async run(world) {
      const alice = await world.person('alice');
      const { room, ghosts } = await world.roomWith(alice, 'main');
      const txnId = world.unique('txn');
      const before = await sendOnce(world, room, ghosts[0] ?? '', txnId);
      await world.restart();
      demand((await sendOnce(world, room, ghosts[0] ?? '', txnId)) === before, 'a second event was made');
    },
  },
];

const sampleOf = { string: 'x', integer: '1', boolean: 'true', array: 'x' } as const;
const endpointValues = {
  roomIdOrAlias: '!nowhere:elsewhere.example',
  roomAlias: '#nothing:elsewhere.example',
  eventId: '$nothing',
  eventType: 'm.room.message',
  deviceId: 'NOSUCH',
  serverName: 'elsewhere.example',
};

async function sendOnce(world: World, room: string, user: string, txnId: string): Promise<string> {
  const path = `/rooms/${part(room)}/send/m.room.message/${txnId}`;
  const body = { msgtype: 'm.text', body: `from ${user}` };
  return String((await world.sure(world.as('main', 'PUT', path, { user, body }), 'sending as a ghost'))['event_id']);
}
