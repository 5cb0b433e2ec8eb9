// Users who act: what they do first by themselves, and what they do when the homeserver says no.

import { afterEach, beforeEach, expect, test } from 'vitest';
import { AppService } from '../appservice.ts';
import { type RecordingHomeserver, recordingHomeserver } from '../testing/recording-homeserver.ts';
import { testRegistration } from '../testing/test-registration.ts';

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
let homeserver: RecordingHomeserver;
let appservice: AppService;
let roomId: string;

beforeEach(async () => {
  homeserver = await recordingHomeserver();
  appservice = make();
  roomId = String(
    (await appservice.bot.call({ method: 'POST', path: '/_matrix/client/v3/createRoom', body: {} }))['room_id'],
  );
});
afterEach(() => homeserver.close());

function make(): AppService {
  return new AppService({
    registration: testRegistration(),
    homeserverUrl: homeserver.url,
    domain: 'example.org',
    store: ':memory:',
    log: quiet,
  });
}

const count = (line: RegExp): number => homeserver.requests.filter((request) => line.test(request)).length;

test('a ghost that speaks registers and joins by itself, once, however many speak at once', async () => {
  const ghost = appservice.intent('_x_ada');
  await Promise.all(['a', 'b', 'c'].map((body) => ghost.sendText(roomId, body)));
  expect(homeserver.said(roomId).toSorted()).toEqual(['a', 'b', 'c'].map((body) => `@_x_ada:example.org: ${body}`));
  expect(count(/register as nobody/)).toBe(2); // the bot and the ghost
  expect(count(/\/join as @_x_ada/)).toBe(1);
});

test('where joining is forbidden the bot invites and the ghost joins again', async () => {
  homeserver.answerOnce(/\/join as @_x_ada/, 403, { errcode: 'M_FORBIDDEN', error: 'invite only' });
  await appservice.intent('_x_ada').sendText(roomId, 'hello');
  expect(count(/\/invite as @bot/)).toBe(1);
  expect(homeserver.said(roomId)).toEqual(['@_x_ada:example.org: hello']);
});

test('the same key makes one event, also from another process', async () => {
  const first = await appservice.intent('_x_ada').sendText(roomId, 'hello', { key: 'k' });
  const second = await make().intent('_x_ada').sendText(roomId, 'hello', { key: 'k' });
  expect(second).toBe(first);
  const others = await Promise.all([
    appservice.intent('_x_bob').sendText(roomId, 'hello', { key: 'k' }),
    appservice.intent('_x_ada').sendText(roomId, 'hello'),
  ]);
  expect(new Set([first, ...others]).size).toBe(3);
});

test('what was remembered and is no longer so is found out and made so again', async () => {
  const ghost = appservice.intent('_x_ada');
  await ghost.sendText(roomId, 'one');
  homeserver.answerOnce(/\/send\/.* as @_x_ada/, 403, { errcode: 'M_FORBIDDEN', error: 'not in the room' });
  await ghost.sendText(roomId, 'two');
  expect(homeserver.said(roomId)).toHaveLength(2);
  expect(count(/\/join as @_x_ada/)).toBe(2);
});

test('a rate limit and a server in trouble are waited for, a refusal is not', async () => {
  const ghost = appservice.intent('_x_ada');
  homeserver.answerOnce(/\/send\//, 429, { errcode: 'M_LIMIT_EXCEEDED', error: 'slower' }, { 'retry-after': '0' });
  homeserver.answerOnce(/\/send\//, 503, { errcode: 'M_UNKNOWN', error: 'restarting' });
  await ghost.sendText(roomId, 'patience');
  expect(homeserver.said(roomId)).toEqual(['@_x_ada:example.org: patience']);
  homeserver.answerOnce(/\/send\//, 413, { errcode: 'M_TOO_LARGE', error: 'no' });
  await expect(ghost.sendText(roomId, 'big')).rejects.toMatchObject({ errcode: 'M_TOO_LARGE', status: 413 });
});

test('the time of an event, display names, state and redactions go out as asked', async () => {
  const ghost = appservice.intent('_x_ada');
  await ghost.setDisplayName('Ada');
  const eventId = await ghost.sendText(roomId, 'then', { ts: 1_234 });
  await appservice.bot.sendState(roomId, 'm.room.topic', '', { topic: 'engines' });
  await ghost.redact(roomId, eventId, { reason: 'wrong' });
  expect(homeserver.names.get('@_x_ada:example.org')).toBe('Ada');
  expect(homeserver.events.filter((event) => event.type !== 'm.room.member')).toMatchObject([
    { type: 'm.room.message', origin_server_ts: 1_234 },
    { type: 'm.room.topic', state_key: '', content: { topic: 'engines' } },
    { type: 'm.room.redaction', redacts: eventId, content: { reason: 'wrong' } },
  ]);
});

test('what passes goes out by its own endpoint, as a member, with the key of the program', async () => {
  const ghost = appservice.intent('_x_ada');
  for (const key of ['k', 'k', 'l'])
    await ghost.sendEphemeralEvent(roomId, 'org.example.progress', { percent: 1 }, { key });
  const sent = homeserver.requests.filter((line) => line.includes('/ephemeral/org.example.progress/'));
  expect(sent).toHaveLength(3);
  expect(new Set(sent).size).toBe(2);
  expect(homeserver.members(roomId)).toContain('@_x_ada:example.org');
  expect(homeserver.events.filter((event) => event.type !== 'm.room.member')).toEqual([]);
});

test('only users of the registration are ours', () => {
  expect(
    ['@bot:example.org', '@_x_a:example.org', '@_x_a:other.org', '@alice:example.org'].map((user) =>
      appservice.isOurs(user),
    ),
  ).toEqual([true, true, false, false]);
});
