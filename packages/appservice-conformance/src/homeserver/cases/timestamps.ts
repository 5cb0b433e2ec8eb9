// Chapter Timestamps: `ts` on the two endpoints that have it, for services alone; and the batch of history that bridges look for.
// https://spec.matrix.org/v1.19/application-service-api/#timestamp-massaging

import { part } from '../../call.ts';
import { nowMs, pause } from '../../clock.ts';
import { demand } from '../../outcome.ts';
import { asApi, expectAnswer, expectOk, type HomeserverCase, msc, offered } from '../case.ts';
import type { Person, World } from '../world.ts';

const about = { chapter: 'Timestamps', level: 'must', link: asApi('timestamp-massaging'), rows: ['A4.1'] } as const;
const shownWithinMs = 5_000;
const betweenLooksMs = 100;
const past = 1_234_567_890_123;

async function timeOf(world: World, reader: Person, room: string, eventId: string): Promise<unknown> {
  const read = () => world.by(reader, 'GET', `/rooms/${part(room)}/event/${part(eventId)}`);
  let answer = await read();
  // Some servers show an event a moment after they have taken it.
  for (const untilMs = nowMs() + shownWithinMs; answer.status === 404 && nowMs() < untilMs; answer = await read())
    await pause(betweenLooksMs);
  return expectOk(answer, 'on the way: reading the event').json['origin_server_ts'];
}

const sendPath = (world: World, room: string) => `/rooms/${part(room)}/send/m.room.message/${world.unique('t')}`;
const text = { msgtype: 'm.text', body: 'from another time' };

const invalid = (id: string, ts: string): HomeserverCase => ({
  ...about,
  id: `timestamps/${id}`,
  claim: `ts=${ts} is refused as a bad request`,
  async run(world) {
    const { room, ghosts } = await world.roomWith(await world.person('alice'), 'main');
    const user = ghosts[0] ?? '';
    expectAnswer(
      await world.as('main', 'PUT', sendPath(world, room), { user, body: text, query: { ts } }),
      [400],
      'sending',
    );
  },
});

/** Claims of this chapter. */
export const timestampCases: readonly HomeserverCase[] = [
  {
    ...about,
    id: 'timestamps/send',
    claim: 'ts sets the time of a message, and the service is told the same',
    async run(world) {
      const alice = await world.person('alice');
      const { room, ghosts } = await world.roomWith(alice, 'main');
      const options = { user: ghosts[0] ?? '', body: text, query: { ts: String(past) } };
      const { json } = expectOk(await world.as('main', 'PUT', sendPath(world, room), options), 'sending with ts');
      const eventId = String(json['event_id']);
      const time = await timeOf(world, alice, room, eventId);
      demand(time === past, `origin_server_ts: expected ${past}, got ${String(time)}`);
      const seen = await world.arrives('main', eventId, 'the message');
      demand(seen.origin_server_ts === past, `in the transaction: expected ${past}, got ${seen.origin_server_ts}`);
    },
  },
  {
    ...about,
    id: 'timestamps/state',
    claim: 'ts sets the time of a state event',
    async run(world) {
      const alice = await world.person('alice');
      const { room, ghosts } = await world.roomWith(alice, 'main');
      const path = `/rooms/${part(room)}/state/m.room.member/${part(ghosts[0] ?? '')}`;
      const body = { membership: 'join', displayname: 'of another time' };
      const options = { user: ghosts[0] ?? '', body, query: { ts: String(past) } };
      const { json } = expectOk(await world.as('main', 'PUT', path, options), 'state with ts');
      const time = await timeOf(world, alice, room, String(json['event_id']));
      demand(time === past, `origin_server_ts: expected ${past}, got ${String(time)}`);
    },
  },
  invalid('not-a-number', 'yesterday'),
  invalid('fraction', '1.5'),
  invalid('too-large', '9007199254740993'),
  {
    ...about,
    id: 'timestamps/people',
    claim: 'ts of a person is ignored',
    rows: ['A4.1', 'A11.10'],
    async run(world) {
      const alice = await world.person('alice');
      const room = await world.room(alice);
      const { json } = await world.by(alice, 'PUT', sendPath(world, room), text, { ts: String(past) });
      const time = await timeOf(world, alice, room, String(json['event_id']));
      demand(time !== past, 'the person chose the time of their event');
    },
  },
  {
    ...about,
    id: 'timestamps/elsewhere',
    claim: 'ts means nothing on joining, createRoom and redacting',
    rows: ['A4.1', 'A4.2', 'A11.10'],
    async run(world) {
      const alice = await world.person('alice');
      const query = { ts: String(past) };
      const ghost = await world.ghost('main');
      const made = await world.as('main', 'POST', '/createRoom', {
        user: ghost,
        body: { preset: 'public_chat' },
        query,
      });
      const room = String(expectOk(made, 'createRoom with ts').json['room_id']);
      await world.sure(world.by(alice, 'POST', `/join/${part(room)}`, {}, query), 'a person joins');
      const path = sendPath(world, room);
      const sent = await world.as('main', 'PUT', path, { user: ghost, body: text });
      const target = String(expectOk(sent, 'on the way: sending').json['event_id']);
      const redact = `/rooms/${part(room)}/redact/${part(target)}/${world.unique('r')}`;
      const redacted = await world.as('main', 'PUT', redact, { user: ghost, body: {}, query });
      const redaction = String(expectOk(redacted, 'redacting with ts').json['event_id']);
      const state = await world.by(alice, 'GET', `/rooms/${part(room)}/state`);
      const events = JSON.parse(state.text) as { type: string; origin_server_ts: number }[];
      const moved = events.filter((event) => event.origin_server_ts === past).map((event) => event.type);
      if ((await timeOf(world, alice, room, redaction)) === past) moved.push('m.room.redaction');
      demand(moved.length === 0, `these took the time: ${[...new Set(moved)].join(', ')}`);
    },
  },
  {
    ...about,
    id: 'timestamps/order',
    claim: 'ts does not change the order of the room',
    async run(world) {
      const alice = await world.person('alice');
      const { room, ghosts } = await world.roomWith(alice, 'main');
      const first = await world.say(alice, room, 'first');
      const options = { user: ghosts[0] ?? '', body: text, query: { ts: String(past) } };
      const { json } = expectOk(await world.as('main', 'PUT', sendPath(world, room), options), 'sending with ts');
      const page = await world.by(alice, 'GET', `/rooms/${part(room)}/messages`, undefined, { dir: 'b', limit: '5' });
      const ids = (page.json['chunk'] as { event_id: string }[]).map((event) => event.event_id);
      demand(
        ids.indexOf(String(json['event_id'])) < ids.indexOf(first),
        'the message with the old time stands before one that was sent earlier',
      );
    },
  },
  {
    ...about,
    id: 'timestamps/redaction',
    level: 'unstable',
    link: msc(4169),
    claim: 'a redaction may be sent like any event, and then takes ts, announced as com.beeper.msc4169',
    rows: ['A4.2', 'A9.1'],
    async run(world) {
      await offered(world, 'com.beeper.msc4169');
      const alice = await world.person('alice');
      const { room, ghosts } = await world.roomWith(alice, 'main');
      const [user = ''] = ghosts;
      const sent = expectOk(await world.as('main', 'PUT', sendPath(world, room), { user, body: text }), 'sending');
      const redacts = String(sent.json['event_id']);
      const path = `/rooms/${part(room)}/send/m.room.redaction/${world.unique('r')}`;
      const redacting = { user, body: { redacts }, query: { ts: String(past) } };
      const { json } = expectOk(await world.as('main', 'PUT', path, redacting), 'sending the redaction');
      const time = await timeOf(world, alice, room, String(json['event_id']));
      demand(time === past, `origin_server_ts: expected ${past}, got ${String(time)}`);
      const left = await world.by(alice, 'GET', `/rooms/${part(room)}/event/${part(redacts)}`);
      const content = JSON.stringify(left.json['content']);
      demand(content === '{}', `content of the redacted event: expected {}, got ${content}`);
    },
  },
  {
    ...about,
    id: 'timestamps/batch-send',
    level: 'beyond',
    link: 'https://github.com/mautrix/go/blob/master/versions.go',
    claim: 'a batch of history is taken by com.beeper.backfill, announced as com.beeper.batch_sending',
    rows: ['A4.3', 'A9.1'],
    async run(world) {
      await offered(world, 'com.beeper.batch_sending');
      const alice = await world.person('alice');
      const { room, ghosts } = await world.roomWith(alice, 'main');
      const events = [1, 2, 3].map((index) => ({
        type: 'm.room.message',
        sender: ghosts[0] ?? '',
        origin_server_ts: past + index,
        content: { msgtype: 'm.text', body: `history ${index}` },
      }));
      const path = `/_matrix/client/unstable/com.beeper.backfill/rooms/${part(room)}/batch_send`;
      const answer = expectOk(
        await world.as('main', 'POST', path, { user: ghosts[0] ?? '', body: { events } }),
        'the batch',
      );
      const ids = answer.json['event_ids'];
      demand(Array.isArray(ids) && ids.length === 3, `event_ids: expected three, got ${answer.text}`);
    },
  },
];
