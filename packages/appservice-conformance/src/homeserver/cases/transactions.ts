// Chapter Transactions, ordinary life: what is sent, in which form and order, with which token.
// What becomes of it when somebody fails is in failures.ts.
// https://spec.matrix.org/v1.19/application-service-api/#pushing-events

import { part } from '../../call.ts';
import { demand } from '../../outcome.ts';
import { asApi, type HomeserverCase, msc } from '../case.ts';
import type { Seen } from '../service.ts';

const about = { chapter: 'Transactions', level: 'must', link: asApi('pushing-events') } as const;

/** Claims of this chapter that need no fault. */
export const transactionCases: readonly HomeserverCase[] = [
  {
    ...about,
    id: 'transactions/form',
    claim: 'an event comes in the form of the client-server API, with its room',
    rows: ['A6.13'],
    async run(world) {
      const alice = await world.person('alice');
      const { room } = await world.roomWith(alice, 'third');
      const seen = await world.arrives('third', await world.say(alice, room, 'in client form'), 'a message');
      for (const key of ['content', 'event_id', 'origin_server_ts', 'room_id', 'sender', 'type'])
        demand(seen[key] !== undefined, `${key} is missing`);
      for (const key of ['auth_events', 'prev_events', 'hashes', 'signatures', 'depth'])
        demand(seen[key] === undefined, `${key} is of the federation form and does not belong there`);
      demand(seen.room_id === room && seen.sender === alice.userId, 'room_id or sender is another’s');
    },
  },
  {
    ...about,
    id: 'transactions/authorization',
    link: asApi('authorisation'),
    claim: 'every request carries the hs_token in the Authorization header',
    rows: ['A2.1'],
    async run(world) {
      const alice = await world.person('alice');
      const { room } = await world.roomWith(alice, 'main');
      await world.arrives('main', await world.say(alice, room, 'with a token'), 'a message');
      const { received, registration } = world.service('main');
      const without = received.find(({ token }) => token !== registration.hsToken);
      demand(without === undefined, () => `${without?.method} ${without?.path} came without it`);
    },
  },
  {
    ...about,
    id: 'transactions/no-query-token',
    level: 'should',
    link: asApi('authorisation'),
    claim: 'the token does not stand in the query, where logs keep it',
    rows: ['A2.1'],
    async run(world) {
      const { received } = world.service('main');
      demand(received.length > 0, 'no request came at all');
      demand(!received.some(({ query }) => query.has('access_token')), 'access_token was in a query');
    },
  },
  {
    ...about,
    id: 'transactions/path-prefix',
    claim: 'a path in the registration’s url is kept in front',
    rows: ['A1.1'],
    async run(world) {
      const alice = await world.person('alice');
      const { room } = await world.roomWith(alice, 'other');
      await world.arrives('other', await world.say(alice, room, 'below a path'), 'a message');
      demand(
        !world.service('other').received.some(({ path }) => path.startsWith('outside')),
        'a request came outside the path of the url',
      );
    },
  },
  {
    ...about,
    id: 'transactions/selected',
    claim: 'messages, state, invitations of ghosts and redactions arrive, each once',
    rows: ['A6.13', 'A11.10'],
    async run(world) {
      const alice = await world.person('alice');
      const { room } = await world.roomWith(alice, 'main');
      const invited = await world.ghost('main');
      const message = await world.say(alice, room, 'to be redacted');
      await world.sure(
        world.by(alice, 'PUT', `/rooms/${part(room)}/state/m.room.topic`, { topic: 'a topic' }),
        'a topic',
      );
      await world.sure(world.by(alice, 'POST', `/rooms/${part(room)}/invite`, { user_id: invited }), 'an invitation');
      const path = `/rooms/${part(room)}/redact/${part(message)}/${world.unique('r')}`;
      const redaction = await world.sure(world.by(alice, 'PUT', path, {}), 'a redaction');
      await world.arrives('main', String(redaction['event_id']), 'the redaction');
      const events = world.service('main').events.filter(({ room_id }) => room_id === room);
      const has = (what: string, matches: (event: Seen) => boolean) => {
        const count = events.filter(matches).length;
        demand(count === 1, `${what} came ${count} times`);
      };
      has('the message', ({ event_id }) => event_id === message);
      has('the topic', ({ type }) => type === 'm.room.topic');
      has('the invitation', ({ state_key, content }) => state_key === invited && content['membership'] === 'invite');
      has('the redaction', ({ type }) => type === 'm.room.redaction');
      const seen = events.find(({ type }) => type === 'm.room.redaction');
      const redacts = [seen?.redacts, seen?.content['redacts']];
      demand(redacts.includes(message), 'the redaction does not say what it redacts');
    },
  },
  {
    ...about,
    id: 'transactions/invitation-shows-room',
    level: 'unstable',
    link: msc(2375),
    claim: 'an invitation of a ghost shows its room in unsigned.invite_room_state, as /sync would',
    rows: ['A6.13'],
    async run(world) {
      const alice = await world.person('alice');
      const room = await world.room(alice, { name: 'a room with a name' });
      const invited = await world.ghost('main');
      await world.sure(world.by(alice, 'POST', `/rooms/${part(room)}/invite`, { user_id: invited }), 'an invitation');
      const isIt = (event: Seen) => event.room_id === room && event.state_key === invited;
      const seen = await world.service('main').event(isIt, world.patienceMs);
      demand(seen !== undefined, 'the invitation did not come');
      const { invite_room_state: shown } = (seen?.['unsigned'] ?? {}) as { invite_room_state?: readonly Seen[] };
      const name = shown?.find(({ type }) => type === 'm.room.name');
      demand(name?.content['name'] === 'a room with a name', `invite_room_state: got ${JSON.stringify(shown)}`);
      demand(name?.event_id === undefined, 'the state is not stripped');
    },
  },
  {
    ...about,
    id: 'transactions/order',
    level: 'should',
    claim: 'events arrive in the order in which they were made, across rooms as well',
    rows: ['A6.15'],
    async run(world) {
      const alice = await world.person('alice');
      const rooms = [await world.roomWith(alice, 'third'), await world.roomWith(alice, 'third')];
      const sent: string[] = [];
      for (let index = 0; index < 40; index++)
        sent.push(await world.say(alice, rooms[index % 2]?.room ?? '', `n${index}`));
      await world.arrives('third', sent.at(-1) ?? '', 'the last of forty messages');
      const came = world
        .service('third')
        .events.flatMap(({ event_id = '' }) => (sent.includes(event_id) ? [event_id] : []));
      demand(came.join() === sent.join(), 'they came in another order, or not all of them, or some twice');
    },
  },
];
