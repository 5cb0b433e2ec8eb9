// Chapter Directory: aliases of a namespace, the room directory that a service keeps for its network, and who may read who is in a room.
// https://spec.matrix.org/v1.19/application-service-api/#published-room-directories

import { type Answer, part } from '../../call.ts';
import { demand, Skipped } from '../../outcome.ts';
import { asApi, csApi, expectAnswer, expectOk, type HomeserverCase } from '../case.ts';
import type { World } from '../world.ts';

const about = { chapter: 'Directory', level: 'must', link: asApi('published-room-directories') } as const;
const aliases = { ...about, link: asApi('server-admin-style-permissions') } as const;

async function aliasPath(world: World, prefix: string): Promise<string> {
  return `/directory/room/${part(`#${world.unique(prefix)}:${await world.serverName()}`)}`;
}

async function publicRooms(world: World, filter: object): Promise<string[]> {
  const alice = await world.person('alice');
  const answer: Answer = await world.by(alice, 'POST', '/publicRooms', { limit: 500, ...filter });
  if (answer.status === 400 && 'third_party_instance_id' in filter) return []; // not how this server spells them
  const { chunk } = expectOk(answer, 'on the way: /publicRooms').json as { chunk: { room_id: string }[] };
  return chunk.map(({ room_id }) => room_id);
}

async function listedRoom(world: World, network: string): Promise<string> {
  const room = await world.room(await world.person('alice'));
  const path = `/directory/list/appservice/${part(network)}/${part(room)}`;
  expectOk(await world.as('main', 'PUT', path, { body: { visibility: 'public' } }), 'listing a room');
  return room;
}

/** Claims of this chapter. */
export const directoryCases: readonly HomeserverCase[] = [
  {
    ...aliases,
    id: 'directory/alias-own',
    claim: 'a service makes and deletes aliases of its namespace, whoever made them',
    rows: ['A11.10'],
    async run(world) {
      const room = await world.room(await world.person('alice'));
      const ghost = await world.ghost('main');
      const path = await aliasPath(world, '_conf_');
      expectOk(await world.as('main', 'PUT', path, { user: ghost, body: { room_id: room } }), 'a ghost makes it');
      expectOk(await world.as('main', 'DELETE', path), 'the sender deletes it');
    },
  },
  {
    ...aliases,
    id: 'directory/alias-outside',
    claim: 'a service cannot make aliases outside its namespaces',
    rows: ['A11.10'],
    async run(world) {
      const room = await world.room(await world.person('alice'));
      const answer = await world.as('main', 'PUT', await aliasPath(world, 'elsewhere_'), { body: { room_id: room } });
      expectAnswer(answer, ['400 M_EXCLUSIVE', '403 M_EXCLUSIVE'], 'making it');
    },
  },
  {
    ...aliases,
    id: 'directory/alias-people',
    claim: 'people make no aliases of an exclusive namespace, not by createRoom either, and delete none',
    rows: ['A1.9', 'A11.10'],
    async run(world) {
      const alice = await world.person('alice');
      const room = await world.room(alice);
      const exclusive = ['400 M_EXCLUSIVE', '403 M_EXCLUSIVE'] as const;
      const path = await aliasPath(world, '_conf_');
      expectAnswer(await world.by(alice, 'PUT', path, { room_id: room }), exclusive, 'making one');
      const made = await world.by(alice, 'POST', '/createRoom', { room_alias_name: world.unique('_conf_') });
      expectAnswer(made, exclusive, 'making one by createRoom');
      expectOk(await world.as('main', 'PUT', path, { body: { room_id: room } }), 'on the way: the service makes it');
      expectAnswer(await world.by(alice, 'DELETE', path), [...exclusive, '403 M_FORBIDDEN'], 'deleting the service’s');
    },
  },
  {
    ...about,
    id: 'directory/network',
    claim: 'a room that a service lists for its network is found by that network, and not in the plain directory',
    rows: ['A5.8'],
    async run(world) {
      const network = world.unique('net');
      const room = await listedRoom(world, network);
      const instances = [`${world.registration('main').id}|${network}`, network];
      const found = await Promise.all(instances.map((id) => publicRooms(world, { third_party_instance_id: id })));
      demand(found.flat().includes(room), `it is not found by third_party_instance_id ${instances.join(' or ')}`);
      demand(!(await publicRooms(world, {})).includes(room), 'it stands in the plain directory');
    },
  },
  {
    ...about,
    id: 'directory/all-networks',
    link: csApi('post_matrixclientv3publicrooms'),
    claim: 'include_all_networks finds it too',
    rows: ['A5.8'],
    async run(world) {
      const room = await listedRoom(world, world.unique('net'));
      demand((await publicRooms(world, { include_all_networks: true })).includes(room), 'it is not found');
    },
  },
  {
    ...about,
    id: 'directory/network-people',
    claim: 'people do not list rooms for a network',
    rows: ['A5.8'],
    async run(world) {
      const alice = await world.person('alice');
      const room = await world.room(alice);
      const path = `/directory/list/appservice/net/${part(room)}`;
      expectAnswer(await world.by(alice, 'PUT', path, { visibility: 'public' }), [401, 403], 'listing');
    },
  },
  {
    ...about,
    id: 'directory/joined-members',
    link: csApi('get_matrixclientv3roomsroomidjoined_members'),
    claim: 'a service reads the members of a room with any of its users inside, without naming one',
    rows: ['A5.9'],
    async run(world) {
      const alice = await world.person('alice');
      const { room, ghosts } = await world.roomWith(alice, 'main');
      const answer = expectOk(await world.as('main', 'GET', `/rooms/${part(room)}/joined_members`), 'as the sender');
      const joined = Object.keys((answer.json['joined'] ?? {}) as object);
      demand(joined.includes(ghosts[0] ?? '') && joined.includes(alice.userId), `members: ${joined.join(', ')}`);
    },
  },
  {
    ...about,
    id: 'directory/bot-reads',
    level: 'unstable',
    link: 'https://github.com/matrix-org/matrix-spec-proposals/pull/3547',
    claim: 'the sender reads rooms in which only its ghosts are',
    rows: ['A5.10'],
    async run(world) {
      const { room } = await world.roomWith(await world.person('alice'), 'main');
      const answer = await world.as('main', 'GET', `/rooms/${part(room)}/state`);
      if (answer.status === 403) throw new Skipped('the server does not offer it');
      expectOk(answer, 'reading the state');
    },
  },
];
