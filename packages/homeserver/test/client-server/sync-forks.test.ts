// What a merge of forks changes in the state of a room reaches those who /sync, although no event of the timeline says it.
// https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3sync
import { type JsonObject, type Pdu, roomVersionRules, serverNameOf } from '@pons/spec';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { checkedRemote, remoteEvent } from '../../../testkit/src/remote-servers.ts';
import { testUser } from '../../../testkit/src/room-lanes.ts';
import { type SyncBody, type SyncHouse, type SyncRoom, syncHouse } from '../../../testkit/src/sync-house.ts';
import { createRoom } from '../../src/actions/create-room.ts';
import { joinRoom } from '../../src/actions/join-room.ts';
import { sendState } from '../../src/actions/send-state.ts';
import { authEventKeys } from '../../src/rules/auth-events.ts';
import { checkSnapshot } from '../../src/storage/check.ts';
import { currentKeyValues, keyValuesAt } from '../../src/storage/tables/room-state.ts';
import { extremitiesOf, roomById } from '../../src/storage/tables/rooms.ts';

const rules = roomVersionRules('12') as NonNullable<ReturnType<typeof roomVersionRules>>;
const [bob, carol] = ['@bob:b', '@carol:c'];
let house: SyncHouse;
let serial = 0;
beforeAll(async () => {
  house = await syncHouse();
});
afterAll(async () => {
  await house.close();
});

interface Said {
  readonly type: string;
  readonly sender: string;
  readonly stateKey?: string;
  readonly content: JsonObject;
}

/** The room at one moment. */
async function moment(roomId: string) {
  const room = await roomById(house.db, roomId);
  if (room === undefined) throw new Error('no room');
  const { roomNid, stateVersion, extremities } = room;
  return { roomNid, version: stateVersion, after: await extremitiesOf(house.db, roomNid, extremities) };
}

/** An event of another server, after the end of the room, or, as a fork, after an earlier moment. */
async function say(roomId: string, said: Said, from?: Awaited<ReturnType<typeof moment>>) {
  await receive(roomId, await made(roomId, said, from));
}

async function receive(roomId: string, { json }: Awaited<ReturnType<typeof made>>) {
  const { outcome } = await house.lanes.receive(roomId, { checked: checkedRemote(json, roomId, rules) });
  expect(outcome).toBe('accepted');
}

/** The event itself; `also` are ends of the room that are not there yet. */
async function made(
  roomId: string,
  { type, sender, content, stateKey }: Said,
  from?: Awaited<ReturnType<typeof moment>>,
  also: readonly { readonly eventId: string; readonly depth: number }[] = [],
) {
  const { roomNid, version, after } = from ?? (await moment(roomId));
  const subject = { type, sender, content, ...(stateKey === undefined ? {} : { state_key: stateKey }) };
  const keys = authEventKeys(subject, rules).map(([of, key]) => ({ type: of, stateKey: key }));
  const auth =
    from === undefined
      ? await currentKeyValues(house.db, roomNid, keys)
      : await keyValuesAt(house.db, roomNid, [{ line: 0, version }], keys);
  const draft = {
    ...subject,
    room_id: roomId,
    origin_server_ts: Date.now() + (serial += 1),
    prev_events: [...after, ...also].map(({ eventId }) => eventId),
    auth_events: auth.map(({ eventId }) => eventId),
    depth: Math.max(...[...after, ...also].map(({ depth }) => depth)) + 1,
  };
  const { pdu, eventId } = remoteEvent(draft, rules, serverNameOf(sender) ?? '');
  return { json: structuredClone(pdu) as Pdu as unknown as JsonObject, eventId, depth: draft.depth };
}

const alice = testUser('alice');
let dave = testUser('dave');
let roomId = '';
let fork: Awaited<ReturnType<typeof moment>>;

const named = (name: string) => ({ type: 'm.room.name', stateKey: '', content: { name } });
const levelsOf = (users: Record<string, number>) => ({ type: 'm.room.power_levels', stateKey: '', content: { users } });

// A room named 'Before' by alice in which bob may do things, and carol may take that from him. She was there first: in state resolution an
// event waits for the join of its sender, and the older join comes first.
beforeEach(async () => {
  dave = testUser(`dave${(serial += 1)}`);
  roomId = await createRoom(house, alice, {
    preset: 'public_chat',
    invite: [],
    isDirect: false,
    creationContent: {},
    initialState: [],
  });
  for (const sender of [carol, bob]) {
    await say(roomId, { type: 'm.room.member', sender, stateKey: sender, content: { membership: 'join' } });
  }
  await sendState(house, alice, { roomId, ...levelsOf({ [bob]: 50, [carol]: 100 }) });
  await sendState(house, alice, { roomId, ...named('Before') });
  await joinRoom(house, dave, { roomIdOrAlias: roomId });
  fork = await moment(roomId);
});

/** Carol takes it from bob, not knowing what he did: it is undone. */
const undo = () => say(roomId, { sender: carol, ...levelsOf({ [bob]: 0, [carol]: 100 }) }, fork);

function joined(body: SyncBody): SyncRoom {
  const room = body.rooms?.join?.[roomId];
  if (room === undefined) throw new Error('the room is not in the response');
  return room;
}
const types = (events: SyncRoom['timeline']['events'] = []) => events.map(({ type }) => type);
const nameIn = (events: SyncRoom['timeline']['events'] = []) =>
  events.filter(({ type }) => type === 'm.room.name').map(({ content }) => content['name']);

describe('a merge of forks', () => {
  it('that undoes a name is told with the event that made the room what it is again', async () => {
    await say(roomId, { sender: bob, ...named('By bob') });
    const { next_batch: since } = await house.sync(dave.userId);
    await undo();
    const before = joined(await house.sync(dave.userId, { since }));
    expect(types(before.timeline.events)).toEqual(['m.room.power_levels']);
    expect(nameIn(before.state?.events)).toEqual(['Before']);
    expect(types(before.state?.events)).toEqual(['m.room.name']);
    const after = joined(await house.sync(dave.userId, { since, useStateAfter: true }));
    expect(after.state).toBeUndefined();
    expect(types(after.state_after?.events).toSorted()).toEqual(['m.room.name', 'm.room.power_levels']);
    expect(nameIn(after.state_after?.events)).toEqual(['Before']);
  });

  it('wakes who waits, and is told once', async () => {
    await say(roomId, { sender: bob, ...named('By bob') });
    const { next_batch: since } = await house.sync(dave.userId);
    const waiting = house.sync(dave.userId, { since, timeoutMs: 30_000 });
    await undo();
    const woken = await waiting;
    expect(nameIn(joined(woken).state?.events)).toEqual(['Before']);
    expect((await house.sync(dave.userId, { since: woken.next_batch })).rooms).toBeUndefined();
  });

  it('is in the state of a client that begins, whatever its timeline shows', async () => {
    await say(roomId, { sender: bob, ...named('By bob') });
    await undo();
    const filter = { room: { timeline: { limit: 1 } } };
    const room = joined(await house.sync(dave.userId, { filter }));
    expect(types(room.timeline.events)).toEqual(['m.room.power_levels']);
    expect(nameIn(room.state?.events)).toEqual(['Before']);
    const whole = joined(await house.sync(dave.userId, { filter, useStateAfter: true }));
    expect(nameIn(whole.state_after?.events)).toEqual(['Before']);
  });

  it('is told over a gap, each key once', async () => {
    const { next_batch: since } = await house.sync(dave.userId);
    await say(roomId, { sender: bob, ...named('By bob') });
    await undo();
    for (let n = 0; n < 3; n += 1)
      await say(roomId, { sender: bob, type: 'm.room.message', content: { body: `${n}` } });
    const filter = { room: { timeline: { limit: 2 } } };
    const room = joined(await house.sync(dave.userId, { since, filter }));
    expect(room.timeline.limited).toBe(true);
    expect(types(room.state?.events).toSorted()).toEqual(['m.room.name', 'm.room.power_levels']);
    expect(nameIn(room.state?.events)).toEqual(['Before']);
  });

  it('that changes nothing is no more than its event', async () => {
    const { next_batch: since } = await house.sync(dave.userId);
    await sendState(house, alice, { roomId, type: 'm.room.topic', stateKey: '', content: { topic: 'Tea' } });
    await say(roomId, { sender: bob, type: 'm.room.message', content: { body: 'hello' } }, fork);
    const room = joined(await house.sync(dave.userId, { since }));
    expect(types(room.timeline.events)).toEqual(['m.room.topic', 'm.room.message']);
    expect(room.state?.events).toEqual([]);
  });

  it('that undoes a kick brings the member back: in the state, the summary, their devices and their own rooms', async () => {
    const kicked = { type: 'm.room.member', sender: bob, stateKey: dave.userId, content: { membership: 'leave' } };
    await say(roomId, kicked);
    const [forAlice, forDave] = [await house.sync(alice.userId), await house.sync(dave.userId)];
    expect(forDave.rooms?.join?.[roomId]).toBeUndefined();
    await undo();
    const body = await house.sync(alice.userId, { since: forAlice.next_batch });
    const room = joined(body);
    expect(room.state?.events).toMatchObject([
      { type: 'm.room.member', state_key: dave.userId, content: { membership: 'join' } },
    ]);
    expect(room.summary['m.joined_member_count']).toBe(4);
    expect(body.device_lists?.changed).toContain(dave.userId);
    const back = joined(await house.sync(dave.userId, { since: forDave.next_batch }));
    expect(types(back.timeline.events)).toContain('m.room.power_levels');
  });

  it('takes who was never let in out of the news of the room', async () => {
    // A join under rules that were never allowed: nothing is left of it.
    const erin = testUser(`erin${(serial += 1)}`);
    await sendState(house, alice, {
      roomId,
      type: 'm.room.join_rules',
      stateKey: '',
      content: { join_rule: 'invite' },
    });
    fork = await moment(roomId);
    await say(roomId, { type: 'm.room.join_rules', sender: bob, stateKey: '', content: { join_rule: 'public' } });
    await joinRoom(house, erin, { roomIdOrAlias: roomId });
    const { next_batch: since } = await house.sync(erin.userId);
    const waiting = house.sync(erin.userId, { since, timeoutMs: 30_000 });
    await undo();
    await say(roomId, { sender: carol, type: 'm.room.message', content: { body: 'in confidence' } });
    const timeline = { events: [], limited: false, prev_batch: expect.any(String) as string };
    const nothing = { timeline, account_data: { events: [] } };
    const leave = { [roomId]: { ...nothing, state: { events: [] } } };
    expect((await waiting).rooms).toEqual({ leave });
    const body = await house.sync(erin.userId, { since });
    expect(body.rooms).toEqual({ leave });
    expect(body.device_lists?.left).toContain(alice.userId);
    expect((await house.sync(erin.userId, { since, useStateAfter: true })).rooms).toEqual({
      leave: { [roomId]: { ...nothing, state_after: { events: [] } } },
    });
    // Told once, and not to a client that begins.
    expect((await house.sync(erin.userId, { since: body.next_batch })).rooms).toBeUndefined();
    expect((await house.sync(erin.userId)).rooms).toBeUndefined();
    expect(await checkSnapshot(house.db)).toEqual([]);
    // And forgotten when she is let in after all.
    await sendState(house, alice, {
      roomId,
      type: 'm.room.join_rules',
      stateKey: '',
      content: { join_rule: 'public' },
    });
    await joinRoom(house, erin, { roomIdOrAlias: roomId });
    for (const from of [since, body.next_batch]) {
      const { join, leave: left } = (await house.sync(erin.userId, { since: from })).rooms ?? {};
      expect([Object.keys(join ?? {}), left]).toEqual([[roomId], undefined]);
    }
  });

  it('that takes somebody out who is invited in the same commit leaves the invitation', async () => {
    const frank = testUser(`frank${(serial += 1)}`);
    const invited = { type: 'm.room.member', sender: bob, stateKey: frank.userId, content: { membership: 'invite' } };
    await say(roomId, invited);
    const { next_batch: since } = await house.sync(frank.userId);
    const end = await moment(roomId);
    const { content, ...levels } = levelsOf({ [bob]: 0, [carol]: 100 });
    const undoes = await made(roomId, { sender: carol, ...levels, content: { ...content, invite: 50 } }, fork);
    const again = await made(roomId, { ...invited, sender: carol }, end, [undoes]);
    await Promise.all([undoes, again].map((event) => receive(roomId, event)));
    const { invite, leave } = (await house.sync(frank.userId, { since })).rooms ?? {};
    expect([Object.keys(invite ?? {}), leave]).toEqual([[roomId], undefined]);
  });

  it('takes an invitation back that was never allowed', async () => {
    const frank = testUser(`frank${(serial += 1)}`);
    const invited = { type: 'm.room.member', sender: bob, stateKey: frank.userId, content: { membership: 'invite' } };
    await say(roomId, invited);
    const { next_batch: since, rooms } = await house.sync(frank.userId);
    expect(Object.keys(rooms?.invite ?? {})).toEqual([roomId]);
    const { content, ...levels } = levelsOf({ [bob]: 0, [carol]: 100 });
    await say(roomId, { sender: carol, ...levels, content: { ...content, invite: 50 } }, fork);
    const body = await house.sync(frank.userId, { since });
    expect([Object.keys(body.rooms?.leave ?? {}), body.rooms?.invite]).toEqual([[roomId], undefined]);
  });
});

describe('state that the timeline does not show', () => {
  it('because the filter leaves it out is told in the state', async () => {
    const { next_batch: since } = await house.sync(dave.userId);
    await say(roomId, { sender: bob, type: 'm.room.message', content: { body: 'hello' } });
    await sendState(house, alice, { roomId, ...named('Later') });
    const filter = { room: { timeline: { types: ['m.room.message'] } } };
    const room = joined(await house.sync(dave.userId, { since, filter }));
    expect(types(room.timeline.events)).toEqual(['m.room.message']);
    expect(nameIn(room.state?.events)).toEqual(['Later']);
    const none = { room: { timeline: { not_rooms: [roomId] } } };
    expect(nameIn(joined(await house.sync(dave.userId, { since, filter: none })).state?.events)).toEqual(['Later']);
  });
});
