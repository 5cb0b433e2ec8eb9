// Chapter Third-party networks: protocols of several services as one, lookups asked of those who serve them, and none waiting for one
// that hangs.
// https://spec.matrix.org/v1.19/application-service-api/#third-party-networks

import { demand } from '../../outcome.ts';
import { asApi, expectAnswer, expectOk, type HomeserverCase } from '../case.ts';
import type { Role } from '../roles.ts';
import type { Reply } from '../service.ts';
import type { World } from '../world.ts';

const about = { chapter: 'Third-party networks', level: 'must', link: asApi('third-party-networks') } as const;

const protocolOf = (network: string) => ({
  user_fields: ['network', 'nickname'],
  location_fields: ['network', 'channel'],
  icon: 'mxc://example.org/icon',
  field_types: {
    network: { regexp: '.+', placeholder: 'network' },
    nickname: { regexp: '.+', placeholder: 'nickname' },
    channel: { regexp: '#.+', placeholder: '#channel' },
  },
  instances: [{ network_id: network, desc: network, fields: { network } }],
});
const userOf = (userid: string) => ({ userid, protocol: 'confnet', fields: { nickname: userid } });
const locationOf = (alias: string) => ({ alias, protocol: 'confnet', fields: { channel: alias } });
const serving: readonly Role[] = ['main', 'other', 'third'];

/** What each service answers, by what follows `/thirdparty/`. */
function answers(world: World, role: Role, table: Readonly<Record<string, Reply>>): void {
  world.service(role).reply = ({ path }) => table[/\/thirdparty\/(.*)$/.exec(path)?.[1] ?? ''];
}
const found = (json: unknown): Reply => ({ status: 200, json });

async function ask(world: World, path: string, query: Readonly<Record<string, string>> = {}) {
  return world.by(await world.person('alice'), 'GET', `/thirdparty/${path}`, undefined, query);
}
const listOf = (text: string) => JSON.parse(text) as { userid?: string; alias?: string }[];

const inOrder = (list: readonly string[]) => list.toSorted((a, b) => a.localeCompare(b));
const sortedIds = (text: string) => inOrder(listOf(text).map(({ userid, alias }) => userid ?? alias ?? ''));

/** Claims of this chapter. */
export const thirdPartyCases: readonly HomeserverCase[] = [
  {
    ...about,
    id: 'third-party/protocols',
    claim: 'a protocol of several services is one, with the instances of all',
    rows: ['A1.12', 'A5.5'],
    async run(world) {
      for (const role of serving) answers(world, role, { 'protocol/confnet': found(protocolOf(role)) });
      const answer = expectOk(await ask(world, 'protocols'), 'GET /thirdparty/protocols');
      const protocol = answer.json['confnet'] as
        | { instances?: { network_id?: string; instance_id?: string }[] }
        | undefined;
      const networks = inOrder((protocol?.instances ?? []).map(({ network_id = '' }) => network_id));
      demand(networks.join() === 'main,other,third', `instances of confnet: ${networks.join(', ') || 'none'}`);
    },
  },
  {
    ...about,
    id: 'third-party/protocol',
    claim: 'one protocol is answered by its name, and an unknown one is 404',
    rows: ['A1.12', 'A5.5'],
    async run(world) {
      for (const role of serving) answers(world, role, { 'protocol/confnet': found(protocolOf(role)) });
      const answer = expectOk(await ask(world, 'protocol/confnet'), 'GET /thirdparty/protocol/confnet');
      demand(Array.isArray(answer.json['user_fields']), 'it has no user_fields');
      expectAnswer(await ask(world, 'protocol/nobodys'), [404], 'an unknown protocol');
    },
  },
  {
    ...about,
    id: 'third-party/instance-id',
    level: 'beyond',
    claim: 'each instance has an instance_id, by which clients search its directory, and it stays the same',
    rows: ['A5.5'],
    async run(world) {
      for (const role of serving) answers(world, role, { 'protocol/confnet': found(protocolOf(role)) });
      const ids = async () => {
        const { json } = expectOk(await ask(world, 'protocol/confnet'), 'the protocol');
        return (json['instances'] as { instance_id?: string }[]).map(({ instance_id }) => instance_id ?? '');
      };
      const first = await ids();
      demand(new Set(first).size === first.length && !first.includes(''), `instance ids: ${first.join(', ')}`);
      demand((await ids()).join() === first.join(), 'they changed');
    },
  },
  {
    ...about,
    id: 'third-party/user',
    claim: 'a user lookup is asked of the services of the protocol with its fields, and their answers are one list',
    rows: ['A5.6'],
    async run(world) {
      for (const role of serving)
        answers(world, role, {
          'user/confnet': found([userOf(`@${role}:x`)]),
          'protocol/confnet': found(protocolOf(role)),
        });
      const nickname = world.unique('nick');
      const answer = expectOk(await ask(world, 'user/confnet', { nickname }), 'the lookup');
      const users = sortedIds(answer.text);
      demand(users.join() === '@main:x,@other:x,@third:x', `users: ${users.join(', ') || 'none'}`);
      const asked = world.service('main').received.find(({ path }) => path.endsWith('/thirdparty/user/confnet'));
      demand(asked?.query.get('nickname') === nickname, 'the fields were not passed on');
    },
  },
  {
    ...about,
    id: 'third-party/location',
    claim: 'a location lookup is asked of the services of the protocol, and entries that are none are left out',
    rows: ['A5.6'],
    async run(world) {
      for (const role of serving)
        answers(world, role, { 'location/confnet': found([locationOf(`#${role}:x`), { nonsense: true }]) });
      const answer = expectOk(await ask(world, 'location/confnet', { channel: '#c' }), 'the lookup');
      const aliases = sortedIds(answer.text);
      demand(aliases.join() === '#main:x,#other:x,#third:x', `locations: ${aliases.join(', ') || 'none'}`);
    },
  },
  {
    ...about,
    id: 'third-party/hung',
    level: 'beyond',
    claim: 'a service that never answers a lookup costs only its own results',
    rows: ['A5.6'],
    async run(world) {
      answers(world, 'main', { 'user/confnet': found([userOf('@main:x')]) });
      answers(world, 'other', { 'user/confnet': 'never' });
      answers(world, 'third', { 'user/confnet': found([userOf('@third:x')]) });
      const { token } = await world.person('alice');
      const path = '/_matrix/client/v3/thirdparty/user/confnet';
      const answer = await world.call('GET', path, {
        token,
        query: { nickname: 'n' },
        timeoutMs: world.parts.timeLimitMs,
      });
      const users = sortedIds(expectOk(answer, 'the lookup').text);
      demand(users.join() === '@main:x,@third:x', `users: ${users.join(', ') || 'none'}`);
    },
  },
  {
    ...about,
    id: 'third-party/reverse',
    level: 'should',
    claim: 'who a Matrix id is in a network is asked of the service whose namespace holds it',
    rows: ['A5.7'],
    async run(world) {
      const user = await world.userId(world.unique('_conf_'));
      const alias = `#${world.unique('_conf_')}:${await world.serverName()}`;
      answers(world, 'main', { user: found([userOf(user)]), location: found([locationOf(alias)]) });
      const users = expectOk(await ask(world, 'user', { userid: user }), 'by user id');
      demand(listOf(users.text).length === 1, `by user id: ${users.text}`);
      const places = expectOk(await ask(world, 'location', { alias }), 'by alias');
      demand(listOf(places.text).length === 1, `by alias: ${places.text}`);
      demand(
        !world
          .service('third')
          .received.some(({ path, query }) => path.endsWith('/thirdparty/user') && query.has('userid')),
        'a service was asked whose namespace does not hold it',
      );
    },
  },
  {
    ...about,
    id: 'third-party/nothing-found',
    level: 'should',
    link: 'https://spec.matrix.org/v1.19/client-server-api/#third-party-lookups',
    claim: 'a lookup, by protocol or by Matrix id, that finds nothing is answered with 404 M_NOT_FOUND',
    rows: ['A5.6', 'A5.7'],
    async run(world) {
      for (const role of serving)
        answers(world, role, { 'user/confnet': found([]), 'location/confnet': found([]), user: found([]) });
      const userid = await world.userId(world.unique('_conf_'));
      const lookups = [
        await ask(world, 'user/confnet', { nickname: 'nobody' }),
        await ask(world, 'location/confnet', { channel: '#none' }),
        await ask(world, 'user', { userid }),
        await ask(world, 'location', { alias: `#nothing:${await world.serverName()}` }),
      ];
      for (const answer of lookups) expectAnswer(answer, ['404 M_NOT_FOUND'], 'a lookup that finds nothing');
    },
  },
];
