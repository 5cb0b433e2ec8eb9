// The write path on a real database: what a lane builds is what the rooms' tables hold afterwards, once, whoever wrote besides.
import { MatrixError } from '@pons/spec';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../testkit/src/database.ts';
import { testRoomLanes, testUser } from '../../../testkit/src/room-lanes.ts';
import { createRoom, type CreateRoomRequest } from '../actions/create-room.ts';
import { inviteUser } from '../actions/invite-user.ts';
import { joinRoom } from '../actions/join-room.ts';
import { forgetRoom, leaveRoom } from '../actions/leave-room.ts';
import { redactEvent } from '../actions/redact-event.ts';
import { banUser, kickUser, unbanUser } from '../actions/remove-user.ts';
import { sendEvent } from '../actions/send-event.ts';
import { sendState } from '../actions/send-state.ts';
import { setAlias } from '../actions/set-alias.ts';
import { upgradeRoom } from '../actions/upgrade-room.ts';
import type { Requester } from '../platform/requester.ts';
import type { Door } from '../storage/commit.ts';
import { StorageError } from '../storage/database.ts';
import { membersOf } from '../storage/tables/room-members.ts';
import { stateChanges } from '../storage/tables/room-state.ts';
import { roomById } from '../storage/tables/rooms.ts';
import { stateEventAt, stateEventsAt } from './current-state.ts';
import { presentEvents } from './present-events.ts';
import { viewRoom } from './room-view.ts';
import { historyPage, visibleEvent } from './timeline.ts';

type House = ReturnType<typeof testRoomLanes>;

let test: TestDatabase;
let house: House;
beforeAll(async () => {
  test = await testDatabase();
  house = testRoomLanes(test.db);
});
afterAll(async () => {
  await house.close();
  await test.drop();
});

const alice = testUser('alice');
const bob = testUser('bob');
const carol = testUser('carol');

const room = (request: Partial<CreateRoomRequest> = {}, by: Requester = alice): Promise<string> =>
  createRoom(house, by, { invite: [], isDirect: false, creationContent: {}, initialState: [], ...request });

let txn = 0;
const say = (roomId: string, by: Requester, body: string, on: House = house): Promise<string> =>
  sendEvent(on, by, {
    roomId,
    type: 'm.room.message',
    content: { msgtype: 'm.text', body },
    txnId: `t${(txn += 1)}`,
    endpoint: 'sendMessage',
  });

async function bodies(roomId: string, as: Requester, limit = 100): Promise<unknown[]> {
  const view = await viewRoom(house.db, roomId, as);
  const page = await historyPage(house.db, view, { direction: 'f', limit });
  const events = await presentEvents(house, { roomId, rules: view.rules, viewer: as }, page.events);
  return events.filter((event) => event.type === 'm.room.message').map((event) => event.content['body']);
}

async function state(roomId: string, type: string, stateKey = '', as: Requester = alice) {
  const view = await viewRoom(house.db, roomId, as);
  const row = await stateEventAt(house.db, view.room.roomNid, view.statePlace, { type, stateKey });
  return row === undefined ? undefined : (JSON.parse(row.json) as { content: Record<string, unknown> }).content;
}

async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof MatrixError) return error.errcode;
    throw error;
  }
  return 'allowed';
}

describe.each(['10', '11', '12'])('a room of version %s', (roomVersion) => {
  it('begins with the state of its preset', async () => {
    const roomId = await room({ roomVersion, preset: 'public_chat', name: 'Pub', topic: 'Beer', visibility: 'public' });
    expect(roomId).toMatch(roomVersion === '12' ? /^![\w-]{43}$/ : /^!\w{18}:pons\.test$/);
    expect(await state(roomId, 'm.room.join_rules')).toEqual({ join_rule: 'public' });
    expect(await state(roomId, 'm.room.guest_access')).toEqual({ guest_access: 'forbidden' });
    expect(await state(roomId, 'm.room.name')).toEqual({ name: 'Pub' });
    expect(await state(roomId, 'm.room.topic')).toMatchObject({ topic: 'Beer' });
    expect(await roomById(house.db, roomId)).toMatchObject({ joined: 1, invited: 0, published: true, roomVersion });
    const users = (await state(roomId, 'm.room.power_levels'))?.['users'];
    expect(users).toEqual(roomVersion === '12' ? {} : { [alice.userId]: 100 });
  });

  it('lets people in, talk, and is the same for all of them', async () => {
    const roomId = await room({ roomVersion, preset: 'public_chat' });
    await joinRoom(house, bob, { roomIdOrAlias: roomId });
    await say(roomId, alice, 'one');
    await say(roomId, bob, 'two');
    expect(await bodies(roomId, alice)).toEqual(['one', 'two']);
    expect(await bodies(roomId, bob)).toEqual(['one', 'two']);
    expect(await refusal(say(roomId, carol, 'three'))).toBe('M_FORBIDDEN');
  });

  it('shows a redacted event without its content and with the redaction', async () => {
    const roomId = await room({ roomVersion });
    const eventId = await say(roomId, alice, 'secret');
    const redaction = await redactEvent(house, alice, {
      roomId,
      redacts: eventId,
      content: { reason: 'oops' },
      txnId: `r${(txn += 1)}`,
      endpoint: 'redactEvent',
    });
    const view = await viewRoom(house.db, roomId, alice);
    const event = await visibleEvent(house.db, view, eventId);
    const [shown] = await presentEvents(house, { roomId, rules: view.rules, viewer: alice }, [event]);
    expect(shown?.content).toEqual({});
    expect(shown?.unsigned?.['redacted_because']).toMatchObject({
      event_id: redaction,
      redacts: eventId,
      content: { reason: 'oops', redacts: eventId },
    });
  });
});

describe('a private room', () => {
  it('admits the invited and nobody else', async () => {
    const roomId = await room({ invite: [bob.userId], isDirect: true });
    expect(await state(roomId, 'm.room.member', bob.userId)).toEqual({ membership: 'invite', is_direct: true });
    expect(await refusal(joinRoom(house, carol, { roomIdOrAlias: roomId }))).toBe('M_FORBIDDEN');
    await joinRoom(house, bob, { roomIdOrAlias: roomId });
    await inviteUser(house, bob, { roomId, userId: carol.userId });
    await joinRoom(house, carol, { roomIdOrAlias: roomId });
    expect((await roomById(house.db, roomId))?.joined).toBe(3);
  });

  it('shows who left what they could see then, and no more', async () => {
    const roomId = await room({ invite: [bob.userId] });
    await joinRoom(house, bob, { roomIdOrAlias: roomId });
    await say(roomId, alice, 'with bob');
    await leaveRoom(house, bob, { roomId });
    await say(roomId, alice, 'without bob');
    await sendState(house, alice, { roomId, type: 'm.room.name', stateKey: '', content: { name: 'later' } });
    expect(await bodies(roomId, bob)).toEqual(['with bob']);
    expect(await state(roomId, 'm.room.name', '', bob)).toBeUndefined();
    await forgetRoom(house, bob, roomId);
    expect(await refusal(viewRoom(house.db, roomId, bob))).toBe('M_FORBIDDEN');
  });

  it('kicks, bans and unbans only whom that changes something for', async () => {
    const roomId = await room({ invite: [bob.userId] });
    await joinRoom(house, bob, { roomIdOrAlias: roomId });
    expect(await refusal(kickUser(house, alice, { roomId, userId: carol.userId }))).toBe('M_FORBIDDEN');
    expect(await refusal(banUser(house, bob, { roomId, userId: alice.userId }))).toBe('M_FORBIDDEN');
    expect(await refusal(unbanUser(house, alice, { roomId, userId: bob.userId }))).toBe('M_BAD_STATE');
    await banUser(house, alice, { roomId, userId: bob.userId, reason: 'noise' });
    expect(await refusal(inviteUser(house, alice, { roomId, userId: bob.userId }))).toBe('M_FORBIDDEN');
    await unbanUser(house, alice, { roomId, userId: bob.userId });
    expect(await state(roomId, 'm.room.member', bob.userId)).toEqual({ membership: 'leave' });
  });
});

describe('a client transaction', () => {
  it('answers the same id again, at once and later, and in another process', async () => {
    const roomId = await room();
    const other = testRoomLanes(test.db);
    const request = {
      roomId,
      type: 'm.room.message',
      content: { body: 'once' },
      txnId: 'once',
      endpoint: 'sendMessage',
    };
    const ids = await Promise.all([
      sendEvent(house, alice, request),
      sendEvent(house, alice, request),
      sendEvent(other, alice, request),
    ]);
    ids.push(await sendEvent(house, alice, request), await sendEvent(other, alice, request));
    expect(new Set(ids).size).toBe(1);
    expect(await bodies(roomId, alice)).toEqual(['once']);
    await other.close();
  });

  it('is answered after its sender has lost the right to send', async () => {
    const roomId = await room({ preset: 'public_chat' });
    await joinRoom(house, bob, { roomIdOrAlias: roomId });
    const request = { roomId, type: 'm.room.message', content: { body: 'x' }, txnId: 'kept', endpoint: 'sendMessage' };
    const eventId = await sendEvent(house, bob, request);
    await banUser(house, alice, { roomId, userId: bob.userId });
    expect(await sendEvent(house, bob, request)).toBe(eventId);
    expect(await refusal(sendEvent(house, bob, { ...request, txnId: 'new' }))).toBe('M_FORBIDDEN');
  });
});

describe('two processes on one database', () => {
  it('lose and double nothing, and leave one forward extremity', async () => {
    const roomId = await room({ preset: 'public_chat' });
    const other = testRoomLanes(test.db);
    await joinRoom(other, bob, { roomIdOrAlias: roomId });
    const sends = Array.from({ length: 60 }, (_, n) =>
      n % 2 === 0 ? say(roomId, alice, `a${n}`) : say(roomId, bob, `b${n}`, other),
    );
    const ids = await Promise.all(sends);
    expect(new Set(ids).size).toBe(60);
    expect((await bodies(roomId, alice)).map(String).toSorted()).toEqual(
      Array.from({ length: 60 }, (_, n) => `${n % 2 === 0 ? 'a' : 'b'}${n}`).toSorted(),
    );
    expect((await roomById(house.db, roomId))?.extremities).toHaveLength(1);
    await other.close();
  });

  it('see what the other changed: a member, a redacted state, a power level', async () => {
    const roomId = await room({ preset: 'public_chat', roomVersion: '11' });
    const other = testRoomLanes(test.db);
    await say(roomId, alice, 'lane open here');
    await joinRoom(other, bob, { roomIdOrAlias: roomId });
    await say(roomId, bob, 'known at once');
    await sendState(other, alice, {
      roomId,
      type: 'm.room.power_levels',
      stateKey: '',
      content: { users: { [alice.userId]: 100, [bob.userId]: 50 } },
    });
    await sendState(house, bob, { roomId, type: 'm.room.name', stateKey: '', content: { name: 'by bob' } });
    expect((await state(roomId, 'm.room.name'))?.['name']).toBe('by bob');
    await other.close();
  });
});

describe('a part that is refused again and again', () => {
  // A door at which somebody else has always just been: it refuses the first commits to a room.
  const unlucky =
    (refusals: number, alone: boolean) =>
    (door: Door): Door => {
      let left = refusals;
      return {
        commit: (commit) => {
          if (commit.room?.create !== undefined || left === 0) return door.commit(commit);
          left -= 1;
          return Promise.resolve({ outcome: 'refused' });
        },
        commitAlone: async (build) => {
          const outcome = await door.commitAlone(alone ? build : (tx) => build(tx).then(() => undefined));
          return alone ? outcome : { outcome: 'refused' };
        },
      };
    };

  it('is written alone after three refusals, once', async () => {
    const other = testRoomLanes(test.db, { wrap: unlucky(100, true) });
    const roomId = await room();
    const request = {
      roomId,
      type: 'm.room.message',
      content: { body: 'at last' },
      txnId: 'a',
      endpoint: 'sendMessage',
    };
    const eventId = await sendEvent(other, alice, request);
    expect(await bodies(roomId, alice)).toEqual(['at last']);
    expect(await sendEvent(other, alice, request)).toBe(eventId);
    expect(await refusal(sendEvent(other, bob, request))).toBe('M_FORBIDDEN');
    await other.close();
  });

  it('is given up after ten, with the time to wait', async () => {
    const other = testRoomLanes(test.db, { wrap: unlucky(3, false) });
    const roomId = await room();
    const error = await say(roomId, alice, 'x', other).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ errcode: 'M_LIMIT_EXCEEDED', status: 503, fields: { retry_after_ms: 1_000 } });
    expect(await bodies(roomId, alice)).toEqual([]);
    await say(roomId, alice, 'y', other);
    expect(await bodies(roomId, alice)).toEqual(['y']);
    await other.close();
  });
});

describe('state', () => {
  it('before an old event is what it was then', async () => {
    const roomId = await room();
    await sendState(house, alice, { roomId, type: 'm.room.name', stateKey: '', content: { name: 'first' } });
    const eventId = await say(roomId, alice, 'then');
    await sendState(house, alice, { roomId, type: 'm.room.name', stateKey: '', content: { name: 'second' } });
    const view = await viewRoom(house.db, roomId, alice);
    const { row } = await visibleEvent(house.db, view, eventId);
    const name = await stateEventAt(
      house.db,
      view.room.roomNid,
      { line: row.line, version: row.stateVersion },
      { type: 'm.room.name', stateKey: '' },
    );
    expect(name?.json).toContain('first');
    const whole: string[] = [];
    for await (const page of stateEventsAt(house.db, view.room.roomNid, view.statePlace)) {
      whole.push(...page.map((event) => event.type));
    }
    expect(whole.toSorted()).toEqual([
      'm.room.create',
      'm.room.guest_access',
      'm.room.history_visibility',
      'm.room.join_rules',
      'm.room.member',
      'm.room.name',
      'm.room.power_levels',
    ]);
    const changes = await stateChanges(house.db, view.room.roomNid, row.stateVersion, view.room.stateVersion);
    expect(changes.map((change) => change.type)).toEqual(['m.room.name']);
  });

  it('tells what it replaced', async () => {
    const roomId = await room({ name: 'before' });
    const eventId = await sendState(house, alice, {
      roomId,
      type: 'm.room.name',
      stateKey: '',
      content: { name: 'after' },
    });
    const view = await viewRoom(house.db, roomId, alice);
    const event = await visibleEvent(house.db, view, eventId);
    const [shown] = await presentEvents(house, { roomId, rules: view.rules, viewer: alice }, [event]);
    expect(shown?.unsigned?.['prev_content']).toEqual({ name: 'before' });
    expect(shown?.unsigned?.['membership']).toBe('join');
  });
});

describe('what a client may not do', () => {
  it('is refused with the code that the specification gives', async () => {
    const roomId = await room({ roomVersion: '11' });
    const set = (type: string, content: Record<string, never> | object, stateKey = '') =>
      sendState(house, alice, { roomId, type, stateKey, content: content as never });
    expect(await refusal(set('m.room.create', { room_version: '12' }))).toBe('M_FORBIDDEN');
    expect(await refusal(set('m.room.power_levels', { users: { [alice.userId]: '100' } }))).toBe('M_BAD_JSON');
    expect(await refusal(set('m.room.canonical_alias', { alias: '#other:pons.test' }))).toBe('M_BAD_ALIAS');
    expect(await refusal(set('com.example', {}, 'k'.repeat(256)))).toBe('M_TOO_LARGE');
    expect(await refusal(set('m.room.member', { membership: 'join' }, bob.userId))).toBe('M_FORBIDDEN');
    expect(await refusal(set('com.example', { body: 'x'.repeat(66_000) }))).toBe('M_TOO_LARGE');
    expect(await refusal(room({ roomVersion: 'agent-smith' }))).toBe('M_UNSUPPORTED_ROOM_VERSION');
    expect(await refusal(room({ roomVersion: '11', name: 'x', powerLevels: { users: { [alice.userId]: 0 } } }))).toBe(
      'M_INVALID_ROOM_STATE',
    );
    expect(
      await refusal(
        redactEvent(house, alice, {
          roomId,
          redacts: '$of-another-room',
          content: {},
          txnId: 'elsewhere',
          endpoint: 'redactEvent',
        }),
      ),
    ).toBe('M_NOT_FOUND');
  });

  it('is refused, or stored as it is, with U+0000 and endless names in its content', async () => {
    const roomId = await room();
    const long = 'r'.repeat(10_000);
    const message = (content: object, type = 'm.room.message', txnId = `n${(txn += 1)}`) =>
      refusal(sendEvent(house, alice, { roomId, type, content: content as never, txnId, endpoint: 'sendMessage' }));
    const relation = (rel_type: string, event_id: string) => ({ 'm.relates_to': { rel_type, event_id } });
    expect(await message({ body: 'a\0b' })).toBe('allowed');
    expect(await message(relation('m.thread', '$a\0'))).toBe('allowed');
    expect(await message(relation(long, `$${long}`))).toBe('allowed');
    expect(await message({ redacts: '$a\0' }, 'm.room.redaction')).toBe('M_INVALID_PARAM');
    expect(await message({}, 'm.room.message', long)).toBe('M_INVALID_PARAM');
    const member = (content: object) =>
      refusal(
        sendState(house, alice, { roomId, type: 'm.room.member', stateKey: bob.userId, content: content as never }),
      );
    const signed = { mxid: bob.userId, token: 'a\0b', signatures: {} };
    expect(await member({ membership: 'invite', third_party_invite: { signed } })).toBe('M_FORBIDDEN');
    expect(await member({ membership: 'join', join_authorised_via_users_server: '@a\0:x' })).toBe('M_FORBIDDEN');
    expect(await member({ membership: 'invite', displayname: 'b\0b' })).toBe('allowed');
    expect(await refusal(setAlias(house, alice, '#nul:pons.test', '!a\0'))).toBe('M_NOT_FOUND');
  });

  it('takes no alias twice', async () => {
    const roomId = await room({ aliasName: 'taken' });
    expect(await refusal(room({ aliasName: 'taken' }))).toBe('M_ROOM_IN_USE');
    expect(await refusal(setAlias(house, alice, '#taken:pons.test', roomId))).toBe('M_UNKNOWN');
    const races = await Promise.all([
      refusal(setAlias(house, alice, '#raced:pons.test', roomId)),
      refusal(room({ aliasName: 'raced' })),
    ]);
    expect(races.filter((outcome) => outcome === 'allowed')).toHaveLength(1);
  });
});

describe('a restricted room', () => {
  it('lets in who is in the room that it names', async () => {
    const space = await room({ preset: 'public_chat' });
    const roomId = await room({
      initialState: [
        {
          type: 'm.room.join_rules',
          stateKey: '',
          content: { join_rule: 'restricted', allow: [{ type: 'm.room_membership', room_id: space }] },
        },
      ],
    });
    expect(await refusal(joinRoom(house, bob, { roomIdOrAlias: roomId }))).toBe('M_FORBIDDEN');
    await joinRoom(house, bob, { roomIdOrAlias: space });
    await joinRoom(house, bob, { roomIdOrAlias: roomId });
    const member = await state(roomId, 'm.room.member', bob.userId);
    expect(member?.['join_authorised_via_users_server']).toBe(alice.userId);
  });
});

describe('an upgrade', () => {
  it('moves name, alias and directory entry to a room of the new version', async () => {
    const roomId = await room({ roomVersion: '11', name: 'Old', aliasName: 'moving', visibility: 'public' });
    const newId = await upgradeRoom(house, alice, { roomId, newVersion: '12' });
    expect(await state(newId, 'm.room.name')).toEqual({ name: 'Old' });
    expect(await state(newId, 'm.room.create')).toMatchObject({ predecessor: { room_id: roomId } });
    expect(await state(newId, 'm.room.canonical_alias')).toEqual({ alias: '#moving:pons.test' });
    expect(await state(roomId, 'm.room.tombstone')).toMatchObject({ replacement_room: newId });
    expect(await joinRoom(house, alice, { roomIdOrAlias: '#moving:pons.test' })).toBe(newId);
    expect(await roomById(house.db, newId)).toMatchObject({ published: true });
  });
});

it('a poisonous proposal fails alone', async () => {
  const roomId = await room({ preset: 'public_chat' });
  const outcomes = await Promise.allSettled([
    say(roomId, alice, 'fine'),
    house.lanes.propose({ roomId, drafts: [], aliases: [{ alias: '#poison:pons.test', creator: alice.userId }] }),
    house.lanes.propose({ roomId, drafts: [], aliases: [{ alias: '#poison:pons.test', creator: alice.userId }] }),
    say(roomId, alice, 'fine too'),
  ]);
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
  expect(await bodies(roomId, alice)).toEqual(['fine', 'fine too']);
});

it('what is stored is answered although the database goes away before what was refused beside it is', async () => {
  const roomId = await room({ preset: 'public_chat' });
  const failing: House['db'] = {
    ...test.db,
    query: (statement, values) =>
      statement.name === 'client_transactions.response'
        ? Promise.reject(new StorageError('unreachable', 'gone'))
        : test.db.query(statement, values),
  };
  const other = testRoomLanes(failing);
  const outcomes = await Promise.allSettled([
    say(roomId, bob, 'not a member', other),
    say(roomId, alice, 'stored', other),
  ]);
  expect(outcomes).toMatchObject([{ status: 'rejected', reason: { code: 'unreachable' } }, { status: 'fulfilled' }]);
  await other.close();
});

it('members are counted by what changed', async () => {
  const roomId = await room({ preset: 'public_chat' });
  const users = Array.from({ length: 40 }, (_, n) => testUser(`ghost${n}`));
  await Promise.all(users.map((user) => joinRoom(house, user, { roomIdOrAlias: roomId })));
  const row = await roomById(house.db, roomId);
  expect(row?.joined).toBe(41);
  expect(await membersOf(house.db, row?.roomNid ?? 0, ['join'])).toHaveLength(41);
});
