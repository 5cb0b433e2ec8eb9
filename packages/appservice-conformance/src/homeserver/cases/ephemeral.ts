// Chapter Ephemeral data: typing, receipts and presence for services that ask for them, and only for those.
// https://spec.matrix.org/v1.19/application-service-api/#pushing-ephemeral-data

import { part } from '../../call.ts';
import { holds } from '../../clock.ts';
import { demand, Unmet } from '../../outcome.ts';
import { asApi, csApi, expectAnswer, expectOk, type HomeserverCase, msc, offered } from '../case.ts';
import type { Role } from '../roles.ts';
import type { Seen } from '../service.ts';
import type { Person, World } from '../world.ts';

const about = { chapter: 'Ephemeral data', level: 'must', link: asApi('pushing-ephemeral-data') } as const;
const stable = 'ephemeral';
const unstable = 'de.sorunome.msc2409.ephemeral';

async function ephemeral(
  world: World,
  role: Role,
  key: string,
  matches: (seen: Seen) => boolean,
  what: string,
): Promise<Seen> {
  const entries = () => world.service(role).entries(key);
  await holds(() => entries().some(matches), world.patienceMs);
  const found = entries().find(matches);
  if (found === undefined) throw new Unmet(`${what} did not come under ${key} within ${world.patienceMs / 1000} s`);
  return found;
}

const types = async (world: World, person: Person, room: string) =>
  expectOk(
    await world.by(person, 'PUT', `/rooms/${part(room)}/typing/${part(person.userId)}`, {
      typing: true,
      timeout: 20_000,
    }),
    'on the way: typing',
  );
const typingIn = (room: string, user: string) => (seen: Seen) =>
  seen.type === 'm.typing' &&
  seen.room_id === room &&
  (seen.content['user_ids'] as unknown[] | undefined)?.includes(user) === true;

const receiptPath = (room: string, kind: string, eventId: string) =>
  `/rooms/${part(room)}/receipt/${kind}/${part(eventId)}`;
type Receipts = Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, { thread_id?: string }>>>>>>;
const receiptOf = (seen: Seen, eventId: string, kind: string, user: string) =>
  (seen.content as Receipts)[eventId]?.[kind]?.[user];
const receiptIn = (room: string, eventId: string, kind: string, user: string) => (seen: Seen) =>
  seen.type === 'm.receipt' && seen.room_id === room && receiptOf(seen, eventId, kind, user) !== undefined;

/** Claims of this chapter. */
export const ephemeralCases: readonly HomeserverCase[] = [
  {
    ...about,
    id: 'ephemeral/typing',
    claim: 'typing arrives with its room',
    rows: ['A7.1', 'A10.1', 'A11.11'],
    async run(world) {
      const alice = await world.person('alice');
      const { room } = await world.roomWith(alice, 'main');
      await types(world, alice, room);
      await ephemeral(world, 'main', stable, typingIn(room, alice.userId), 'typing');
    },
  },
  {
    ...about,
    id: 'ephemeral/typing-unstable-key',
    level: 'unstable',
    link: msc(2409),
    claim: 'a registration with the older key is given ephemeral data under the older key as well',
    rows: ['A7.8'],
    async run(world) {
      const alice = await world.person('alice');
      const { room } = await world.roomWith(alice, 'main');
      await types(world, alice, room);
      await ephemeral(world, 'main', unstable, typingIn(room, alice.userId), 'typing');
    },
  },
  {
    ...about,
    id: 'ephemeral/receipt',
    claim: 'a read receipt arrives with its room',
    rows: ['A7.2', 'A10.1'],
    async run(world) {
      const alice = await world.person('alice');
      const { room } = await world.roomWith(alice, 'main');
      const id = await world.say(alice, room, 'to be read');
      expectOk(await world.by(alice, 'POST', receiptPath(room, 'm.read', id), {}), 'on the way: a receipt');
      await ephemeral(world, 'main', stable, receiptIn(room, id, 'm.read', alice.userId), 'the receipt');
    },
  },
  {
    ...about,
    id: 'ephemeral/receipt-threaded',
    link: csApi('threaded-read-receipts'),
    claim: 'a threaded receipt keeps its thread_id',
    rows: ['A7.2', 'A11.7'],
    async run(world) {
      const alice = await world.person('alice');
      const { room } = await world.roomWith(alice, 'main');
      const id = await world.say(alice, room, 'to be read');
      expectOk(
        await world.by(alice, 'POST', receiptPath(room, 'm.read', id), { thread_id: 'main' }),
        'on the way: a receipt',
      );
      const seen = await ephemeral(world, 'main', stable, receiptIn(room, id, 'm.read', alice.userId), 'the receipt');
      const thread = receiptOf(seen, id, 'm.read', alice.userId)?.thread_id;
      demand(thread === 'main', `thread_id: expected main, got ${String(thread)}`);
    },
  },
  {
    ...about,
    id: 'ephemeral/private-receipt',
    claim: 'a private receipt of somebody else never arrives',
    rows: ['A7.2'],
    async run(world) {
      const alice = await world.person('alice');
      const { room } = await world.roomWith(alice, 'main');
      const first = await world.say(alice, room, 'read in private');
      expectOk(await world.by(alice, 'POST', receiptPath(room, 'm.read.private', first), {}), 'on the way: a receipt');
      const second = await world.say(alice, room, 'read in public');
      expectOk(await world.by(alice, 'POST', receiptPath(room, 'm.read', second), {}), 'on the way: a receipt');
      await ephemeral(world, 'main', stable, receiptIn(room, second, 'm.read', alice.userId), 'the public receipt');
      const told = world.service('main').transactions.some(({ body }) => {
        const text = JSON.stringify(body);
        return text.includes('m.read.private') && text.includes(first);
      });
      demand(!told, 'the private receipt of a person was sent to the service');
    },
  },
  {
    ...about,
    id: 'ephemeral/private-receipt-own',
    claim: 'a private receipt of a ghost arrives at its own service',
    rows: ['A7.2'],
    async run(world) {
      const alice = await world.person('alice');
      const { room, ghosts } = await world.roomWith(alice, 'main');
      const user = ghosts[0] ?? '';
      const id = await world.say(alice, room, 'read by the ghost');
      const path = receiptPath(room, 'm.read.private', id);
      expectOk(await world.as('main', 'POST', path, { user, body: {} }), 'on the way: a receipt of the ghost');
      await ephemeral(world, 'main', stable, receiptIn(room, id, 'm.read.private', user), 'the receipt');
    },
  },
  {
    ...about,
    id: 'ephemeral/presence',
    claim: 'presence of somebody who shares a room arrives',
    rows: ['A7.3'],
    async run(world) {
      const bob = await world.register(world.unique('present_'));
      await world.roomWith(bob, 'main');
      const path = `/presence/${part(bob.userId)}/status`;
      const status = world.unique('here ');
      expectOk(await world.by(bob, 'PUT', path, { presence: 'online', status_msg: status }), 'on the way: presence');
      const seen = (one: Seen) =>
        one.type === 'm.presence' && one.sender === bob.userId && one.content['status_msg'] === status;
      await ephemeral(world, 'main', stable, seen, 'presence');
    },
  },
  {
    ...about,
    id: 'ephemeral/presence-by-room',
    claim: 'presence of somebody in a room that is in a rooms namespace arrives, with no user of the service in it',
    rows: ['A7.3'],
    async run(world) {
      const bob = await world.register(world.unique('present_'));
      await world.roomWith(bob);
      const status = world.unique('here ');
      const path = `/presence/${part(bob.userId)}/status`;
      expectOk(await world.by(bob, 'PUT', path, { presence: 'online', status_msg: status }), 'on the way: presence');
      const seen = (one: Seen) => one.type === 'm.presence' && one.content['status_msg'] === status;
      await ephemeral(world, 'rooms', stable, seen, 'presence');
    },
  },
  {
    ...about,
    id: 'ephemeral/not-asked-for',
    claim: 'a service that does not ask for ephemeral data is given none',
    rows: ['A1.13'],
    async run(world) {
      const alice = await world.person('alice');
      const { room } = await world.roomWith(alice, 'main', 'third');
      await types(world, alice, room);
      await ephemeral(world, 'main', stable, typingIn(room, alice.userId), 'typing, at a service that asks for it');
      await world.arrives('third', await world.say(alice, room, 'afterwards'), 'a message');
      const given = world
        .service('third')
        .transactions.some(({ body }) =>
          [body[stable], body[unstable]].some((list) => Array.isArray(list) && list.length > 0),
        );
      demand(!given, 'it was given ephemeral data');
    },
  },
  {
    ...about,
    id: 'ephemeral/own-types',
    level: 'unstable',
    link: msc(2477),
    claim:
      'an ephemeral event of a type of the service’s own, announced as com.beeper.ephemeral, is shown in /sync and told to services, once for its transaction id',
    rows: ['A7.9', 'A9.1'],
    async run(world) {
      await offered(world, 'com.beeper.ephemeral');
      const alice = await world.person('alice');
      const { room, ghosts } = await world.roomWith(alice, 'main', 'other');
      const [user = ''] = ghosts;
      const { next_batch: since } = await world.sure(world.by(alice, 'GET', '/sync'), 'a sync');
      const type = 'org.example.progress';
      const txnId = world.unique('t');
      const path = (of: string) =>
        `/_matrix/client/unstable/com.beeper.ephemeral/rooms/${part(room)}/ephemeral/${of}/${part(txnId)}`;
      for (const percent of [1, 2])
        expectOk(await world.as('main', 'PUT', path(type), { user, body: { percent } }), 'sending it');
      expectAnswer(
        await world.as('main', 'PUT', path(type), { user: await world.ghost('main'), body: {} }),
        ['403 M_FORBIDDEN'],
        'sending it to a room that one is not in',
      );
      const isIt = (seen: Seen) => seen.type === type && seen.sender === user;
      const { json } = expectOk(
        await world.by(alice, 'GET', '/sync', undefined, { since: String(since) }),
        'on the way: a sync',
      );
      type Rooms = { join?: Record<string, { ephemeral?: { events?: readonly Seen[] } }> };
      const shown = (json['rooms'] as Rooms | undefined)?.join?.[room]?.ephemeral?.events?.filter(isIt) ?? [];
      const told = JSON.stringify(shown.map(({ content }) => content));
      demand(told === '[{"percent":1}]', `shown in /sync: expected one with percent 1, got ${told}`);
      for (const role of ['main', 'other'] as const)
        await ephemeral(world, role, stable, (seen) => isIt(seen) && seen.room_id === room, `the event, at ${role},`);
    },
  },
  {
    ...about,
    id: 'ephemeral/outage',
    level: 'beyond',
    claim: 'a receipt made while the service is away arrives afterwards',
    rows: ['A7.2'],
    async run(world) {
      const alice = await world.person('alice');
      const { room } = await world.roomWith(alice, 'main');
      const id = await world.say(alice, room, 'to be read');
      await world.arrives('main', id, 'the message');
      world.breaks('main', { status: 500 });
      await world.say(alice, room, 'refused');
      expectOk(await world.by(alice, 'POST', receiptPath(room, 'm.read', id), {}), 'on the way: a receipt');
      await world.say(alice, room, 'refused too');
      await world.heals('main');
      await ephemeral(world, 'main', stable, receiptIn(room, id, 'm.read', alice.userId), 'the receipt');
    },
  },
];
