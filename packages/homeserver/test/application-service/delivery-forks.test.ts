// Interest in a room that forks: the count of an application service's users follows what the forks come to together, which may undo a
// ghost's join that nobody left, or bring one in whose ban was never allowed.
import { type JsonObject, type Pdu, roomVersionRules, serverNameOf } from '@pons/spec';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AppserviceDouble } from '../../../testkit/src/appservice.ts';
import { checkedRemote, remoteEvent } from '../../../testkit/src/remote-servers.ts';
import { testRoomLanes } from '../../../testkit/src/room-lanes.ts';
import { createRoom } from '../../src/actions/create-room.ts';
import { sendEvent } from '../../src/actions/send-event.ts';
import { sendState } from '../../src/actions/send-state.ts';
import type { AppserviceDelivery } from '../../src/appservice-delivery/delivery.ts';
import type { Requester } from '../../src/platform/requester.ts';
import { authEventKeys } from '../../src/rules/auth-events.ts';
import type { CheckedPdu } from '../../src/rooms/receive/check-hash.ts';
import { checkSnapshot } from '../../src/storage/check.ts';
import { currentKeyValues, keyValuesAt } from '../../src/storage/tables/room-state.ts';
import { extremitiesOf, roomById } from '../../src/storage/tables/rooms.ts';
import { type DeliveryFixture, deliveryFixture, serverName } from './delivery-fixture.ts';

const rules = roomVersionRules('12') as NonNullable<ReturnType<typeof roomVersionRules>>;
const user = (name: string): Requester => ({
  userId: `@${name}:${serverName}`,
  deviceId: name,
  admin: false,
  guest: false,
  rateLimited: false,
});
const alice = user('alice');
const ghost = user('_irc_ghost');
const [bob, carol] = ['@bob:b', '@carol:c'];

let at: DeliveryFixture;
let irc: AppserviceDouble;
let house: ReturnType<typeof testRoomLanes>;
let delivery: AppserviceDelivery;
let roomId = '';
let txn = 0;

beforeEach(async () => {
  at = await deliveryFixture();
  house = testRoomLanes(at.db, {
    serverName,
    onCommitted({ commits, last }) {
      if (at.fromMemory.on) for (const { first, commit } of commits) delivery.committed(first, commit);
      delivery.news(last);
    },
  });
  irc = await at.appservice('irc');
  delivery = await at.deliver();
  roomId = await createRoom(house, alice, {
    invite: [],
    isDirect: false,
    creationContent: {},
    initialState: [],
    preset: 'public_chat',
  });
  for (const sender of [bob, carol])
    await say({ type: 'm.room.member', sender, stateKey: sender, content: { membership: 'join' } });
  await levels({ [bob]: 50, [carol]: 100 });
});
afterEach(async () => {
  await house.close();
  await at.close();
});

interface Said {
  readonly type: string;
  readonly sender: string;
  readonly stateKey?: string;
  readonly content: JsonObject;
}

async function end(): Promise<Fork> {
  const room = await roomById(at.db, roomId);
  if (room === undefined) throw new Error('no room');
  const { roomNid, stateVersion, extremities } = room;
  return { roomNid, stateVersion, after: await extremitiesOf(at.db, roomNid, extremities) };
}

interface Fork {
  readonly roomNid: number;
  readonly stateVersion: number;
  readonly after: readonly { readonly eventId: string; readonly depth: number }[];
}

/** Another server says it, by the room as it was there. */
async function say(said: Said, fork?: Fork): Promise<void> {
  const checked = await made(said, fork);
  expect(await house.lanes.receive(roomId, { checked })).toMatchObject({ outcome: 'accepted' });
}

async function made({ stateKey, ...said }: Said, fork?: Fork): Promise<CheckedPdu> {
  const { roomNid, stateVersion, after } = fork ?? (await end());
  const subject = { ...said, ...(stateKey === undefined ? {} : { state_key: stateKey }) };
  const keys = authEventKeys(subject, rules).map(([type, key]) => ({ type, stateKey: key }));
  const auth = await keyValuesAt(at.db, roomNid, [{ line: 0, version: stateVersion }], keys);
  const draft = {
    ...subject,
    room_id: roomId,
    origin_server_ts: Date.now(),
    prev_events: after.map(({ eventId }) => eventId),
    auth_events: auth.map(({ eventId }) => eventId),
    depth: Math.max(...after.map(({ depth }) => depth)) + 1,
  };
  const { pdu } = remoteEvent(draft, rules, serverNameOf(said.sender) ?? '');
  return checkedRemote(structuredClone(pdu) as unknown as JsonObject, roomId, rules);
}

const levels = (users: Record<string, number>) =>
  sendState(house, alice, { roomId, type: 'm.room.power_levels', stateKey: '', content: { users } });
const join = () =>
  sendState(house, ghost, {
    roomId,
    type: 'm.room.member',
    stateKey: ghost.userId,
    content: { membership: 'join' },
  });
const ban = { type: 'm.room.member', sender: bob, stateKey: ghost.userId, content: { membership: 'ban' } } as const;
const speak = (body: string) =>
  sendEvent(house, alice, {
    roomId,
    type: 'm.room.message',
    content: { body },
    txnId: `t${(txn += 1)}`,
    endpoint: 'sendMessage',
  });

/** Everything has been delivered, and counted: what the table says. */
async function counted(): Promise<number> {
  const read = (text: string) => at.db.query<{ value: number }>({ name: '', text });
  await at.until(async () => {
    const [head] = await read('select value from position');
    const [cursor] = await read('select position as value from appservice_cursors');
    return cursor?.value === head?.value;
  }, 1000);
  const [count] = await read('select members as value from appservice_interest');
  expect(await checkSnapshot(at.db)).toEqual([]);
  return count?.value ?? 0;
}

async function membership(): Promise<unknown> {
  const { roomNid } = await end();
  const [row] = await currentKeyValues(at.db, roomNid, [{ type: 'm.room.member', stateKey: ghost.userId }]);
  return row === undefined ? undefined : (JSON.parse(row.json) as Pdu).content['membership'];
}

describe.each([
  ['from memory', true],
  ['from the database', false],
])('of an event read %s', (_, fromMemory) => {
  beforeEach(() => {
    at.fromMemory.on = fromMemory;
  });

  it('a ban that forks from before a ghost’s join ends the interest', async () => {
    const fork = await end();
    await join();
    expect(await counted()).toBe(1);
    await say(ban, fork);
    expect(await membership()).toBe('ban');
    expect(await counted()).toBe(0);
  });

  it('somebody whose demotion forks from before the ban loses it, and the interest is back', async () => {
    await join();
    const fork = await end();
    await say(ban);
    expect(await membership()).toBe('ban');
    expect(await counted()).toBe(0);
    const content = { users: { [bob]: 0, [carol]: 100 } };
    await say({ type: 'm.room.power_levels', sender: carol, stateKey: '', content }, fork);
    expect(await membership()).toBe('join');
    expect(await counted()).toBe(1);
    await speak('to the ghost');
    await counted();
    expect(irc.events.at(-1)?.content).toEqual({ body: 'to the ghost' });
  });

  it('what was known as state of another time comes when it gets its place', async () => {
    await join();
    const checked = await made({ type: 'm.room.topic', sender: carol, stateKey: '', content: { topic: 'later' } });
    expect(await house.lanes.receive(roomId, { checked, asOutlier: true })).toMatchObject({ outcome: 'accepted' });
    await counted();
    expect(irc.events.at(-1)?.type).toBe('m.room.member');
    expect(await house.lanes.receive(roomId, { checked })).toMatchObject({ outcome: 'accepted' });
    await counted();
    expect(irc.events.at(-1)?.content).toEqual({ topic: 'later' });
  });
});
