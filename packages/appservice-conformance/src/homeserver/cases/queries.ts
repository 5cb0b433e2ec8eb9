// Chapter Queries: a service is asked for users and aliases that do not exist yet, may make them while the client waits, and is asked no
// more often than needed.
// https://spec.matrix.org/v1.19/application-service-api/#querying

import { type Answer, part } from '../../call.ts';
import { demand } from '../../outcome.ts';
import { asApi, expectAnswer, expectOk, type HomeserverCase } from '../case.ts';
import type { Received } from '../service.ts';
import type { World } from '../world.ts';

const about = { chapter: 'Queries', level: 'must', link: asApi('querying') } as const;
const isUserQuery = ({ path }: Received, user: string) => decodeURIComponent(path).endsWith(`/users/${user}`);
const isAliasQuery = ({ path }: Received, alias: string) => decodeURIComponent(path).endsWith(`/rooms/${alias}`);

const resolve = async (world: World, alias: string, timeoutMs?: number): Promise<Answer> => {
  const { token } = await world.person('alice');
  const path = `/_matrix/client/v3/directory/room/${part(alias)}`;
  return world.call('GET', path, { token, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
};

async function newAlias(world: World, prefix = '_conf_'): Promise<{ name: string; alias: string }> {
  const name = world.unique(prefix);
  return { name, alias: `#${name}:${await world.serverName()}` };
}

/** Has the service make a user when it is asked for it. @returns how often it was asked */
function makesUser(world: World, user: string): () => number {
  const service = world.service('main');
  service.reply = async (request) => {
    if (!isUserQuery(request, user)) return undefined;
    await world.registerAs('main', user.replace(/^@([^:]*):.*$/, '$1'));
    return { status: 200 };
  };
  return () => service.received.filter((request) => isUserQuery(request, user)).length;
}

/** Has the service make a room when it is asked for its alias. @returns how often it was asked */
function makesRoom(world: World, name: string, alias: string): () => number {
  const service = world.service('main');
  service.reply = async (request) => {
    if (!isAliasQuery(request, alias)) return undefined;
    await world.as('main', 'POST', '/createRoom', { body: { preset: 'public_chat', room_alias_name: name } });
    return { status: 200 };
  };
  return () => service.received.filter((request) => isAliasQuery(request, alias)).length;
}

/** Claims of this chapter. */
export const queryCases: readonly HomeserverCase[] = [
  {
    ...about,
    id: 'queries/user-invited',
    level: 'should',
    claim: 'inviting a user of the namespace who does not exist asks the service, which may make them',
    rows: ['A5.1', 'A10.1'],
    async run(world) {
      const alice = await world.person('alice');
      const room = await world.room(alice);
      const user = await world.userId(world.unique('_conf_'));
      const asked = makesUser(world, user);
      expectOk(await world.by(alice, 'POST', `/rooms/${part(room)}/invite`, { user_id: user }), 'inviting');
      await world.until(() => asked() > 0, 'the service was not asked');
      const isInvitation = (event: { readonly state_key?: string; readonly room_id?: string }) =>
        event.state_key === user && event.room_id === room;
      const seen = await world.service('main').event(isInvitation, world.patienceMs);
      demand(seen !== undefined, 'the invitation did not reach the service');
    },
  },
  {
    ...about,
    id: 'queries/user-profile',
    level: 'should',
    claim: 'looking up the profile of a user of the namespace who does not exist asks the service',
    rows: ['A5.1', 'A10.1'],
    async run(world) {
      const alice = await world.person('alice');
      const user = await world.userId(world.unique('_conf_'));
      const asked = makesUser(world, user);
      const answer = await world.by(alice, 'GET', `/profile/${part(user)}`);
      demand(asked() > 0, 'the service was not asked');
      demand(
        answer.status === 200 || answer.errcode === 'M_NOT_FOUND',
        `the profile: ${answer.status} ${answer.errcode}`,
      );
    },
  },
  {
    ...about,
    id: 'queries/alias-resolved',
    claim: 'resolving an alias of the namespace that does not exist asks the service, which may make the room',
    rows: ['A5.2'],
    async run(world) {
      const { name, alias } = await newAlias(world);
      const asked = makesRoom(world, name, alias);
      const answer = expectOk(await resolve(world, alias), 'resolving');
      demand(asked() > 0, 'the service was not asked');
      demand(typeof answer.json['room_id'] === 'string', 'there is no room_id');
      const before = asked();
      expectOk(await resolve(world, alias), 'resolving again');
      demand(asked() === before, 'the service was asked for an alias that exists');
    },
  },
  {
    ...about,
    id: 'queries/alias-joined',
    claim: 'joining by an alias that does not exist asks the service too',
    rows: ['A5.2'],
    async run(world) {
      const alice = await world.person('alice');
      const { name, alias } = await newAlias(world);
      makesRoom(world, name, alias);
      expectOk(await world.by(alice, 'POST', `/join/${part(alias)}`, {}), 'joining');
    },
  },
  {
    ...about,
    id: 'queries/alias-unknown',
    claim: 'an alias that the service does not know is 404 M_NOT_FOUND',
    rows: ['A5.2'],
    async run(world) {
      const { alias } = await newAlias(world);
      expectAnswer(await resolve(world, alias), ['404 M_NOT_FOUND'], 'resolving');
      demand(
        world.service('main').received.some((one) => isAliasQuery(one, alias)),
        'the service was not asked',
      );
    },
  },
  {
    ...about,
    id: 'queries/alias-of-nobody',
    claim: 'nobody is asked for an alias outside their namespaces',
    rows: ['A5.2'],
    async run(world) {
      const { alias } = await newAlias(world, 'nobodys_');
      expectAnswer(await resolve(world, alias), ['404 M_NOT_FOUND'], 'resolving');
      for (const role of ['main', 'third', 'rooms'] as const)
        demand(!world.service(role).received.some((one) => isAliasQuery(one, alias)), `${role} was asked`);
    },
  },
  {
    ...about,
    id: 'queries/retried',
    level: 'should',
    claim: 'a query that fails is asked again before the client is answered',
    rows: ['A5.3'],
    async run(world) {
      const { name, alias } = await newAlias(world);
      makesRoom(world, name, alias);
      const service = world.service('main');
      const makes = service.reply;
      let failures = 1;
      service.reply = (request) =>
        isAliasQuery(request, alias) && request.path.startsWith('/_matrix/') && failures-- > 0
          ? { status: 503, json: { errcode: 'M_UNKNOWN' } }
          : isAliasQuery(request, alias) && !request.path.startsWith('/_matrix/')
            ? { status: 404 } // the older path, where the server falls back to it
            : makes(request);
      expectOk(await resolve(world, alias), 'resolving');
    },
  },
  {
    ...about,
    id: 'queries/timeout',
    level: 'should',
    claim: 'when the service never answers the client is told 408',
    rows: ['A5.3'],
    async run(world) {
      const { alias } = await newAlias(world);
      world.service('main').reply = (request) => (isAliasQuery(request, alias) ? 'never' : undefined);
      expectAnswer(await resolve(world, alias, world.parts.timeLimitMs), [408], 'resolving');
    },
  },
  {
    ...about,
    id: 'queries/hung-delays-nobody',
    claim: 'a user query that is never answered does not hold up events, of its own service or of others',
    rows: ['A5.1', 'A11.3', 'A11.13'],
    async run(world) {
      const alice = await world.person('alice');
      const { room } = await world.roomWith(alice, 'main', 'third');
      const user = await world.userId(world.unique('_conf_'));
      world.service('main').reply = (request) => (isUserQuery(request, user) ? 'never' : undefined);
      const inviting = world.by(alice, 'POST', `/rooms/${part(room)}/invite`, { user_id: user });
      // Servers ask at the invitation, or when the event is looked at; either way the others go on.
      await Promise.race([inviting, new Promise((done) => setTimeout(done, 1000))]);
      const id = await world.say(await world.person('alice'), room, 'meanwhile');
      await world.arrives('third', id, 'a message at another service', 10_000);
      world.service('main').reset();
      await inviting;
    },
  },
  {
    ...about,
    id: 'queries/asked-once',
    level: 'beyond',
    claim: 'twenty who ask for the same alias at once are one query, and the answer is remembered for a moment',
    rows: ['A5.4'],
    async run(world) {
      const { alias } = await newAlias(world);
      const all = await Promise.all(Array.from({ length: 20 }, () => resolve(world, alias)));
      all.push(await resolve(world, alias));
      for (const answer of all) expectAnswer(answer, ['404 M_NOT_FOUND'], 'resolving');
      const asked = world.service('main').received.filter((one) => isAliasQuery(one, alias)).length;
      demand(asked === 1, `the service was asked ${asked} times`);
    },
  },
];
