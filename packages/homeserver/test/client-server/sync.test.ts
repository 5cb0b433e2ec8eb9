// Behaviour of /sync, by what its chapter of the specification promises, on the real tables, lanes and door.
// https://spec.matrix.org/v1.19/client-server-api/#syncing
import type { JsonObject } from '@pons/spec';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type SyncBody,
  type SyncEvent,
  type SyncHouse,
  type SyncRoom,
  syncHouse,
} from '../../../testkit/src/sync-house.ts';
import { testUser } from '../../../testkit/src/room-lanes.ts';
import { setAccountData, setTag } from '../../src/accounts/account-data.ts';
import { parseFilter } from '../../src/accounts/filters.ts';
import { createAccount } from '../../src/accounts/users.ts';
import { createRoom } from '../../src/actions/create-room.ts';
import { inviteUser } from '../../src/actions/invite-user.ts';
import { joinRoom } from '../../src/actions/join-room.ts';
import { forgetRoom, leaveRoom } from '../../src/actions/leave-room.ts';
import { redactEvent } from '../../src/actions/redact-event.ts';
import { banUser } from '../../src/actions/remove-user.ts';
import { sendEvent } from '../../src/actions/send-event.ts';
import { sendState } from '../../src/actions/send-state.ts';
import { setReadMarkers } from '../../src/ephemeral/receipts.ts';
import { sendToDevice } from '../../src/ephemeral/to-device.ts';
import { joinedRoomNid } from '../../src/ephemeral/joined-room.ts';
import { systemClock } from '../../src/platform/clock.ts';
import type { Requester } from '../../src/platform/requester.ts';
import type { Queryable } from '../../src/storage/database.ts';
import { parseSinceToken } from '../../src/sync/since-token.ts';
import { Sync } from '../../src/sync/sync-response.ts';
import { NewsIndex } from '../../src/sync/wait-for-news.ts';

let house: SyncHouse;
let serial = 0;

beforeAll(async () => {
  house = await syncHouse();
});
afterAll(async () => {
  await house.close();
});

/** A user of their own for each test, whose account exists. */
async function newUser(name: string): Promise<Requester> {
  serial += 1;
  const user = testUser(`${name}${serial}`, { deviceId: 'PHONE' });
  await createAccount(house.db, { userId: user.userId, passwordHash: null, createdTs: 0 });
  return user;
}

async function newRoom(
  creator: Requester,
  more: { name?: string; state?: [string, JsonObject][] } = {},
): Promise<string> {
  return createRoom(house, creator, {
    preset: 'public_chat',
    invite: [],
    isDirect: false,
    creationContent: {},
    initialState: (more.state ?? []).map(([type, content]) => ({ type, stateKey: '', content })),
    name: more.name,
  });
}

async function say(sender: Requester, roomId: string, body: string, type = 'm.room.message'): Promise<string> {
  serial += 1;
  const content = { msgtype: 'm.text', body };
  return sendEvent(house, sender, { roomId, type, content, txnId: `t${serial}`, endpoint: 'sendMessage' });
}

function join(user: Requester, roomId: string): Promise<string> {
  return joinRoom(house, user, { roomIdOrAlias: roomId });
}

function joined(body: SyncBody, roomId: string): SyncRoom {
  const room = body.rooms?.join?.[roomId];
  if (room === undefined) throw new Error(`${roomId} is not among the joined rooms`);
  return room;
}

const bodies = (events: readonly SyncEvent[]) => events.map((event) => event.content['body']);
const types = (events: readonly SyncEvent[]) => events.map((event) => event.type);

describe('an initial /sync', () => {
  it('shows a joined room with its state before the timeline and its newest events', async () => {
    const alice = await newUser('alice');
    const roomId = await newRoom(alice, { name: 'Tea' });
    for (let n = 1; n <= 12; n += 1) await say(alice, roomId, `m${n}`);
    const room = joined(await house.sync(alice.userId), roomId);
    expect(bodies(room.timeline.events)).toEqual(Array.from({ length: 10 }, (_, n) => `m${n + 3}`));
    expect(room.timeline.limited).toBe(true);
    expect(types(room.state?.events ?? [])).toEqual(
      expect.arrayContaining(['m.room.create', 'm.room.member', 'm.room.power_levels', 'm.room.name']),
    );
    expect(room.summary['m.joined_member_count']).toBe(1);
  });

  it('repeats no event in state and timeline of a new room', async () => {
    const alice = await newUser('alice');
    const roomId = await newRoom(alice);
    const room = joined(await house.sync(alice.userId, { filter: { room: { timeline: { limit: 50 } } } }), roomId);
    expect(room.state?.events).toEqual([]);
    expect(types(room.timeline.events)[0]).toBe('m.room.create');
    expect(room.timeline.limited).toBe(false);
  });

  it('tells of predefined push rules to a user who has changed none', async () => {
    const alice = await newUser('alice');
    const { account_data } = await house.sync(alice.userId);
    expect(types(account_data?.events ?? [])).toEqual(['m.push_rules']);
  });

  it('tells of a room that was left and forgotten, once', async () => {
    const alice = await newUser('alice');
    const roomId = await newRoom(alice);
    const since = (await house.sync(alice.userId)).next_batch;
    await leaveRoom(house, alice, { roomId });
    await forgetRoom(house, alice, roomId);
    const body = await house.sync(alice.userId, { since });
    expect(Object.keys(body.rooms?.leave ?? {})).toEqual([roomId]);
    expect((await house.sync(alice.userId, { since: body.next_batch })).rooms).toBeUndefined();
  });

  it('names heroes in a room without a name', async () => {
    const [alice, bob] = [await newUser('alice'), await newUser('bob')];
    const roomId = await newRoom(alice);
    await join(bob, roomId);
    const { summary } = joined(await house.sync(alice.userId), roomId);
    expect(summary).toEqual({ 'm.heroes': [bob.userId], 'm.joined_member_count': 2, 'm.invited_member_count': 0 });
  });

  it('costs as many statements for thirty rooms as for three', async () => {
    const counted = async (rooms: number) => {
      const alice = await newUser('alice');
      for (let n = 0; n < rooms; n += 1) await say(alice, await newRoom(alice), 'hello');
      const query = house.db.query.bind(house.db);
      let statements = 0;
      house.db.query = (statement, values) => {
        statements += 1;
        return query(statement, values);
      };
      await house.sync(alice.userId);
      house.db.query = query;
      return statements;
    };
    expect(await counted(30)).toBe(await counted(3));
  });
});

describe('an incremental /sync', () => {
  it('shows only what is new', async () => {
    const alice = await newUser('alice');
    const roomId = await newRoom(alice);
    const first = await house.sync(alice.userId);
    await say(alice, roomId, 'new');
    const second = await house.sync(alice.userId, { since: first.next_batch });
    const room = joined(second, roomId);
    expect(bodies(room.timeline.events)).toEqual(['new']);
    expect(room.timeline.limited).toBe(false);
    expect(room.state?.events).toEqual([]);
    expect((await house.sync(alice.userId, { since: second.next_batch })).rooms).toBeUndefined();
  });

  it('gives the sender the transaction id of their own event, on the device that sent it', async () => {
    const alice = await newUser('alice');
    const roomId = await newRoom(alice);
    const { next_batch: since } = await house.sync(alice.userId);
    await say(alice, roomId, 'mine');
    const [phone] = joined(await house.sync(alice.userId, { since }), roomId).timeline.events;
    const [laptop] = joined(await house.sync(alice.userId, { since, deviceId: 'LAPTOP' }), roomId).timeline.events;
    expect(phone?.unsigned?.['transaction_id']).toBe(`t${serial}`);
    expect(laptop?.unsigned?.['transaction_id']).toBeUndefined();
  });

  it('closes a gap with the state that changed in it', async () => {
    const [alice, bob] = [await newUser('alice'), await newUser('bob')];
    const roomId = await newRoom(alice, { name: 'Before' });
    const { next_batch: since } = await house.sync(alice.userId);
    await sendState(house, alice, { roomId, type: 'm.room.name', stateKey: '', content: { name: 'After' } });
    await join(bob, roomId);
    for (let n = 1; n <= 12; n += 1) await say(alice, roomId, `m${n}`);
    const room = joined(await house.sync(alice.userId, { since }), roomId);
    expect(room.timeline.limited).toBe(true);
    expect(bodies(room.timeline.events)[0]).toBe('m3');
    const state = room.state?.events ?? [];
    expect(types(state).sort()).toEqual(['m.room.member', 'm.room.name']);
    expect(state.find((event) => event.type === 'm.room.name')?.content['name']).toBe('After');
    expect(room.summary['m.joined_member_count']).toBe(2);
  });

  it('shows a room that was joined meanwhile as if from the start', async () => {
    const [alice, bob] = [await newUser('alice'), await newUser('bob')];
    const roomId = await newRoom(alice, { name: 'Tea' });
    const { next_batch: since } = await house.sync(bob.userId);
    await say(alice, roomId, 'before bob');
    await join(bob, roomId);
    const room = joined(await house.sync(bob.userId, { since, filter: { room: { timeline: { limit: 2 } } } }), roomId);
    expect(types(room.timeline.events)).toEqual(['m.room.message', 'm.room.member']);
    expect(room.timeline.events.map((event) => event.unsigned?.['membership'])).toEqual(['leave', 'join']);
    expect(types(room.state?.events ?? [])).toContain('m.room.name');
  });

  it('hides what was said before the user came where history is for the joined', async () => {
    const [alice, bob] = [await newUser('alice'), await newUser('bob')];
    const roomId = await newRoom(alice, { state: [['m.room.history_visibility', { history_visibility: 'joined' }]] });
    await say(alice, roomId, 'secret');
    await join(bob, roomId);
    await say(alice, roomId, 'welcome');
    const room = joined(await house.sync(bob.userId, { filter: { room: { timeline: { limit: 50 } } } }), roomId);
    expect(bodies(room.timeline.events).filter(Boolean)).toEqual(['welcome']);
    const memberships = room.timeline.events.map((event) => event.unsigned?.['membership']);
    expect(memberships.slice(-3)).toEqual(['leave', 'join', 'join']);
  });

  it('puts a left room under leave, up to the event by which it was left', async () => {
    const [alice, bob] = [await newUser('alice'), await newUser('bob')];
    const roomId = await newRoom(alice);
    await join(bob, roomId);
    const { next_batch: since } = await house.sync(bob.userId);
    await say(alice, roomId, 'last words');
    await banUser(house, alice, { roomId, userId: bob.userId });
    await say(alice, roomId, 'behind the back');
    const body = await house.sync(bob.userId, { since });
    expect(body.rooms?.join).toBeUndefined();
    const left = body.rooms?.leave?.[roomId];
    expect(bodies(left?.timeline.events ?? []).filter(Boolean)).toEqual(['last words']);
    expect(left?.timeline.events.at(-1)?.content['membership']).toBe('ban');
    expect((await house.sync(bob.userId, { since: body.next_batch })).rooms).toBeUndefined();
  });

  it('shows an invitation with the stripped state, and nothing of the room when it is declined', async () => {
    const [alice, bob] = [await newUser('alice'), await newUser('bob')];
    const roomId = await newRoom(alice, { name: 'Tea' });
    await say(alice, roomId, 'not for bob');
    const { next_batch: since } = await house.sync(bob.userId);
    await inviteUser(house, alice, { roomId, userId: bob.userId });
    const invited = await house.sync(bob.userId, { since });
    const events = invited.rooms?.invite?.[roomId]?.invite_state.events ?? [];
    expect(types(events)).toEqual(expect.arrayContaining(['m.room.name', 'm.room.create', 'm.room.member']));
    expect(events.every((event) => event.event_id === undefined)).toBe(true);
    await leaveRoom(house, bob, { roomId });
    const declined = (await house.sync(bob.userId, { since: invited.next_batch })).rooms?.leave?.[roomId];
    expect(types(declined?.timeline.events ?? [])).toEqual(['m.room.member']);
    expect(declined?.state?.events).toEqual([]);
  });

  it('serves a redacted event without its content', async () => {
    const alice = await newUser('alice');
    const roomId = await newRoom(alice);
    const { next_batch: since } = await house.sync(alice.userId);
    const redacts = await say(alice, roomId, 'oops');
    await redactEvent(house, alice, { roomId, redacts, content: {}, txnId: 'r1', endpoint: 'redactEvent' });
    const [event, redaction] = joined(await house.sync(alice.userId, { since }), roomId).timeline.events;
    expect(event?.content).toEqual({});
    expect(event?.unsigned?.['redacted_because']).toMatchObject({ event_id: redaction?.event_id });
  });

  it('refuses a token that was never given out', async () => {
    const alice = await newUser('alice');
    await expect(house.sync(alice.userId, { since: 's1_99999999_0_0' })).rejects.toMatchObject({
      errcode: 'M_INVALID_PARAM',
    });
  });
});

describe('long-polling', () => {
  it('is woken by an event of a joined room and answers at once', async () => {
    const [alice, bob] = [await newUser('alice'), await newUser('bob')];
    const roomId = await newRoom(alice);
    await join(bob, roomId);
    const { next_batch: since } = await house.sync(bob.userId);
    const waiting = house.sync(bob.userId, { since, timeoutMs: 30_000 });
    await say(alice, roomId, 'wake up');
    expect(bodies(joined(await waiting, roomId).timeline.events)).toEqual(['wake up']);
    expect(house.news.size).toBe(0);
  });

  it('is woken by an invitation to a room that the user does not know', async () => {
    const [alice, bob] = [await newUser('alice'), await newUser('bob')];
    const roomId = await newRoom(alice);
    const { next_batch: since } = await house.sync(bob.userId);
    const waiting = house.sync(bob.userId, { since, timeoutMs: 30_000 });
    await inviteUser(house, alice, { roomId, userId: bob.userId });
    expect(Object.keys((await waiting).rooms?.invite ?? {})).toEqual([roomId]);
  });

  it('is woken by typing, and by the end of it', async () => {
    const [alice, bob] = [await newUser('alice'), await newUser('bob')];
    const roomId = await newRoom(alice);
    await join(bob, roomId);
    const roomNid = await joinedRoomNid(house.db, roomId, alice.userId);
    const { next_batch: since } = await house.sync(bob.userId);
    const waiting = house.sync(bob.userId, { since, timeoutMs: 30_000 });
    house.typing.set({ roomNid, userId: alice.userId, timeoutMs: 20_000 });
    const typing = await waiting;
    expect(joined(typing, roomId).ephemeral.events).toEqual([
      { type: 'm.typing', content: { user_ids: [alice.userId] } },
    ]);
    house.typing.set({ roomNid, userId: alice.userId, timeoutMs: 0 });
    const over = await house.sync(bob.userId, { since: typing.next_batch, timeoutMs: 30_000 });
    expect(joined(over, roomId).ephemeral.events).toEqual([{ type: 'm.typing', content: { user_ids: [] } }]);
  });

  it('asks the database nothing while a client that is up to date comes back and waits', async () => {
    const alice = await newUser('alice');
    await newRoom(alice);
    const first = await house.sync(alice.userId);
    const { next_batch: since } = await house.sync(alice.userId, { since: first.next_batch });
    const query = house.db.query.bind(house.db);
    house.db.query = () => Promise.reject(new Error('no statement is expected'));
    const controller = new AbortController();
    const waiting = house.sync(alice.userId, { since, timeoutMs: 30_000, signal: controller.signal });
    await new Promise((resolve) => setImmediate(resolve));
    expect(house.news.size).toBe(1);
    controller.abort();
    expect((await waiting).next_batch).toBe(since);
    house.db.query = query;
  });
});

describe('filters', () => {
  it('pick rooms, types and senders of the timeline', async () => {
    const [alice, bob] = [await newUser('alice'), await newUser('bob')];
    const [tea, milk] = [await newRoom(alice), await newRoom(alice)];
    await join(bob, tea);
    await say(alice, tea, 'a1');
    await say(bob, tea, 'b1');
    await say(alice, tea, 'x1', 'com.example.x_1');
    const timeline = { types: ['m.room.*', 'com.example.x%'], not_types: ['m.room.member'], senders: [bob.userId] };
    const body = await house.sync(alice.userId, { filter: { room: { rooms: [tea], timeline } } });
    expect(Object.keys(body.rooms?.join ?? {})).toEqual([tea]);
    expect(body.rooms?.join?.[milk]).toBeUndefined();
    expect(bodies(joined(body, tea).timeline.events)).toEqual(['b1']);
  });

  it('keep a limited timeline full of what passes', async () => {
    const alice = await newUser('alice');
    const roomId = await newRoom(alice);
    await say(alice, roomId, 'wanted');
    for (let n = 0; n < 5; n += 1) await say(alice, roomId, 'noise', 'com.example.noise');
    const filter = { room: { timeline: { limit: 1, not_types: ['com.example.*'] } } };
    expect(bodies(joined(await house.sync(alice.userId, { filter }), roomId).timeline.events)).toEqual(['wanted']);
  });

  it('reduce events to the fields asked for', async () => {
    const alice = await newUser('alice');
    const roomId = await newRoom(alice);
    await say(alice, roomId, 'short');
    const filter = { event_fields: ['type', 'content.body'], room: { timeline: { limit: 1 } } };
    const [event] = joined(await house.sync(alice.userId, { filter }), roomId).timeline.events;
    expect(event).toEqual({ type: 'm.room.message', content: { body: 'short' } });
  });

  it('load members lazily: senders once, not again, and again after a lost response', async () => {
    const [alice, bob, carol] = [await newUser('alice'), await newUser('bob'), await newUser('carol')];
    const roomId = await newRoom(alice, { name: 'Tea' });
    await join(bob, roomId);
    await join(carol, roomId);
    await say(bob, roomId, 'hi');
    const filter = { room: { timeline: { limit: 1 }, state: { lazy_load_members: true } } };
    const first = await house.sync(alice.userId, { filter });
    const members = (room: SyncRoom) =>
      (room.state?.events ?? []).filter((event) => event.type === 'm.room.member').map((event) => event.state_key);
    expect(new Set(members(joined(first, roomId)))).toEqual(new Set([alice.userId, bob.userId]));
    await say(bob, roomId, 'again');
    const second = await house.sync(alice.userId, { filter, since: first.next_batch });
    expect(members(joined(second, roomId))).toEqual([]);
    await say(carol, roomId, 'hello');
    const third = await house.sync(alice.userId, { filter, since: second.next_batch });
    const repeated = await house.sync(alice.userId, { filter, since: second.next_batch });
    expect(members(joined(third, roomId))).toEqual([carol.userId]);
    expect(members(joined(repeated, roomId))).toEqual([carol.userId]);
  });
});

describe('full_state and use_state_after', () => {
  it('full_state repeats the whole state with the timeline since the token', async () => {
    const alice = await newUser('alice');
    const roomId = await newRoom(alice, { name: 'Tea' });
    const { next_batch: since } = await house.sync(alice.userId);
    const room = joined(await house.sync(alice.userId, { since, fullState: true, timeoutMs: 30_000 }), roomId);
    expect(room.timeline.events).toEqual([]);
    expect(types(room.state?.events ?? [])).toContain('m.room.name');
  });

  it('state_after holds the changes of the timeline itself', async () => {
    const alice = await newUser('alice');
    const roomId = await newRoom(alice, { name: 'Tea' });
    const { next_batch: since } = await house.sync(alice.userId);
    await say(alice, roomId, 'now');
    await sendState(house, alice, { roomId, type: 'm.room.topic', stateKey: '', content: { topic: 'milk' } });
    const room = joined(await house.sync(alice.userId, { since, useStateAfter: true }), roomId);
    expect(types(room.timeline.events)).toEqual(['m.room.message', 'm.room.topic']);
    expect(types(room.state_after?.events ?? [])).toEqual(['m.room.topic']);
    expect(room.state).toBeUndefined();
  });
});

describe('what is not an event of a room', () => {
  it('what strangers do costs an idle request nothing: they type, they come and go', async () => {
    const [alice, stranger] = [await newUser('alice'), await newUser('stranger')];
    const [mine, theirs] = [await newRoom(alice), await newRoom(stranger)];
    const { next_batch: since } = await house.sync(alice.userId);
    const before = house.presence.serial;
    house.presence.set({ userId: stranger.userId, deviceId: 'PHONE', stays: true }, { presence: 'online' });
    await expect.poll(() => house.presence.serial).toBeGreaterThan(before);
    const type = async ({ userId }: Requester, roomId: string) =>
      house.typing.set({ roomNid: await joinedRoomNid(house.db, roomId, userId), userId, timeoutMs: 60_000 });
    await type(stranger, theirs);
    const read: string[] = [];
    const counting: Queryable = {
      query(statement, values) {
        read.push(statement.name);
        return house.db.query(statement, values);
      },
    };
    const sync = new Sync({ ...house, db: counting, clock: systemClock, deleteToDevice: async () => {} });
    const idle = (token: string) => {
      const parsed = parseSinceToken(token);
      if (parsed === undefined) throw new Error('no token');
      return sync.respond({
        userId: alice.userId,
        since: parsed,
        filter: parseFilter({}),
        fullState: false,
        useStateAfter: false,
        timeoutMs: 0,
        signal: AbortSignal.timeout(60_000),
      }) as Promise<unknown> as Promise<SyncBody>;
    };
    const body = await idle(since);
    expect(read).toEqual([]);
    // Nor is it looked through at the next request.
    const { presence, typing } = house;
    expect(parseSinceToken(body.next_batch)).toMatchObject({ presence: presence.serial, typing: typing.serial });
    await type(alice, mine);
    expect(joined(await idle(body.next_batch), mine).ephemeral.events).toMatchObject([{ type: 'm.typing' }]);
  });

  it('account data that is set while a response is read is in it, or in the next', async () => {
    const alice = await newUser('alice');
    const { next_batch: since } = await house.sync(alice.userId);
    // The statement that fixes the position arrives at the database after the one that reads the account data.
    const opened = Promise.withResolvers<void>();
    let isSet = false;
    const late: Queryable = {
      async query(statement, values) {
        if (statement.name === 'stream.rooms_of_user') await opened.promise;
        const rows = house.db.query<never>(statement, values);
        if (statement.name !== 'stream.account_data' || isSet) return rows;
        isSet = true;
        await rows;
        await setAccountData(house.accountData, { userId: alice.userId, roomNid: 0, type: 'org.example.moment' }, {});
        opened.resolve();
        return rows;
      },
    };
    const token = parseSinceToken(since);
    const news = new NewsIndex(systemClock);
    const sync = new Sync({ ...house, news, db: late, clock: systemClock, deleteToDevice: async () => {} });
    const body = (await sync.respond({
      userId: alice.userId,
      ...(token === undefined ? {} : { since: token }),
      filter: parseFilter({}),
      fullState: false,
      useStateAfter: false,
      timeoutMs: 0,
      signal: AbortSignal.timeout(60_000),
    })) as unknown as SyncBody;
    const next = await house.sync(alice.userId, { since: body.next_batch });
    const heard = [body, next].flatMap((one) => one.account_data?.events ?? []).map(({ type }) => type);
    expect(heard).toEqual(['org.example.moment']);
  });

  it('account data of the user and of rooms reaches every device', async () => {
    const alice = await newUser('alice');
    const roomId = await newRoom(alice);
    const { next_batch: since } = await house.sync(alice.userId);
    const roomNid = await joinedRoomNid(house.db, roomId, alice.userId);
    await setAccountData(house.accountData, { userId: alice.userId, roomNid: 0, type: 'com.example' }, { a: 1 });
    await setTag(house.accountData, { userId: alice.userId, roomNid }, 'm.favourite', { order: 0.5 });
    for (const deviceId of ['PHONE', 'LAPTOP']) {
      const body = await house.sync(alice.userId, { since, deviceId });
      expect(body.account_data?.events).toEqual([{ type: 'com.example', content: { a: 1 } }]);
      expect(joined(body, roomId).account_data.events).toEqual([
        { type: 'm.tag', content: { tags: { 'm.favourite': { order: 0.5 } } } },
      ]);
    }
  });

  it('receipts reach the other members; private ones only their reader', async () => {
    const [alice, bob] = [await newUser('alice'), await newUser('bob')];
    const roomId = await newRoom(alice);
    await join(bob, roomId);
    const eventId = await say(alice, roomId, 'read me');
    const roomNid = await joinedRoomNid(house.db, roomId, bob.userId);
    const tokens = [(await house.sync(alice.userId)).next_batch, (await house.sync(bob.userId)).next_batch] as const;
    const reader = { userId: bob.userId, roomNid };
    await setReadMarkers(house.receipts, reader, [{ type: 'm.read.private', eventId }]);
    expect((await house.sync(alice.userId, { since: tokens[0] })).rooms).toBeUndefined();
    const own = joined(await house.sync(bob.userId, { since: tokens[1] }), roomId).ephemeral.events[0];
    expect(Object.keys((own?.content[eventId] as JsonObject) ?? {})).toEqual(['m.read.private']);
    await setReadMarkers(house.receipts, reader, [{ type: 'm.read', eventId }]);
    const [seen] = joined(await house.sync(alice.userId, { since: tokens[0] }), roomId).ephemeral.events;
    expect(seen?.content[eventId]).toEqual({ 'm.read': { [bob.userId]: { ts: expect.any(Number) } } });
  });

  it('a receipt for an older event moves nothing', async () => {
    const alice = await newUser('alice');
    const roomId = await newRoom(alice);
    const [older, newer] = [await say(alice, roomId, '1'), await say(alice, roomId, '2')];
    const reader = { userId: alice.userId, roomNid: await joinedRoomNid(house.db, roomId, alice.userId) };
    await setReadMarkers(house.receipts, reader, [{ type: 'm.read', eventId: newer }]);
    const { next_batch: since } = await house.sync(alice.userId);
    await setReadMarkers(house.receipts, reader, [{ type: 'm.read', eventId: older }]);
    expect((await house.sync(alice.userId, { since })).rooms).toBeUndefined();
  });

  it('a message to a device comes again until its token is given back, and goes to that device alone', async () => {
    const [alice, bob] = [await newUser('alice'), await newUser('bob')];
    await house.db.query(
      {
        name: 'test.device',
        text: 'insert into devices (user_id, device_id, created_ts) values ($1, $2, 0), ($1, $3, 0)',
      },
      [bob.userId, 'PHONE', 'LAPTOP'],
    );
    const { next_batch: since } = await house.sync(bob.userId);
    const message = { sender: alice.userId, deviceId: '', txnId: 'x', type: 'm.test' };
    const messages = { [bob.userId]: { PHONE: { n: 1 }, NOWHERE: { n: 2 } } };
    await sendToDevice(house.toDevice, { ...message, messages });
    await sendToDevice(house.toDevice, { ...message, messages });
    const expected = [{ type: 'm.test', sender: alice.userId, content: { n: 1 } }];
    const first = await house.sync(bob.userId, { since });
    expect(first.to_device?.events).toEqual(expected);
    expect((await house.sync(bob.userId, { since })).to_device?.events).toEqual(expected);
    expect((await house.sync(bob.userId, { since, deviceId: 'LAPTOP' })).to_device).toBeUndefined();
    expect((await house.sync(bob.userId, { since: first.next_batch })).to_device).toBeUndefined();
    expect((await house.sync(bob.userId, { since })).to_device).toBeUndefined();
  });

  it('what an ignored user says and whom they invite stays away', async () => {
    const [alice, bob] = [await newUser('alice'), await newUser('bob')];
    const roomId = await newRoom(bob);
    await join(alice, roomId);
    const ignored = { ignored_users: { [bob.userId]: {} } };
    await setAccountData(house.accountData, { userId: alice.userId, roomNid: 0, type: 'm.ignored_user_list' }, ignored);
    const { next_batch: since } = await house.sync(alice.userId);
    await say(bob, roomId, 'hey');
    await inviteUser(house, bob, { roomId: await newRoom(bob), userId: alice.userId });
    const body = await house.sync(alice.userId, { since });
    expect(body.rooms).toBeUndefined();
  });

  it('a forgotten room is in no section', async () => {
    const [alice, bob] = [await newUser('alice'), await newUser('bob')];
    const roomId = await newRoom(alice);
    await join(bob, roomId);
    await leaveRoom(house, bob, { roomId });
    const filter = { room: { include_leave: true } };
    expect(Object.keys((await house.sync(bob.userId, { filter })).rooms?.leave ?? {})).toEqual([roomId]);
    await forgetRoom(house, bob, roomId);
    expect((await house.sync(bob.userId, { filter })).rooms).toBeUndefined();
  });
});
