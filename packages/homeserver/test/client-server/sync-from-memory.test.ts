// A /sync that wakes for what this process has just committed reads nothing back, and tells the same as one that reads the database.
import type { JsonObject } from '@pons/spec';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fakeClock } from '../../../testkit/src/clock.ts';
import { testUser } from '../../../testkit/src/room-lanes.ts';
import { type SyncBody, type SyncHouse, syncHouse } from '../../../testkit/src/sync-house.ts';
import { setAccountData } from '../../src/accounts/account-data.ts';
import { parseFilter } from '../../src/accounts/filters.ts';
import { createRoom } from '../../src/actions/create-room.ts';
import { inviteUser } from '../../src/actions/invite-user.ts';
import { joinRoom } from '../../src/actions/join-room.ts';
import { leaveRoom } from '../../src/actions/leave-room.ts';
import { redactEvent } from '../../src/actions/redact-event.ts';
import { sendEvent } from '../../src/actions/send-event.ts';
import { sendState } from '../../src/actions/send-state.ts';
import { KeyCountMemory } from '../../src/e2ee/key-counts.ts';
import { setReadMarkers } from '../../src/ephemeral/receipts.ts';
import { joinedRoomNid } from '../../src/ephemeral/joined-room.ts';
import type { Requester } from '../../src/platform/requester.ts';
import type { Queryable } from '../../src/storage/database.ts';
import { deviceListChange } from '../../src/stream/device-list-change.ts';
import { parseSinceToken } from '../../src/sync/since-token.ts';
import { Sync } from '../../src/sync/sync-response.ts';
import { NewsIndex } from '../../src/sync/wait-for-news.ts';

// What is in memory counts as fresh for a second: here none passes.
const clock = fakeClock(1_700_000_000_000);
let house: SyncHouse;
let serial = 0;
beforeAll(async () => {
  house = await syncHouse({ clock });
});
afterAll(async () => {
  await house.close();
});

const newUser = (name: string): Requester => testUser(`${name}${(serial += 1)}`, { deviceId: 'PHONE' });
const newRoom = (creator: Requester) =>
  createRoom(house, creator, {
    preset: 'public_chat',
    invite: [],
    isDirect: false,
    creationContent: {},
    initialState: [],
  });
function say(sender: Requester, roomId: string, content: JsonObject = { body: 'hello' }): Promise<string> {
  const txnId = `t${(serial += 1)}`;
  return sendEvent(house, sender, { roomId, type: 'm.room.message', content, txnId, endpoint: 'sendMessage' });
}

function redact(sender: Requester, roomId: string, redacts: string): Promise<string> {
  const txnId = `t${(serial += 1)}`;
  return redactEvent(house, sender, { roomId, redacts, content: {}, txnId, endpoint: 'redactEvent' });
}

/** A server of its own on the house's database, whose statements are noted. */
function reader(news: NewsIndex) {
  const statements: string[] = [];
  const db: Queryable = {
    query(statement, values) {
      statements.push(statement.name);
      return house.db.query(statement, values);
    },
  };
  const keyCounts = new KeyCountMemory({ db, clock, publish: () => {} });
  const sync = new Sync({ ...house, db, news, clock, keyCounts, deleteToDevice: async () => {} });
  const read = (userId: string, since?: string, more: { timeoutMs?: number; filter?: JsonObject } = {}) => {
    const token = since === undefined ? undefined : parseSinceToken(since);
    return sync.respond({
      userId,
      deviceId: 'PHONE',
      ...(token === undefined ? {} : { since: token }),
      filter: parseFilter(more.filter ?? {}),
      fullState: false,
      useStateAfter: false,
      timeoutMs: more.timeoutMs ?? 0,
      signal: AbortSignal.timeout(60_000),
    }) as Promise<unknown> as Promise<SyncBody>;
  };
  return { read, statements };
}

/** Remembers nothing: it makes /sync look for itself. */
function forgetful(): NewsIndex {
  return Object.assign(new NewsIndex(clock), { recentNews: () => undefined, roomsWithoutNews: () => undefined });
}

/** Alice and bob in a room of alice's, bob with a token. */
async function chat() {
  const [alice, bob] = [newUser('alice'), newUser('bob')];
  const roomId = await newRoom(alice);
  await joinRoom(house, bob, { roomIdOrAlias: roomId });
  const roomNid = await joinedRoomNid(house.db, roomId, bob.userId);
  const { read, statements } = reader(house.news);
  const { next_batch: since } = await read(bob.userId);
  statements.length = 0;
  return { alice, bob, roomId, roomNid, read, statements, since };
}

describe('a /sync that waits', () => {
  it('wakes for a message without a statement', async () => {
    const { alice, bob, roomId, read, statements, since } = await chat();
    const waiting = read(bob.userId, since, { timeoutMs: 30_000 });
    await expect.poll(() => house.news.size).toBe(1);
    await say(alice, roomId);
    const { rooms, next_batch: next } = await waiting;
    expect(rooms?.join?.[roomId]?.timeline.events).toMatchObject([{ content: { body: 'hello' } }]);
    expect(statements).toEqual([]);
    const again = read(bob.userId, next, { timeoutMs: 30_000 });
    await expect.poll(() => house.news.size).toBe(1);
    expect(statements).toEqual([]);
    await say(alice, roomId);
    await again;
    expect(statements).toEqual([]);
  });

  it('comes late to a message without one either, and to a receipt and typing', async () => {
    const { alice, bob, roomId, roomNid, read, statements, since } = await chat();
    const eventId = await say(alice, roomId);
    await setReadMarkers(house.receipts, { userId: alice.userId, roomNid }, [{ type: 'm.read', eventId }]);
    house.typing.set({ roomNid, userId: alice.userId, timeoutMs: 20_000 });
    const room = (await read(bob.userId, since)).rooms?.join?.[roomId];
    expect(room?.timeline.events).toHaveLength(1);
    expect(room?.ephemeral.events.map(({ type }) => type)).toEqual(['m.typing', 'm.receipt']);
    expect(statements).toEqual([]);
    house.typing.set({ roomNid, userId: alice.userId, timeoutMs: 0 });
  });

  it('reads the database again once that is older than what another process may have done to it', async () => {
    const { alice, bob, roomId, read, statements, since } = await chat();
    await say(alice, roomId);
    await clock.advance(1_001);
    expect((await read(bob.userId, since)).rooms?.join?.[roomId]?.timeline.events).toHaveLength(1);
    expect(statements).toContain('stream.timelines');
  });

  it('reads the database where another process was heard of in one of the rooms', async () => {
    const { alice, bob, roomId, roomNid, read, statements, since } = await chat();
    await say(alice, roomId);
    const position = parseSinceToken((await reader(forgetful()).read(bob.userId)).next_batch)?.position ?? 0;
    house.news.heard({ position, roomNids: [roomNid], userIds: [] });
    expect((await read(bob.userId, since)).rooms?.join?.[roomId]?.timeline.events).toHaveLength(1);
    expect(statements).toContain('stream.timelines');
  });

  it('reads the database while a position of another process is not told of', async () => {
    const { alice, bob, roomId, read, statements, since } = await chat();
    const { news } = house;
    const heard = news.heard.bind(news);
    const toldUpTo = parseSinceToken(since)?.position ?? 0;
    news.heard = ({ here, ...rest }) =>
      heard(here === undefined ? rest : { ...rest, here: { commits: here.commits, toldUpTo } });
    await say(alice, roomId);
    news.heard = heard;
    expect((await read(bob.userId, since)).rooms?.join?.[roomId]?.timeline.events).toHaveLength(1);
    expect(statements).toContain('stream.timelines');
  });
});

/** What a body says, without how old it is; and without where the stream is when it says nothing else. */
function said(body: SyncBody): unknown {
  const isEmpty = Object.keys(body).length === 3;
  const text = JSON.stringify(body, (key, one: unknown) =>
    key === 'age' || (isEmpty && key === 'next_batch') ? undefined : one,
  );
  return JSON.parse(text);
}

describe('what is told from memory is what the database tells', () => {
  type Chat = Awaited<ReturnType<typeof chat>> & { readonly eventId: string };
  const happenings: readonly [string, (at: Chat) => Promise<unknown>][] = [
    ['a message', ({ alice, roomId }) => say(alice, roomId)],
    ['one of their own', ({ bob, roomId }) => say(bob, roomId)],
    [
      'more messages than a timeline takes',
      async ({ alice, roomId }) => {
        for (let n = 0; n < 12; n += 1) await say(alice, roomId, { body: `m${n}` });
      },
    ],
    [
      'a message and what relates to it',
      async ({ alice, roomId }) => {
        const eventId = await say(alice, roomId);
        await say(alice, roomId, { body: 'edit', 'm.relates_to': { rel_type: 'm.thread', event_id: eventId } });
      },
    ],
    [
      'a message that is redacted',
      async ({ alice, roomId }) => {
        const eventId = await say(alice, roomId);
        await redact(alice, roomId, eventId);
      },
    ],
    ['an older one that is redacted', ({ alice, roomId, eventId }) => redact(alice, roomId, eventId)],
    [
      'a name, and another',
      async ({ alice, roomId }) => {
        for (const name of ['Tea', 'Coffee']) {
          await sendState(house, alice, { roomId, type: 'm.room.name', stateKey: '', content: { name } });
        }
      },
    ],
    ['somebody who joins', ({ roomId }) => joinRoom(house, newUser('carol'), { roomIdOrAlias: roomId })],
    ['somebody who is invited', ({ alice, roomId }) => inviteUser(house, alice, { roomId, userId: '@dan:pons.test' })],
    ['the other who leaves', ({ alice, roomId }) => leaveRoom(house, alice, { roomId })],
    ['themselves who leave', ({ bob, roomId }) => leaveRoom(house, bob, { roomId })],
    ['a room that they join', async ({ alice, bob }) => joinRoom(house, bob, { roomIdOrAlias: await newRoom(alice) })],
    [
      'receipts, one after another',
      async ({ alice, bob, roomId, roomNid, eventId }) => {
        const who = { userId: alice.userId, roomNid };
        await setReadMarkers(house.receipts, who, [{ type: 'm.read', eventId }]);
        await setReadMarkers(house.receipts, who, [{ type: 'm.read', eventId: await say(bob, roomId) }]);
        await setReadMarkers(house.receipts, who, [{ type: 'm.read.private', eventId }]);
      },
    ],
    [
      'ephemeral events, some that have ended',
      async ({ alice, roomId, roomNid }) => {
        for (const [n, expiresTs] of [clock.now() + 1, clock.now(), clock.now() + 9].entries()) {
          const json = JSON.stringify({ type: 'a.b', sender: alice.userId, room_id: roomId, content: { n } });
          const key = { userId: alice.userId, deviceId: '', txnId: `t${(serial += 1)}` };
          const ephemeralEvents = [{ ...key, roomNid, type: 'a.b', json, expiresTs, at: 0 }];
          await house.door.commit({ ephemeralEvents, positions: 1 });
        }
      },
    ],
    [
      'devices that change',
      async ({ alice }) => {
        const change = await deviceListChange(house.db, alice.userId);
        await house.door.commit({ deviceListChanges: [change], positions: 1 });
      },
    ],
    [
      'account data, and a message of whom they ignore by it',
      async ({ alice, bob, roomId }) => {
        const content = { ignored_users: { [alice.userId]: {} } };
        const key = { userId: bob.userId, roomNid: 0, type: 'm.ignored_user_list' };
        await setAccountData(house.accountData, key, content);
        await say(alice, roomId);
      },
    ],
    ['what is none of theirs', async () => say(...(await stranger()))],
  ];
  const filters: readonly [string, JsonObject][] = [
    ['no filter', {}],
    ['members loaded lazily', { room: { state: { lazy_load_members: true } } }],
    ['some types', { room: { timeline: { types: ['m.room.na*'], not_senders: ['@dan:pons.test'] } } }],
    ['no rooms', { room: { rooms: [] } }],
  ];
  for (const [filterName, filter] of filters) {
    it.each(happenings)(`with ${filterName}: %s`, async (_name, happen) => {
      const at = await chat();
      const { alice, bob, roomId } = at;
      const eventId = await say(alice, roomId);
      // Both know the same of what they have sent.
      const [memory, database] = [reader(house.news), reader(forgetful())];
      const { next_batch: since } = await memory.read(bob.userId, undefined, { filter });
      await database.read(bob.userId, undefined, { filter });
      await happen({ ...at, eventId });
      const told = await memory.read(bob.userId, since, { filter });
      expect(said(told)).toEqual(said(await database.read(bob.userId, since, { filter })));
      await happen({ ...at, eventId }).catch(() => {});
      const next = await memory.read(bob.userId, told.next_batch, { filter });
      expect(said(next)).toEqual(said(await database.read(bob.userId, told.next_batch, { filter })));
    });
  }

  async function stranger(): Promise<[Requester, string]> {
    const eve = newUser('eve');
    return [eve, await newRoom(eve)];
  }
});
