// An independent client, matrix-js-sdk, against the server as a process of its own: two people meet in a room. What the client makes of
// our answers is the test; it holds them to its own idea of the specification.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Served, serve, testConfig } from '@pons/testkit/serve';
import { AuthType, ClientEvent, createClient, type MatrixClient, RoomEvent, RoomMemberEvent } from 'matrix-js-sdk';
import { type Logger, logger as sdkLogger } from 'matrix-js-sdk/lib/logger.js';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';

const dir = mkdtempSync(path.join(tmpdir(), 'pons-sdk-'));
const silent: Logger = { trace() {}, debug() {}, info() {}, warn() {}, error() {}, getChild: () => silent };
// Some of the client's parts write to its common logger all the same.
Object.assign(sdkLogger, silent);
let server: Served;
let serial = 0;

beforeAll(async () => {
  server = await serve({ dir, config: testConfig() });
});
afterAll(async () => {
  await server.end();
  rmSync(dir, { recursive: true });
});

/** Registers somebody, without starting to sync. */
async function newClient(name: string): Promise<MatrixClient> {
  serial += 1;
  const options = { baseUrl: server.url, logger: silent };
  const username = `${name}${serial}`;
  const session = await createClient(options).registerRequest({
    username,
    password: 'pw',
    auth: { type: AuthType.Dummy },
  });
  return createClient({
    ...options,
    accessToken: session.access_token ?? '',
    userId: session.user_id,
    deviceId: session.device_id ?? '',
  });
}

/** Registers somebody whose client is in step with the server. */
async function newPerson(name: string): Promise<MatrixClient> {
  const client = await newClient(name);
  onTestFinished(() => client.stopClient());
  await client.startClient({ initialSyncLimit: 10, lazyLoadMembers: true });
  await until(client, () => client.isInitialSyncComplete());
  return client;
}

/** Waits until something is so, looking again after each response of /sync. */
function until(client: MatrixClient, isSo: () => unknown): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (!isSo()) return;
      client.off(ClientEvent.Sync, look);
      resolve();
    };
    client.on(ClientEvent.Sync, look);
    look();
  });
}

const next = (client: MatrixClient, body: string) =>
  new Promise<string>((resolve) => {
    client.on(RoomEvent.Timeline, (event) => {
      if (event.getContent()['body'] === body) resolve(event.getSender() ?? '');
    });
  });

/** A room of alice's in which bob is too, seen by both. */
async function sharedRoom(alice: MatrixClient, bob: MatrixClient): Promise<string> {
  const { room_id: roomId } = await alice.createRoom({ name: 'Tea', invite: [bob.getSafeUserId()] });
  await until(bob, () => bob.getRoom(roomId)?.getMyMembership() === 'invite');
  expect(bob.getRoom(roomId)?.name).toBe('Tea');
  await bob.joinRoom(roomId);
  await until(alice, () => alice.getRoom(roomId)?.getMember(bob.getSafeUserId())?.membership === 'join');
  await until(bob, () => bob.getRoom(roomId)?.getMyMembership() === 'join');
  return roomId;
}

describe('matrix-js-sdk', () => {
  it('carries an invitation, messages both ways, an edit of a name and a kick', async () => {
    const [alice, bob] = [await newPerson('alice'), await newPerson('bob')];
    const roomId = await sharedRoom(alice, bob);
    const heard = next(bob, 'hello');
    await alice.sendTextMessage(roomId, 'hello');
    expect(await heard).toBe(alice.getUserId());
    const answered = next(alice, 'hello yourself');
    await bob.sendTextMessage(roomId, 'hello yourself');
    expect(await answered).toBe(bob.getUserId());
    await alice.setDisplayName('Ada');
    await until(bob, () => bob.getRoom(roomId)?.getMember(alice.getSafeUserId())?.rawDisplayName === 'Ada');
    await alice.kick(roomId, bob.getSafeUserId());
    await until(bob, () => bob.getRoom(roomId)?.getMyMembership() === 'leave');
  });

  it('sees who types and how far others have read', async () => {
    const [alice, bob] = [await newPerson('alice'), await newPerson('bob')];
    const roomId = await sharedRoom(alice, bob);
    const { event_id: eventId } = await alice.sendTextMessage(roomId, 'read me');
    await until(bob, () => bob.getRoom(roomId)?.findEventById(eventId));
    const typing = new Promise<boolean>((resolve) => {
      alice.on(RoomMemberEvent.Typing, (_event, member) => {
        if (member.userId === bob.getUserId()) resolve(member.typing);
      });
    });
    await bob.sendTyping(roomId, true, 5_000);
    expect(await typing).toBe(true);
    await bob.sendReadReceipt(bob.getRoom(roomId)?.findEventById(eventId) ?? null);
    await until(alice, () => alice.getRoom(roomId)?.getEventReadUpTo(bob.getSafeUserId()) === eventId);
  });

  it('keeps account data, tags and push rules in step over two devices', async () => {
    const phone = await newPerson('alice');
    const { room_id: roomId } = await phone.createRoom({});
    const session = await createClient({ baseUrl: server.url, logger: silent }).loginRequest({
      type: 'm.login.password',
      identifier: { type: 'm.id.user', user: phone.getSafeUserId() },
      password: 'pw',
    });
    const { access_token: accessToken, user_id: userId, device_id: deviceId } = session;
    const laptop = createClient({ baseUrl: server.url, logger: silent, accessToken, userId, deviceId });
    onTestFinished(() => laptop.stopClient());
    await laptop.startClient();
    await until(laptop, () => laptop.getRoom(roomId));
    await phone.setRoomTag(roomId, 'm.favourite', { order: 0.5 });
    await until(laptop, () => laptop.getRoom(roomId)?.tags['m.favourite']?.order === 0.5);
    await phone.addPushRule('global', 'room' as never, roomId, { actions: [] });
    await until(laptop, () => laptop.pushRules?.global.room?.some((rule) => rule.rule_id === roomId));
    expect((await laptop.getDevices()).devices).toHaveLength(2);
    await laptop.logout();
    await expect(laptop.whoami()).rejects.toMatchObject({ errcode: 'M_UNKNOWN_TOKEN' });
    expect((await phone.getDevices()).devices).toHaveLength(1);
  });

  it('scrolls back from the first /sync to the beginning of the room, and closes a gap, without a hole or a repetition', async () => {
    const bot = await newClient('bot');
    const { room_id: roomId } = await bot.createRoom({ preset: 'public_chat' as never });
    const say = async (from: number, to: number) => {
      for (let n = from; n <= to; n += 1) await bot.sendTextMessage(roomId, `m${n}`);
    };
    const heard = (client: MatrixClient) =>
      (client.getRoom(roomId)?.getLiveTimeline().getEvents() ?? []).flatMap(
        (event) => event.getContent()['body'] ?? [],
      );
    const upTo = (last: number) => Array.from({ length: last }, (_, n) => `m${n + 1}`);
    const alice = await newClient('alice');
    onTestFinished(() => alice.stopClient());
    await alice.joinRoom(roomId);
    await say(1, 25);
    await alice.startClient({ initialSyncLimit: 10 });
    await until(alice, () => alice.getRoom(roomId));
    const room = alice.getRoom(roomId);
    if (room === null) throw new Error('no room');
    expect(heard(alice)).toEqual(upTo(25).slice(15));
    await alice.scrollback(room, 100);
    expect(heard(alice)).toEqual(upTo(25));
    alice.stopClient();
    await say(26, 50);
    const since = alice.store.getSyncToken() ?? '';
    const query = new URLSearchParams({ since, filter: '{"room":{"timeline":{"limit":5}}}' });
    const headers = { authorization: `Bearer ${alice.getAccessToken()}` };
    type Page = { readonly content: { readonly body?: string } }[];
    const get = async <Body>(where: string): Promise<Body> => {
      const response = await fetch(`${server.url}/_matrix/client/v3/${where}`, { headers });
      return (await response.json()) as Body;
    };
    type Timeline = { readonly events: Page; readonly limited: boolean; readonly prev_batch: string };
    type Joined = Record<string, { readonly timeline: Timeline }>;
    const { rooms } = await get<{ rooms: { join: Joined } }>(`sync?${String(query)}`);
    const { events = [], limited, prev_batch: from = '' } = rooms.join[roomId]?.timeline ?? {};
    const gap = new URLSearchParams({ dir: 'b', from, to: since, limit: '100' });
    const { chunk } = await get<{ chunk: Page }>(`rooms/${roomId}/messages?${String(gap)}`);
    const said = [...chunk.toReversed(), ...events].map((event) => event.content.body);
    expect([limited, said]).toEqual([true, upTo(50).slice(25)]);
  });

  it('uploads media and downloads it with its token, and not without', async () => {
    const alice = await newClient('alice');
    const { content_uri: uri } = await alice.uploadContent(Buffer.from('some bytes'), {
      name: 'ä.txt',
      type: 'text/plain',
    });
    const url = alice.mxcUrlToHttp(uri, undefined, undefined, undefined, false, true, true) ?? '';
    expect((await fetch(url)).status).toBe(401);
    const response = await fetch(url, { headers: { authorization: `Bearer ${alice.getAccessToken()}` } });
    expect(response.headers.get('content-disposition')).toBe("inline; filename*=utf-8''%C3%A4.txt");
    expect(await response.text()).toBe('some bytes');
    const frozen = await fetch(alice.mxcUrlToHttp(uri) ?? '');
    expect([frozen.status, await frozen.json()]).toMatchObject([404, { errcode: 'M_NOT_FOUND' }]);
  });
});
