// Chapter Registration: what a homeserver makes of a registration file, seen from outside: who is known, what is of interest, what a regex
// holds, what belongs to one service alone.
// https://spec.matrix.org/v1.19/application-service-api/#registration

import { describe, part } from '../../call.ts';
import { pause } from '../../clock.ts';
import { demand, Unmet } from '../../outcome.ts';
import { asApi, type HomeserverCase, expectAnswer, expectOk } from '../case.ts';
import type { Role } from '../roles.ts';

const about = { chapter: 'Registration', link: asApi('registration') } as const;

/** A registration is known by its token. */
const known = (role: Role, id: string, claim: string, rows: readonly string[]): HomeserverCase => ({
  ...about,
  id: `registration/${id}`,
  level: 'must',
  claim,
  rows,
  async run(world) {
    const answer = expectOk(await world.as(role, 'GET', '/account/whoami'), 'whoami with its as_token');
    const sender = await world.sender(role);
    demand(answer.json['user_id'] === sender, `whoami: expected ${sender}, got ${String(answer.json['user_id'])}`);
  },
});

/** Claims of this chapter. */
export const registrationCases: readonly HomeserverCase[] = [
  known('main', 'unknown-keys', 'a registration with keys that the server does not know is loaded', ['A1.1', 'A1.14']),
  known('wide', 'url-null', 'a registration with url: null is loaded and may act', ['A1.3', 'A9.1']),
  known('closed', 'nobody-listens', 'a service that cannot be reached may act all the same', ['A1.1']),
  {
    ...about,
    id: 'registration/sender-of-interest',
    level: 'must',
    claim: 'events in a room of the sender are of interest although it lies outside the namespaces',
    rows: ['A1.5', 'A8.1'],
    async run(world) {
      const alice = await world.person('alice');
      const room = await world.room(alice);
      await world.join('main', await world.sender('main'), room);
      await world.arrives('main', await world.say(alice, room, 'for the sender'), 'a message in a room of the sender');
    },
  },
  {
    ...about,
    id: 'registration/ghost-of-interest',
    level: 'must',
    claim: 'from the join of a ghost to its leave all events of a room arrive, and none before or after',
    rows: ['A8.1', 'A6.13'],
    async run(world) {
      const alice = await world.person('alice');
      const room = await world.room(alice);
      const before = await world.say(alice, room, 'before');
      const ghost = await world.ghost('third');
      await world.join('third', ghost, room);
      await world.arrives('third', await world.say(alice, room, 'during'), 'a message in a room of a ghost');
      await world.sure(world.as('third', 'POST', `/rooms/${part(room)}/leave`, { user: ghost, body: {} }), 'leaving');
      const after = await world.say(alice, room, 'after');
      await world.join('third', ghost, room);
      await world.arrives('third', await world.say(alice, room, 'again'), 'a message after the ghost came back');
      const { events } = world.service('third');
      const membership = events
        .filter(({ state_key }) => state_key === ghost)
        .map(({ content }) => content['membership']);
      demand(
        membership.join() === 'join,leave,join',
        `memberships of the ghost that arrived: expected join, leave, join, got ${membership.join(', ')}`,
      );
      for (const id of [before, after])
        demand(
          !events.some(({ event_id }) => event_id === id),
          'a message came from a time when no ghost was in the room',
        );
    },
  },
  {
    ...about,
    id: 'registration/invited-of-no-interest',
    level: 'must',
    claim: 'of a private room where a ghost is only invited nothing arrives but what is about the ghost',
    rows: ['A8.1', 'A6.13'],
    async run(world) {
      const alice = await world.person('alice');
      const ghost = await world.ghost('third');
      const room = await world.room(alice, { preset: 'private_chat' });
      const of = (kind: string) => world.by(alice, 'POST', `/rooms/${part(room)}/${kind}`, { user_id: ghost });
      await world.sure(of('invite'), 'inviting the ghost');
      await world.say(alice, room, 'in private');
      await world.sure(of('kick'), 'taking the invitation back');
      await world.say(alice, room, 'in private again');
      await world.sure(of('invite'), 'inviting the ghost once more');
      await world.join('third', ghost, room);
      await world.arrives('third', await world.say(alice, room, 'welcome'), 'a message after the ghost joined');
      const came = world
        .service('third')
        .events.filter(({ room_id }) => room_id === room)
        .map(({ state_key: key, content }) => (key === ghost ? content['membership'] : content['body']));
      const expected = 'invite, leave, invite, join, welcome';
      demand(came.join(', ') === expected, `of the room: expected ${expected}, got ${came.join(', ')}`);
    },
  },
  {
    ...about,
    id: 'registration/rooms-namespace',
    level: 'must',
    claim: 'a rooms namespace brings all events of a matching room',
    rows: ['A1.7', 'A8.1'],
    async run(world) {
      const alice = await world.person('alice');
      const room = await world.room(alice);
      await world.arrives('rooms', await world.say(alice, room, 'seen by id'), 'a message in a matching room');
      demand(
        world.service('rooms').events.some(({ room_id, type }) => room_id === room && type === 'm.room.member'),
        'the join of the room’s maker did not arrive',
      );
    },
  },
  {
    ...about,
    id: 'registration/aliases-namespace',
    level: 'must',
    claim: 'an aliases namespace brings all events of a room with a matching alias',
    rows: ['A8.1'],
    async run(world) {
      const alice = await world.person('alice');
      const alias = world.unique('_conf_');
      const json = await world.sure(
        world.as('main', 'POST', '/createRoom', { body: { preset: 'public_chat', room_alias_name: alias } }),
        'a room with an alias of the service',
      );
      const room = String(json['room_id']);
      await world.sure(world.by(alice, 'POST', `/join/${part(room)}`, {}), 'a person joins');
      await world.sure(world.as('main', 'POST', `/rooms/${part(room)}/leave`, { body: {} }), 'the sender leaves');
      await world.arrives('main', await world.say(alice, room, 'by alias'), 'a message in a room with its alias');
    },
  },
  {
    ...about,
    id: 'registration/shared-namespace',
    level: 'must',
    claim: 'a wide namespace that is not exclusive takes nothing from people or from other services',
    rows: ['A1.9', 'A9.1'],
    async run(world) {
      await world.register(world.unique('human'));
      expectOk(await world.registerAs('main', world.unique('_conf_')), 'registering a ghost of its owner');
      const foreign = await world.registerAs('wide', world.unique('_conf_'));
      expectAnswer(foreign, ['400 M_EXCLUSIVE'], 'the wide service registers a user that is another’s alone');
    },
  },
  {
    ...about,
    id: 'registration/anchored-at-start',
    level: 'should',
    claim: 'a regex is matched from the start of the id: one without the sigil holds nobody',
    rows: ['A1.8'],
    run: async (world) => {
      world.registration('third');
      await world.register(world.unique('confz_'));
    },
  },
  {
    ...about,
    id: 'registration/socket',
    level: 'beyond',
    link: 'https://github.com/matrix-org/matrix-spec/issues/1274',
    claim: 'a url of the form unix:///path is called through that socket',
    rows: ['A1.4'],
    async run(world) {
      const alice = await world.person('alice');
      const { room } = await world.roomWith(alice, 'socket');
      await world.arrives('socket', await world.say(alice, room, 'through a socket'), 'a message');
    },
  },
  {
    ...about,
    id: 'registration/added-live',
    level: 'beyond',
    claim:
      'a service is added while the server runs, a second of the same id or token is refused, and it can be taken away',
    rows: ['A1.1', 'A1.2', 'A1.15'],
    async run(world) {
      const { installer } = world;
      const id = world.unique('conformance-live-');
      const registration = {
        id,
        url: null,
        as_token: `${id}-as-${'0'.repeat(32)}`,
        hs_token: `${id}-hs-${'0'.repeat(32)}`,
        sender_localpart: id,
        namespaces: { users: [], aliases: [], rooms: [] },
      };
      const added = await installer.add(registration);
      demand(added.status < 300, `adding it: ${describe(added)}`);
      const whoami = () => world.call('GET', '/_matrix/client/v3/account/whoami', { token: registration.as_token });
      expectOk(await whoami(), 'whoami with the new token');
      const twice = await installer.add({ ...registration, id: `${id}2`, sender_localpart: `${id}2` });
      if (twice.status < 400) throw new Unmet('a second service with the same as_token was taken');
      const removed = await installer.remove(id);
      demand(removed.status < 300, `removing it: ${describe(removed)}`);
      await expectGone(whoami);
    },
  },
  {
    ...about,
    id: 'registration/evil-regex',
    level: 'beyond',
    claim: 'an id made for a pattern that backtracks does not stop the server',
    rows: ['A1.8', 'A11.3', 'A11.13'],
    async run(world) {
      world.registration('evil');
      // 2^28 steps in an engine that backtracks: many seconds, but not for ever.
      const user = await world.userId(`_confevil_${'a'.repeat(28)}-${world.run}`);
      const alice = await world.person('alice');
      const { room } = await world.roomWith(alice, 'main');
      const inviting = world.by(alice, 'POST', `/rooms/${part(room)}/invite`, { user_id: user });
      await Promise.race([inviting, pause(1000)]);
      const within = 5000;
      const other = await world.call('GET', '/_matrix/client/versions', { timeoutMs: within });
      demand(
        other.status === 200,
        `after an invitation of ${user} another request: expected an answer in ${within} ms, got ${describe(other)}`,
      );
      await inviting;
    },
  },
];

const goneTries = 50;

async function expectGone(whoami: () => Promise<{ readonly status: number }>): Promise<void> {
  for (let tries = 0; tries < goneTries; tries++) {
    if ((await whoami()).status === 401) return;
    await pause(100);
  }
  throw new Unmet('its token was still good 5 s after it was taken away');
}
