// The whole engine between a network in memory and a homeserver that records, over real HTTP and a real store.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import { type FakeClock, fakeClock } from '../testing/clock.ts';
import { type RecordingHomeserver, recordingHomeserver } from '../testing/recording-homeserver.ts';
import { testRegistration } from '../testing/test-registration.ts';
import { defineNetwork, plain, text } from './define-network.ts';
import type { Login, Message, Network, RemoteEvent, To } from './network.ts';
import type { BridgeConfig, RunningBridge } from './options.ts';
import { runBridge } from './run-bridge.ts';

const folder = mkdtempSync(join(tmpdir(), 'pons-bridge-'));
afterAll(() => rmSync(folder, { recursive: true }));
const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

let homeserver: RecordingHomeserver;
let files = 0;
const running: RunningBridge[] = [];
beforeEach(async () => {
  homeserver = await recordingHomeserver();
});
afterEach(async () => {
  for (const bridge of running.splice(0)) await bridge.stop();
  await homeserver.close();
});

interface Session {
  readonly nick: string;
}
type Net = Network<Session, { nick: string }, unknown>;

/** A network in memory: what was sent to it, and who is connected. */
interface FakeNetwork {
  readonly sent: string[];
  readonly logins: Map<string, Login<{ nick: string }, unknown>>;
  network(more?: Partial<Omit<Net, 'to'>> & { to?: Partial<To<Session>> }): Net;
  says(event: RemoteEvent): Promise<void>;
}

function fakeNetwork(): FakeNetwork {
  const fake: FakeNetwork = {
    sent: [],
    logins: new Map(),
    network: (more = {}) =>
      defineNetwork<Session, { nick: string }>({
        id: 'x',
        name: 'X',
        login: {},
        async connect(login) {
          fake.logins.set(login.id, login);
          return { nick: login.cred.nick };
        },
        ...more,
        to: {
          async message(session, { message }, { key }) {
            fake.sent.push(`${session.nick}: ${plain(message)}`);
            return { id: `sent ${key}` };
          },
          ...more.to,
        },
      }),
    says: async (event) => await fake.logins.get('listener')?.emit(event),
  };
  return fake;
}

async function start(
  network: Net,
  more: { store?: string; config?: BridgeConfig<{ nick: string }>; clock?: FakeClock } = {},
): Promise<{ bridge: RunningBridge; room: string }> {
  const bridge = await runBridge({
    network,
    registration: testRegistration(),
    homeserverUrl: homeserver.url,
    domain: 'example.org',
    store: more.store ?? join(folder, `${files++}.sqlite`),
    config: {
      relay: { id: 'listener', self: 'pons', name: 'pons', cred: { nick: 'pons' } },
      portals: [{ chat: '#c', room: '#c:example.org' }],
      ...more.config,
    },
    listen: { port: 0 },
    ...(more.clock ? { clock: more.clock } : {}),
    log: quiet,
  });
  running.push(bridge);
  await bridge.ready();
  homeserver.serve(bridge.port, 'hs');
  return { bridge, room: bridge.roomOf('#c') ?? '' };
}

const ada = { chat: '#c', from: 'Ada' };
const says = (room_id: string, body: string, more: object = {}) =>
  homeserver.happens({
    room_id,
    type: 'm.room.message',
    sender: '@alice:example.org',
    content: { msgtype: 'm.text', body, ...more },
  });
const last = () => homeserver.events.at(-1);

test('a remote message is a ghost’s event with the remote time, once, however often the network says it', async () => {
  const fake = fakeNetwork();
  const { room } = await start(fake.network());
  const at = new Date(1_600_000_000_000);
  const message = { ...ada, t: 'message' as const, id: 'm1', at, message: text('hello') };
  await fake.says(message);
  await fake.says(message);
  await fake.says({ ...ada, t: 'message', id: 'm2', message: text('again') });
  await expect
    .poll(() => homeserver.said(room))
    .toEqual(['@_x__ada:example.org: hello', '@_x__ada:example.org: again']);
  expect(homeserver.events.find((event) => event.content['body'] === 'hello')?.origin_server_ts).toBe(at.getTime());
  expect(homeserver.names.get('@_x__ada:example.org')).toBe('Ada');
});

test('formatting, mentions, replies, edits, reactions and removals find their way into the room', async () => {
  const fake = fakeNetwork();
  const { room } = await start(fake.network());
  await fake.says({ ...ada, t: 'message', id: 'm1', message: text('one') });
  const bold: Message = {
    parts: [{ blocks: [{ p: [{ b: ['two'] }, ' ', { mention: 'bob', label: 'bob' }] }] }],
    replyTo: 'm1',
  };
  await fake.says({ ...ada, t: 'message', id: 'm2', message: bold });
  await fake.says({ ...ada, t: 'edit', id: 'm1', parts: text('uno').parts });
  await fake.says({ chat: '#c', from: 'bob', t: 'react', target: 'm1', key: '👍', on: true });
  await fake.says({ chat: '#c', from: 'bob', t: 'react', target: 'm1', key: '👍', on: false });
  await fake.says({ ...ada, t: 'remove', target: 'm2' });
  await expect.poll(() => homeserver.events.filter((event) => event.type === 'm.room.redaction')).toHaveLength(2);
  const [one, two, edit, reaction, unreact, removal] = homeserver.events.filter(
    (event) => event.room_id === room && /message|reaction|redaction/.test(event.type),
  );
  expect(two?.content).toMatchObject({
    formatted_body: expect.stringContaining('<strong>two</strong>') as string,
    'm.mentions': { user_ids: ['@_x_bob:example.org'] },
    'm.relates_to': { 'm.in_reply_to': { event_id: one?.event_id } },
  });
  expect(edit?.content).toMatchObject({
    body: '* uno',
    'm.new_content': { body: 'uno' },
    'm.relates_to': { rel_type: 'm.replace', event_id: one?.event_id },
  });
  expect(reaction).toMatchObject({
    sender: '@_x_bob:example.org',
    content: { 'm.relates_to': { event_id: one?.event_id, key: '👍' } },
  });
  expect(unreact).toMatchObject({ sender: '@_x_bob:example.org', redacts: reaction?.event_id });
  expect(removal).toMatchObject({ sender: '@_x__ada:example.org', redacts: two?.event_id });
});

test('what the network said while the homeserver was away arrives when it is back, in order', async () => {
  const fake = fakeNetwork();
  const { room } = await start(fake.network());
  homeserver.away = true;
  for (const id of ['1', '2', '3']) await fake.says({ ...ada, t: 'message', id, message: text(id) });
  homeserver.away = false;
  await expect
    .poll(() => homeserver.said(room), { timeout: 60_000 })
    .toEqual(['1', '2', '3'].map((id) => `@_x__ada:example.org: ${id}`));
});

test('what was emitted and not carried before the end is carried by the next run', async () => {
  const fake = fakeNetwork();
  const store = join(folder, 'carried.sqlite');
  const { bridge, room } = await start(fake.network(), { store });
  homeserver.away = true;
  await fake.says({ ...ada, t: 'message', id: 'm', message: text('kept') });
  await bridge.stop();
  running.length = 0;
  homeserver.away = false;
  await start(fake.network(), { store });
  await expect.poll(() => homeserver.said(room)).toEqual(['@_x__ada:example.org: kept']);
});

test('joins, parts and whole lists make the room’s ghosts those of the chat', async () => {
  const fake = fakeNetwork();
  const { room } = await start(fake.network());
  const ghosts = (): string[] =>
    homeserver
      .members(room)
      .filter((user) => user.startsWith('@_x_'))
      .toSorted();
  await fake.says({ t: 'member', chat: '#c', user: 'a', to: 'join' });
  await fake.says({ t: 'member', chat: '#c', user: 'pons', to: 'join' });
  await fake.says({
    t: 'chat',
    chat: '#c',
    info: { topic: 'all things', members: { list: { b: { nick: 'Bea' }, c: {} } } },
  });
  await expect.poll(ghosts).toEqual(['@_x_b:example.org', '@_x_c:example.org']);
  await fake.says({ t: 'member', chat: '#c', user: 'b', to: 'leave', reason: 'bye' });
  await expect.poll(ghosts).toEqual(['@_x_c:example.org']);
  expect(homeserver.names.get('@_x_b:example.org')).toBe('Bea');
  expect(homeserver.events.find((event) => event.type === 'm.room.topic')?.content).toEqual({ topic: 'all things' });
});

test('a Matrix message goes out through the listener under its speaker’s name when nobody has a login', async () => {
  const fake = fakeNetwork();
  const { room } = await start(fake.network({ limits: { text: { max: 30, unit: 'chars', over: 'split' } } }));
  homeserver.names.set('@alice:example.org', 'Alice');
  await says(room, 'one two three four five six seven');
  await says(room, 'b', { format: 'org.matrix.custom.html', formatted_body: '<b>bold</b>' });
  await expect
    .poll(() => fake.sent)
    .toEqual(['pons: Alice: one two three four five', 'pons: six seven', 'pons: Alice: bold']);
});

test('each Matrix user speaks through a login made for them, and what those say is not heard twice', async () => {
  const fake = fakeNetwork();
  const autoLogin: Net['autoLogin'] = async ({ mxid }) =>
    mxid.startsWith('@guest')
      ? null
      : { id: mxid, self: mxid.slice(1, 6), name: mxid, cred: { nick: mxid.slice(1, 6) } };
  const { room } = await start(fake.network({ autoLogin }), { config: { connectedMax: 1 } });
  await says(room, 'mine');
  await expect.poll(() => fake.sent).toEqual(['alice: mine']);
  await fake.says({ chat: '#c', from: 'alice', t: 'message', id: 'e1', message: text('mine') });
  await fake.says({ ...ada, t: 'message', id: 'e2', message: text('theirs') });
  await expect.poll(() => homeserver.said(room).slice(1)).toEqual(['@_x__ada:example.org: theirs']);
  await homeserver.happens({
    room_id: room,
    type: 'm.room.message',
    sender: '@berta:example.org',
    content: { msgtype: 'm.text', body: 'hers' },
  });
  await homeserver.happens({
    room_id: room,
    type: 'm.room.message',
    sender: '@guest:example.org',
    content: { msgtype: 'm.text', body: 'his' },
  });
  await expect.poll(() => fake.sent.toSorted()).toEqual(['alice: mine', 'berta: hers', 'pons: guest: his']);
  // One at a time: the first was closed for the second.
  expect(fake.logins.get('@berta:example.org')?.signal.aborted).toBe(false);
});

test('edits, reactions and redactions of Matrix users call the network’s verbs with its own ids', async () => {
  const fake = fakeNetwork();
  const calls: unknown[] = [];
  const { room } = await start(
    fake.network({
      to: {
        edit: async (_, { target, message }) => void calls.push(['edit', target, plain(message)]),
        react: async (_, { target, key, on }) => void calls.push(['react', target, key, on]),
        remove: async (_, { target }) => void calls.push(['remove', target]),
      },
    }),
  );
  const sender = '@alice:example.org';
  const first = await says(room, 'helo');
  await says(room, '* hello', {
    'm.new_content': { msgtype: 'm.text', body: 'hello' },
    'm.relates_to': { rel_type: 'm.replace', event_id: first },
  });
  const reaction = await homeserver.happens({
    room_id: room,
    type: 'm.reaction',
    sender,
    content: { 'm.relates_to': { rel_type: 'm.annotation', event_id: first, key: '🎉' } },
  });
  await homeserver.happens({ room_id: room, type: 'm.room.redaction', sender, content: { redacts: reaction } });
  await homeserver.happens({ room_id: room, type: 'm.room.redaction', sender, content: {}, redacts: first });
  const target = `sent ${first}`;
  await expect
    .poll(() => calls)
    .toEqual([
      ['edit', target, 'alice: hello'],
      ['react', target, '🎉', true],
      ['react', target, '🎉', false],
      ['remove', target],
    ]);
});

test('a verb that the network lacks becomes readable text, nothing, or a refusal, as it declares', async () => {
  const fake = fakeNetwork();
  const { room } = await start(fake.network({ without: { react: 'drop', remove: 'refuse' } }));
  const first = await says(room, 'helo');
  await says(room, '* hello', {
    'm.new_content': { msgtype: 'm.text', body: 'hello' },
    'm.relates_to': { rel_type: 'm.replace', event_id: first },
  });
  const sender = '@alice:example.org';
  await homeserver.happens({
    room_id: room,
    type: 'm.reaction',
    sender,
    content: { 'm.relates_to': { rel_type: 'm.annotation', event_id: first, key: '🎉' } },
  });
  await homeserver.happens({ room_id: room, type: 'm.room.redaction', sender, content: {}, redacts: first });
  await expect.poll(() => last()?.type).toBe('com.beeper.message_send_status');
  expect(fake.sent).toEqual(['pons: alice: helo', 'pons: alice: * hello']);
  expect(homeserver.said(room).at(-1)).toBe('@bot:example.org: ⚠️ Not delivered to X: X has nothing like it');
});

test('a failure is told in the room, a passing one is tried again with the same key first', async () => {
  const fake = fakeNetwork();
  const keys: string[] = [];
  const { room } = await start(
    fake.network({
      to: {
        async message(_, __, send) {
          keys.push(send.key);
          return keys.length === 1
            ? send.fail('try-again', 'the line is busy', 1)
            : send.fail('forbidden', 'you are muted');
        },
      },
    }),
  );
  const eventId = await says(room, 'anyone?');
  await expect.poll(() => last()?.type).toBe('com.beeper.message_send_status');
  expect(keys).toEqual([eventId, eventId]);
  expect(homeserver.said(room).at(-1)).toBe('@bot:example.org: ⚠️ Not delivered to X: you are muted');
  expect(last()?.content).toMatchObject({
    network: 'x',
    status: 'FAIL_PERMANENT',
    'm.relates_to': { rel_type: 'm.reference', event_id: eventId },
  });
});

test('a send that waits for its echo is done when the network says it again, and the echo is not shown', async () => {
  const fake = fakeNetwork();
  const { room } = await start(
    fake.network({
      to: {
        async message(_, { message }, { key }) {
          fake.sent.push(key);
          // Faster than our own answer.
          await fake.says({ chat: '#c', from: 'me', t: 'message', id: 'r1', echoOf: key, message });
          return { waitFor: 'echo' };
        },
        remove: async (_, { target }) => void fake.sent.push(`remove ${JSON.stringify(target)}`),
      },
    }),
  );
  const eventId = await says(room, 'hello');
  await homeserver.happens({
    room_id: room,
    type: 'm.room.redaction',
    sender: '@alice:example.org',
    content: {},
    redacts: eventId,
  });
  await expect.poll(() => fake.sent).toEqual([eventId, 'remove "r1"']);
  expect(homeserver.said(room)).toEqual(['@alice:example.org: hello']);
});

test('a send under way at the end is asked about at the next start, and sent again only if it did not go out', async () => {
  const store = join(folder, 'crash.sqlite');
  const fake = fakeNetwork();
  const hangs = fake.network({
    to: {
      async message(_, { message }, { key }) {
        fake.sent.push(`${key} ${plain(message)}`);
        return await new Promise(() => undefined);
      },
    },
  });
  const { bridge, room } = await start(hangs, { store });
  const eventId = await says(room, 'did it go out?');
  await expect.poll(() => fake.sent).toHaveLength(1);
  const second = await says(room, 'and this?');
  await bridge.stop();
  running.length = 0;
  const asked: string[] = [];
  const wasSent = async (_: Session, { key }: { key: string }): Promise<string | null> => (
    asked.push(key), key === eventId ? 'r1' : null
  );
  await start(fake.network({ get: { wasSent } }), { store });
  await expect.poll(() => fake.sent).toEqual([`${eventId} alice: did it go out?`, 'pons: alice: and this?']);
  expect(asked).toEqual([eventId, second]);
});

test('a chat without a mapping gets a room when somebody speaks there, a private one only for its owner', async () => {
  const fake = fakeNetwork();
  const autoLogin: Net['autoLogin'] = async ({ mxid }) => ({ id: mxid, self: 'al', name: 'al', cred: { nick: 'al' } });
  const { bridge, room } = await start(fake.network({ autoLogin }));
  await fake.says({ chat: 'Other', from: 'bob', t: 'message', id: '1', message: text('here') });
  await expect.poll(() => bridge.roomOf('Other')).toBeDefined();
  await says(room, 'hello');
  await expect.poll(() => fake.logins.get('@alice:example.org')).toBeDefined();
  const chat = { id: 'bob', receiver: '@alice:example.org' };
  await fake.logins
    .get('@alice:example.org')
    ?.emit({ chat, from: 'bob', t: 'message', id: '2', message: text('psst') });
  await expect.poll(() => homeserver.said(bridge.roomOf(chat) ?? '')).toEqual(['@_x_bob:example.org: psst']);
  const replied = await homeserver.happens({
    room_id: bridge.roomOf(chat) ?? '',
    type: 'm.room.message',
    sender: '@alice:example.org',
    content: { msgtype: 'm.text', body: 'yes?' },
  });
  await expect.poll(() => fake.sent).toEqual(['al: hello', 'al: yes?']);
  expect(replied).toBeDefined();
});

test('inviting a ghost begins a private chat where the network has that, else it declines', async () => {
  const fake = fakeNetwork();
  const autoLogin: Net['autoLogin'] = async ({ mxid }) => ({ id: mxid, self: 'al', name: 'al', cred: { nick: 'al' } });
  const create: To<Session>['create'] = async (_, { users }, send) =>
    users[0] === 'bob'
      ? { id: 'bob', receiver: '@alice:example.org' }
      : send.fail('forbidden', 'they do not want that');
  const { bridge, room } = await start(fake.network({ autoLogin, to: { create } }));
  const sender = '@alice:example.org';
  const invite = (ghost: string) =>
    homeserver.happens({
      room_id: own,
      type: 'm.room.member',
      sender,
      state_key: ghost,
      content: { membership: 'invite' },
    });
  const own = homeserver.makeRoom();
  await invite('@_x_bob:example.org');
  await expect.poll(() => bridge.roomOf({ id: 'bob', receiver: sender })).toBe(own);
  await says(own, 'hi bob');
  await expect.poll(() => fake.sent).toEqual(['al: hi bob']);
  expect(homeserver.members(own)).toContain('@_x_bob:example.org');
  expect(room).not.toBe(own);
  const other = homeserver.makeRoom();
  await homeserver.happens({
    room_id: other,
    type: 'm.room.member',
    sender,
    state_key: '@_x_eve:example.org',
    content: { membership: 'invite' },
  });
  await expect
    .poll(() => homeserver.events.at(-1))
    .toMatchObject({ room_id: other, sender: '@_x_eve:example.org', content: { membership: 'leave' } });
  expect(bridge.roomOf({ id: 'eve', receiver: sender })).toBeUndefined();
});

test('a send that the network accepts and never confirms has failed when its time is over', async () => {
  const fake = fakeNetwork();
  const clock = fakeClock();
  const message: To<Session>['message'] = async (_, __, { key }) => (
    fake.sent.push(key), { waitFor: 'sent', forMs: 5_000 }
  );
  const { bridge, room } = await start(fake.network({ to: { message } }), { clock });
  const eventId = await says(room, 'anyone?');
  await expect.poll(() => fake.sent).toEqual([eventId]);
  await clock.advance(4_000);
  expect(last()?.type).toBe('m.room.message');
  await expect.poll(async () => (await clock.advance(1_000), last()?.type)).toBe('com.beeper.message_send_status');
  expect(homeserver.said(room).at(-1)).toBe('@bot:example.org: ⚠️ Not delivered to X: X did not confirm it');
  expect(fake.sent).toHaveLength(1);
  expect(bridge.roomOf('#c')).toBe(room);
});
