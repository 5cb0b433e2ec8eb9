// Chapter Rooms of its own: what bridges ask for beyond the specification when they make rooms, fill them and give them up. None of it is
// written down but in the bridges and servers that have it, so all of it is beyond what is asked for.
import { part } from '../../call.ts';
import { demand, Skipped } from '../../outcome.ts';
import { expectOk, type HomeserverCase } from '../case.ts';
import type { World } from '../world.ts';

const about = {
  chapter: 'Rooms of its own',
  level: 'beyond',
  link: 'https://github.com/mautrix/go/blob/master/requests.go',
} as const;
const past = 1_234_567_890_123;

interface StateEvent {
  readonly type: string;
  readonly state_key: string;
  readonly content: { readonly membership?: string };
  readonly origin_server_ts: number;
}

async function stateOf(world: World, room: string): Promise<readonly StateEvent[]> {
  const answer = expectOk(await world.as('main', 'GET', `/rooms/${part(room)}/state`), 'on the way: reading the state');
  return JSON.parse(answer.text) as StateEvent[];
}

/** What the server tells the service itself that it offers. @throws Skipped when it is not among it */
async function offeredToService(world: World, flag: string): Promise<void> {
  const { json } = await world.as('main', 'GET', '/_matrix/client/versions');
  const flags = json['unstable_features'] as Readonly<Record<string, boolean>> | undefined;
  if (flags?.[flag] !== true) throw new Skipped('the server does not offer it');
}

/** Claims of this chapter. */
export const ownRoomCases: readonly HomeserverCase[] = [
  {
    ...about,
    id: 'own-rooms/members',
    claim:
      'a room has its ghosts from the beginning by createRoom, announced as com.beeper.room_create_autojoin_invites',
    link: 'https://github.com/mautrix/go/blob/master/versions.go',
    rows: ['A4.5', 'A9.1'],
    async run(world) {
      await offeredToService(world, 'com.beeper.room_create_autojoin_invites');
      const [listed, invited] = [await world.ghost('main'), await world.ghost('main')];
      const body = {
        'com.beeper.initial_members': [listed],
        'com.beeper.auto_join_invites': true,
        invite: [invited],
      };
      const { json } = expectOk(await world.as('main', 'POST', '/createRoom', { body }), 'createRoom');
      const state = await stateOf(world, String(json['room_id']));
      for (const userId of [listed, invited]) {
        const member = state.find((event) => event.type === 'm.room.member' && event.state_key === userId);
        demand(
          member?.content.membership === 'join',
          `${userId} is ${member?.content.membership ?? 'not in the room'}`,
        );
      }
    },
  },
  {
    ...about,
    id: 'own-rooms/time',
    claim: 'a room begins when its service says by fi.mau.origin_server_ts',
    rows: ['A4.5'],
    async run(world) {
      const body = { 'fi.mau.origin_server_ts': past };
      const { json } = expectOk(await world.as('main', 'POST', '/createRoom', { body }), 'createRoom');
      const state = await stateOf(world, String(json['room_id']));
      const others = state.filter((event) => event.origin_server_ts !== past).map((event) => event.type);
      demand(others.length === 0, `these have another time: ${[...new Set(others)].join(', ')}`);
    },
  },
  {
    ...about,
    id: 'own-rooms/id',
    claim: 'a room has the id that its service chooses by fi.mau.room_id, and no second one is made',
    rows: ['A4.5'],
    async run(world) {
      const roomId = `!${world.unique('_conf_')}:${await world.serverName()}`;
      const body = { 'fi.mau.room_id': roomId, room_version: '11' };
      const made = expectOk(await world.as('main', 'POST', '/createRoom', { body }), 'createRoom').json['room_id'];
      demand(made === roomId, `room_id: expected ${roomId}, got ${String(made)}`);
      const again = await world.as('main', 'POST', '/createRoom', { body });
      const second = again.json['room_id'];
      demand(again.status !== 200 || second === roomId, `the second time: ${String(second)} was made`);
    },
  },
  {
    ...about,
    id: 'own-rooms/named-event',
    claim: 'an event that its service names by fi.mau.event_id is sent once, however often it comes',
    rows: ['A4.4'],
    async run(world) {
      const { room, ghosts } = await world.roomWith(await world.person('alice'), 'main');
      const name = `$${world.unique('remote')}:${await world.serverName()}`;
      const send = async () => {
        const path = `/rooms/${part(room)}/send/m.room.message/${world.unique('t')}`;
        const options = { user: ghosts[0] ?? '', body: { msgtype: 'm.text', body: 'once' } };
        const query = { 'fi.mau.event_id': name };
        return String(expectOk(await world.as('main', 'PUT', path, { ...options, query }), 'sending').json['event_id']);
      };
      const [first, ...others] = [await send(), await send(), ...(await Promise.all([send(), send()]))];
      demand(
        others.every((eventId) => eventId === first),
        `${new Set([first, ...others]).size} events were made`,
      );
    },
  },
  {
    ...about,
    id: 'own-rooms/deleted',
    claim:
      'a room that a service made goes with all that is in it by com.beeper.yeet, announced as com.beeper.room_yeeting',
    link: 'https://github.com/mautrix/go/blob/master/versions.go',
    rows: ['A4.6', 'A9.1'],
    async run(world) {
      await offeredToService(world, 'com.beeper.room_yeeting');
      const alice = await world.person('alice');
      const body = { preset: 'public_chat' };
      const { json } = expectOk(await world.as('main', 'POST', '/createRoom', { body }), 'createRoom');
      const room = String(json['room_id']);
      await world.sure(world.by(alice, 'POST', `/join/${part(room)}`, {}), 'a person joins');
      const path = `/_matrix/client/unstable/com.beeper.yeet/rooms/${part(room)}/delete`;
      expectOk(await world.as('main', 'POST', path), 'deleting the room');
      const { json: left } = expectOk(await world.by(alice, 'GET', '/joined_rooms'), 'on the way: rooms of the person');
      const rooms = left['joined_rooms'];
      demand(Array.isArray(rooms) && !rooms.includes(room), 'the person is in the room still');
      const back = await world.by(alice, 'POST', `/join/${part(room)}`, {});
      demand(back.status !== 200, 'the person comes into the room again');
    },
  },
];
