// Events of other servers in a room of ours: each check on both sides, forks that are tied by who speaks, two processes at once.
import { type JsonObject, type Pdu, roomVersionRules, serverNameOf } from '@pons/spec';
import { eventIdOf } from '@pons/spec/crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../../testkit/src/database.ts';
import { checkedRemote, checkRemote, remoteEvent } from '../../../../testkit/src/remote-servers.ts';
import { testRoomLanes, testUser } from '../../../../testkit/src/room-lanes.ts';
import { createRoom } from '../../actions/create-room.ts';
import { sendEvent } from '../../actions/send-event.ts';
import { sendState } from '../../actions/send-state.ts';
import { authEventKeys } from '../../rules/auth-events.ts';
import { checkDatabase } from '../../storage/check.ts';
import { eventText, redactionTargets } from '../../storage/tables/events.ts';
import { citedEvents } from '../../storage/tables/forks.ts';
import { membersOf } from '../../storage/tables/room-members.ts';
import { streamStateDelta } from '../../storage/tables/stream.ts';
import { currentKeyValues } from '../../storage/tables/room-state.ts';
import { extremitiesOf, roomById } from '../../storage/tables/rooms.ts';
import { appendPdu } from '../append-pdu.ts';
import { judgeReceived } from '../authorise-pdu.ts';
import { checkHash } from './check-hash.ts';
import { checkSignatures } from './check-signatures.ts';
import { extremitiesMax } from './plan-received.ts';

type House = ReturnType<typeof testRoomLanes>;

let test: TestDatabase;
let house: House;
let other: House;
beforeAll(async () => {
  test = await testDatabase();
  house = testRoomLanes(test.db);
  other = testRoomLanes(test.db);
});
afterAll(async () => {
  await house.close();
  await other.close();
  await test.drop();
});

const alice = testUser('alice');
const bob = '@bob:b';
const rules = roomVersionRules('12') as NonNullable<ReturnType<typeof roomVersionRules>>;

interface Said {
  readonly type?: string;
  readonly stateKey?: string;
  readonly sender?: string;
  readonly content: JsonObject;
  /** Ids that it follows; absent: the end of the room. */
  readonly after?: readonly string[];
  readonly depth?: number;
  readonly ts?: number;
}

async function roomOf(roomId: string) {
  const room = await roomById(test.db, roomId);
  if (room === undefined) throw new Error('no room');
  return room;
}

async function looseEnds(roomId: string) {
  const room = await roomOf(roomId);
  return extremitiesOf(test.db, room.roomNid, room.extremities);
}

let ts = 1_000;

/** An event as its server makes it, by the room as it is now. */
async function remote(
  roomId: string,
  { type = 'm.room.message', sender = bob, content, stateKey, after, depth, ts: at }: Said,
): Promise<Pdu> {
  const { roomNid } = await roomOf(roomId);
  const subject = { type, sender, content, ...(stateKey === undefined ? {} : { state_key: stateKey }) };
  const keys = authEventKeys(subject, rules).map(([of, key]) => ({ type: of, stateKey: key }));
  const auth = await currentKeyValues(test.db, roomNid, keys);
  const loose = await looseEnds(roomId);
  const draft = {
    ...subject,
    room_id: roomId,
    origin_server_ts: at ?? (ts += 1),
    prev_events: [...(after ?? loose.map(({ eventId }) => eventId))],
    auth_events: auth.map(({ eventId }) => eventId),
    depth: depth ?? Math.max(...loose.map((one) => one.depth)) + 1,
  };
  return remoteEvent(draft, rules, serverNameOf(sender) ?? '').pdu;
}

const asJson = (pdu: Pdu): JsonObject => structuredClone(pdu) as unknown as JsonObject;
const receive = (roomId: string, pdu: Pdu, on: House = house) =>
  on.lanes.receive(roomId, { checked: checkedRemote(asJson(pdu), roomId, rules) });

async function say(roomId: string, said: Said, on: House = house) {
  return receive(roomId, await remote(roomId, said), on);
}

/** A public room of alice's with bob in it. */
async function room(): Promise<string> {
  const request = {
    invite: [],
    isDirect: false,
    creationContent: {},
    initialState: [],
    preset: 'public_chat' as const,
  };
  const roomId = await createRoom(house, alice, request);
  const joined = await say(roomId, { type: 'm.room.member', stateKey: bob, content: { membership: 'join' } });
  expect(joined).toMatchObject({ outcome: 'accepted' });
  return roomId;
}

let txn = 0;
const sayHere = (roomId: string) =>
  sendEvent(house, alice, {
    roomId,
    type: 'm.room.message',
    content: { body: 'hello' },
    txnId: `t${(txn += 1)}`,
    endpoint: 'sendMessage',
  });

describe('an event of another server', () => {
  it('at the end of the room is the next one, and ours follows it', async () => {
    const roomId = await room();
    const said = await say(roomId, { content: { body: 'hi' } });
    expect(said).toMatchObject({ outcome: 'accepted', event: { position: expect.any(Number) as number } });
    expect(await roomOf(roomId)).toMatchObject({ joined: 2 });
    const own = JSON.parse((await eventText(test.db, roomId, await sayHere(roomId))) ?? '') as Pdu;
    expect(own.prev_events).toEqual('event' in said ? [said.event.eventId] : []);
  });

  it('is dropped where its form, its room or its signature is not right', async () => {
    const roomId = await room();
    const pdu = asJson(await remote(roomId, { content: { body: 'hi' } }));
    const check = (changed: JsonObject) => checkRemote({ ...pdu, ...changed }, roomId, rules);
    expect(check({})).not.toHaveProperty('outcome');
    expect(check({ depth: 1.5 })).toMatchObject({ outcome: 'dropped' });
    expect(check({ type: 'a\0b' })).toMatchObject({ outcome: 'dropped' });
    expect(check({ room_id: '!other:b' })).toMatchObject({
      outcome: 'dropped',
      reason: 'it is an event of another room',
    });
    expect(check({ sender: '@carol:c' })).toMatchObject({ outcome: 'dropped' });
    expect(check({ origin_server_ts: 5 })).toMatchObject({ outcome: 'dropped' });
    expect(check({ content: { body: 'x'.repeat(66_000) } })).toMatchObject({ outcome: 'dropped' });
  });

  it('that was changed on the way is stored as if it had been redacted', async () => {
    const roomId = await room();
    const pdu = { ...(await remote(roomId, { content: { body: 'hi' } })), content: { body: 'forged' } };
    const said = await receive(roomId, pdu);
    expect(said).toMatchObject({ outcome: 'accepted' });
    const text = await eventText(test.db, roomId, 'event' in said ? said.event.eventId : '');
    expect((JSON.parse(text ?? '') as Pdu).content).toEqual({});
  });

  it('waits for what it follows and cites, and is refused for what nobody has', async () => {
    const roomId = await room();
    const gap = await say(roomId, { content: { body: 'hi' }, after: ['$unknown'] });
    expect(gap).toEqual({ outcome: 'missing', eventIds: ['$unknown'] });
    const pdu = await remote(roomId, { content: { body: 'hi' } });
    const { hashes: _hashes, signatures: _signatures, ...draft } = pdu;
    const citing = remoteEvent({ ...draft, auth_events: [...pdu.auth_events, '$nobody'] }, rules, 'b').pdu;
    const checked = checkedRemote(asJson(citing), roomId, rules);
    expect(await house.lanes.receive(roomId, { checked })).toEqual({ outcome: 'missing', eventIds: ['$nobody'] });
    const unavailable = new Set(['$nobody']);
    expect(await house.lanes.receive(roomId, { checked, unavailable })).toMatchObject({ outcome: 'rejected' });
  });

  it('waits for the place of what it follows, where that is known as state of another time only', async () => {
    const roomId = await room();
    const name = { membership: 'join', displayname: 'Robert' };
    const named = await remote(roomId, { type: 'm.room.member', stateKey: bob, content: name, after: ['$unknown'] });
    const id = eventIdOf(named, rules);
    const checked = checkedRemote(asJson(named), roomId, rules);
    // Of an outlier only what it cites has to be there.
    expect(await house.lanes.receive(roomId, { checked })).toEqual({ outcome: 'missing', eventIds: ['$unknown'] });
    expect(await house.lanes.receive(roomId, { checked, asOutlier: true })).toMatchObject({ outcome: 'accepted' });
    const next = await remote(roomId, { content: { body: 'hi' }, after: [id], depth: named.depth + 1 });
    expect(await receive(roomId, next)).toEqual({ outcome: 'missing', eventIds: [id] });
    expect(await receive(roomId, named)).toEqual({ outcome: 'missing', eventIds: ['$unknown'] });
    // Nothing of it is in the room: neither loose, nor a state, nor at a position.
    const { roomNid } = await roomOf(roomId);
    expect((await looseEnds(roomId)).map(({ eventId }) => eventId)).not.toContain(id);
    expect(await citedEvents(test.db, roomNid, [id])).toMatchObject([{ outlier: true, position: null }]);
    const members = await membersOf(test.db, roomNid, ['join']);
    expect(members.find(({ userId }) => userId === bob)?.displayname).not.toBe('Robert');
    expect(await checkDatabase(test.url)).toEqual([]);
  });

  it('names all that is missing at once, of what it follows and of what it cites', async () => {
    const roomId = await room();
    const pdu = await remote(roomId, { content: { body: 'hi' }, after: ['$one', '$two'] });
    const { hashes: _hashes, signatures: _signatures, ...draft } = pdu;
    const citing = remoteEvent({ ...draft, auth_events: [...pdu.auth_events, '$three', '$one'] }, rules, 'b').pdu;
    const outcome = await receive(roomId, citing);
    expect(outcome.outcome === 'missing' && [...outcome.eventIds].sort()).toEqual(['$one', '$three', '$two']);
  });

  it('that the state before it forbids is rejected, in no state, and may be followed', async () => {
    const roomId = await room();
    const refused = await say(roomId, { type: 'm.room.topic', stateKey: '', content: { topic: 'mine' } });
    expect(refused).toMatchObject({ outcome: 'rejected', event: { eventId: expect.any(String) as string } });
    const eventId = 'event' in refused ? refused.event.eventId : '';
    expect((await looseEnds(roomId)).map((one) => one.eventId)).not.toContain(eventId);
    expect(await say(roomId, { content: { body: 'after it' }, after: [eventId] })).toMatchObject({
      outcome: 'accepted',
    });
    const { roomNid } = await roomOf(roomId);
    const topic = { type: 'm.room.topic', stateKey: '' };
    expect(await currentKeyValues(test.db, roomNid, [topic])).toEqual([]);
    expect(await receive(roomId, JSON.parse((await eventText(test.db, roomId, eventId)) ?? '') as Pdu)).toMatchObject({
      outcome: 'rejected',
    });
  });

  it('that only the room as it is now forbids fails softly: it has no place, until something follows it', async () => {
    const roomId = await room();
    const before = await looseEnds(roomId);
    const after = before.map(({ eventId }) => eventId);
    const early = await remote(roomId, { content: { body: 'I was quicker' }, after });
    await sendState(house, alice, { roomId, type: 'm.room.member', stateKey: bob, content: { membership: 'ban' } });
    const soft = await receive(roomId, early);
    expect(soft).toMatchObject({ outcome: 'soft-failed' });
    expect('event' in soft && soft.event.position).toBeUndefined();
    expect(await looseEnds(roomId)).toHaveLength(1);
    const eventId = 'event' in soft ? soft.event.eventId : '';
    const [end] = await looseEnds(roomId);
    const { roomNid } = await roomOf(roomId);
    expect(await citedEvents(test.db, roomNid, [eventId])).toMatchObject([{ softFailed: true, position: null }]);
    expect(end?.eventId).not.toBe(eventId);
  });

  it('whose redaction came before it never has its content, and another server cannot do that', async () => {
    const roomId = await room();
    const carol = '@carol:c';
    await say(roomId, { type: 'm.room.member', stateKey: carol, sender: carol, content: { membership: 'join' } });
    const later = await remote(roomId, { content: { body: 'secret' } });
    const others = await remote(roomId, { sender: carol, content: { body: 'stays' } });
    for (const pdu of [later, others]) {
      const content = { redacts: eventIdOf(pdu, rules) };
      expect(await say(roomId, { type: 'm.room.redaction', content })).toMatchObject({ outcome: 'accepted' });
    }
    expect(await receive(roomId, later)).toMatchObject({ outcome: 'accepted' });
    expect(await receive(roomId, others)).toMatchObject({ outcome: 'accepted' });
    const contentOf = async (pdu: Pdu) => {
      return (JSON.parse((await eventText(test.db, roomId, eventIdOf(pdu, rules))) ?? '') as Pdu).content;
    };
    expect(await contentOf(later)).toEqual({});
    expect(await contentOf(others)).toEqual({ body: 'stays' });
    const { roomNid } = await roomOf(roomId);
    const [row] = await redactionTargets(test.db, roomNid, [eventIdOf(later, rules)]);
    expect(row?.redactedBy).toEqual(expect.any(Number));
  });

  it('is no second create event', async () => {
    const roomId = await room();
    const draft = { ...(await remote(roomId, { content: {} })), type: 'm.room.create', state_key: '' };
    expect(checkRemote(asJson(draft), roomId, rules)).toMatchObject({ outcome: 'dropped' });
  });

  it('as deep as depths go leaves room for others', async () => {
    const roomId = await room();
    const deepest = Number.MAX_SAFE_INTEGER;
    expect(await say(roomId, { content: { body: 'deep' }, depth: deepest })).toMatchObject({ outcome: 'accepted' });
    const own = JSON.parse((await eventText(test.db, roomId, await sayHere(roomId))) ?? '') as Pdu;
    expect(own.depth).toBe(deepest);
    expect(await say(roomId, { content: { body: 'on' }, depth: deepest })).toMatchObject({ outcome: 'accepted' });
  });
});

describe('events of another server that come together', () => {
  /** Each follows the one before. */
  async function chain(roomId: string, said: readonly Said[]): Promise<Pdu[]> {
    const [end] = await looseEnds(roomId);
    const pdus: Pdu[] = [];
    for (const [at, one] of said.entries()) {
      const last = pdus.at(-1);
      const after = [last === undefined ? (end?.eventId ?? '') : eventIdOf(last, rules)];
      pdus.push(await remote(roomId, { ...one, after, depth: (end?.depth ?? 0) + 1 + at }));
    }
    return pdus;
  }
  const commitsOf = async (roomId: string, work: () => Promise<unknown>) => {
    const { version } = await roomOf(roomId);
    await work();
    return (await roomOf(roomId)).version - version;
  };

  it('are stored with few commits, each judged after those before it', async () => {
    const roomId = await room();
    const carol = '@carol:c';
    const pdus = await chain(
      roomId,
      Array.from({ length: 48 }, (_, at) => ({ content: { body: `${at}` } })),
    );
    const last = pdus.at(-1) as Pdu;
    const join = await remote(roomId, {
      type: 'm.room.member',
      sender: carol,
      stateKey: carol,
      content: { membership: 'join' },
      after: [eventIdOf(last, rules)],
      depth: last.depth + 1,
    });
    const levels = await currentKeyValues(test.db, (await roomOf(roomId)).roomNid, [
      { type: 'm.room.power_levels', stateKey: '' },
    ]);
    const draft = {
      type: 'm.room.message',
      sender: carol,
      content: { body: 'at last' },
      room_id: roomId,
      origin_server_ts: 1,
      prev_events: [eventIdOf(join, rules)],
      auth_events: [...levels.map(({ eventId }) => eventId), eventIdOf(join, rules)],
      depth: last.depth + 2,
    };
    const message = remoteEvent(draft, rules, 'c').pdu;
    const all = [...pdus, join, message];
    const outcomes: string[] = [];
    const commits = await commitsOf(roomId, async () => {
      for (const { outcome } of await Promise.all(all.map((pdu) => receive(roomId, pdu)))) outcomes.push(outcome);
    });
    expect(new Set(outcomes)).toEqual(new Set(['accepted']));
    expect(commits).toBeLessThanOrEqual(6);
    expect((await looseEnds(roomId)).map(({ eventId }) => eventId)).toEqual([eventIdOf(message, rules)]);
    expect(await checkDatabase(test.url)).toEqual([]);
  });

  it('are told apart: what is refused, missing or new to the room once more changes nothing for the others', async () => {
    const roomId = await room();
    const [first, second, third] = (await chain(
      roomId,
      ['one', 'two', 'three'].map((body) => ({ content: { body } })),
    )) as [Pdu, Pdu, Pdu];
    const after = [eventIdOf(first, rules)];
    const refused = await remote(roomId, { type: 'm.room.topic', stateKey: '', content: { topic: 'mine' }, after });
    const gap = await remote(roomId, { content: { body: 'hi' }, after: ['$unknown'] });
    const all = [first, refused, gap, second, second, third, first];
    const outcomes = await Promise.all(all.map((pdu) => receive(roomId, pdu)));
    expect(outcomes.map(({ outcome }) => outcome)).toEqual([
      'accepted',
      'rejected',
      'missing',
      'accepted',
      'accepted',
      'accepted',
      'accepted',
    ]);
    expect(outcomes[4]).toEqual(outcomes[3]);
    expect(outcomes[6]).toEqual(outcomes[0]);
    expect((await looseEnds(roomId)).map(({ eventId }) => eventId)).toEqual([eventIdOf(third, rules)]);
    expect(await checkDatabase(test.url)).toEqual([]);
  });

  it('wait for one that redacts among them, and are stripped by it', async () => {
    const roomId = await room();
    const [said] = (await chain(roomId, [{ content: { body: 'secret' } }])) as [Pdu];
    const eventId = eventIdOf(said, rules);
    const redaction = await remote(roomId, {
      type: 'm.room.redaction',
      content: { redacts: eventId },
      after: [eventId],
      depth: said.depth + 1,
    });
    const next = await remote(roomId, {
      content: { body: 'next' },
      after: [eventIdOf(redaction, rules)],
      depth: said.depth + 2,
    });
    const outcomes = await Promise.all([said, redaction, next].map((pdu) => receive(roomId, pdu)));
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['accepted', 'accepted', 'accepted']);
    expect((JSON.parse((await eventText(test.db, roomId, eventId)) ?? '') as Pdu).content).toEqual({});
    expect(await checkDatabase(test.url)).toEqual([]);
  });

  it('take few commits too where a room that has enough loose ends keeps them for later', async () => {
    const roomId = await room();
    const after = (await looseEnds(roomId)).map(({ eventId }) => eventId);
    const forks: Pdu[] = [];
    for (let count = 0; count < extremitiesMax + 100; count += 1)
      forks.push(await remote(roomId, { content: { body: `${count}` }, after }));
    for (const fork of forks.slice(0, extremitiesMax)) await receive(roomId, fork);
    const outcomes: string[] = [];
    const commits = await commitsOf(roomId, async () => {
      const rest = forks.slice(extremitiesMax);
      for (const { outcome } of await Promise.all(rest.map((pdu) => receive(roomId, pdu)))) outcomes.push(outcome);
    });
    expect(new Set(outcomes)).toEqual(new Set(['soft-failed']));
    expect(commits).toBeLessThanOrEqual(8);
    expect(await checkDatabase(test.url)).toEqual([]);
  }, 120_000);
});

describe('a room that forks', () => {
  it('of 50 loose ends heals as people speak', async () => {
    const roomId = await room();
    const after = (await looseEnds(roomId)).map(({ eventId }) => eventId);
    const forks: Pdu[] = [];
    for (let count = 0; count < 50; count += 1) {
      const name: Said = {
        type: 'm.room.member',
        stateKey: bob,
        content: { membership: 'join', displayname: `Bob ${count}` },
        after,
      };
      const said: Said = { content: { body: `${count}` }, after };
      forks.push(await remote(roomId, count % 10 === 0 ? name : said));
    }
    for (const fork of forks) expect(await receive(roomId, fork)).toMatchObject({ outcome: 'accepted' });
    expect(await looseEnds(roomId)).toHaveLength(50);
    for (const left of [31, 12, 1]) {
      const own = JSON.parse((await eventText(test.db, roomId, await sayHere(roomId))) ?? '') as Pdu;
      expect(own.prev_events.length).toBeLessThanOrEqual(20);
      expect(await looseEnds(roomId)).toHaveLength(left);
    }
    // Another server works out the same: our events pass its checks, and it stands where we do.
    expect(await say(roomId, { content: { body: 'together' } }, other)).toMatchObject({ outcome: 'accepted' });
    expect(await checkDatabase(test.url)).toEqual([]);
  });

  it('keeps what would be too many loose ends, and shows it when something follows it', async () => {
    const roomId = await room();
    const after = (await looseEnds(roomId)).map(({ eventId }) => eventId);
    const forks: Pdu[] = [];
    for (let count = 0; count < extremitiesMax + 3; count += 1) {
      forks.push(await remote(roomId, { content: { body: `${count}` }, after }));
    }
    const outcomes = [];
    for (const fork of forks) outcomes.push((await receive(roomId, fork)).outcome);
    expect(outcomes.filter((outcome) => outcome === 'soft-failed')).toHaveLength(3);
    expect(await looseEnds(roomId)).toHaveLength(extremitiesMax);
  }, 120_000);

  it('comes to the same by two processes at once', async () => {
    const roomId = await room();
    const after = (await looseEnds(roomId)).map(({ eventId }) => eventId);
    const forks: Pdu[] = [];
    for (let count = 0; count < 12; count += 1)
      forks.push(await remote(roomId, { content: { body: `${count}` }, after }));
    const own = Array.from({ length: 6 }, () => sayHere(roomId));
    const outcomes = await Promise.all(forks.map((fork, at) => receive(roomId, fork, at % 2 === 0 ? house : other)));
    await Promise.all(own);
    expect(new Set(outcomes.map(({ outcome }) => outcome))).toEqual(new Set(['accepted']));
    await sayHere(roomId);
    expect(await looseEnds(roomId)).toHaveLength(1);
    expect(await checkDatabase(test.url)).toEqual([]);
  });
});

describe('the state that forks come to', () => {
  it('is told as changed since a position, and is what our next event stands on', async () => {
    const roomId = await room();
    const levels = { users: { [bob]: 50 } };
    await sendState(house, alice, { roomId, type: 'm.room.power_levels', stateKey: '', content: levels });
    const after = (await looseEnds(roomId)).map(({ eventId }) => eventId);
    const name: JsonObject = { membership: 'join', displayname: 'Robert' };
    const forked = await remote(roomId, { type: 'm.room.member', stateKey: bob, content: name, after });
    // Before that fork is heard of, the room goes on here.
    await sendState(house, alice, { roomId, type: 'm.room.topic', stateKey: '', content: { topic: 'ours' } });
    const said = await receive(roomId, forked);
    if (said.outcome !== 'accepted') throw new Error(said.outcome);
    const since = said.event.position ?? 0;
    // Later by its time: of two topics under the same levels it stays.
    const theirs = await remote(roomId, {
      type: 'm.room.topic',
      stateKey: '',
      content: { topic: 'theirs' },
      after: [said.event.eventId],
      ts: Date.parse('2100-01-01'),
    });
    expect(await receive(roomId, theirs, other)).toMatchObject({ outcome: 'accepted' });
    const { roomNid, stateVersion } = await roomOf(roomId);
    const delta = await streamStateDelta(test.db, [{ roomNid, since, version: stateVersion }]);
    expect(delta.map(({ json }) => (JSON.parse(json) as Pdu).content)).toEqual([{ topic: 'theirs' }]);
    // The first process has not heard of it: its next event is refused once, and then stands on it.
    await sayHere(roomId);
    const [end] = await looseEnds(roomId);
    const [row] = await citedEvents(test.db, roomNid, [end?.eventId ?? '']);
    expect(row).toMatchObject({ line: 0, stateVersion });
    const members = await membersOf(test.db, roomNid, ['join']);
    expect(members.find((member) => member.userId === bob)).toMatchObject({ displayname: 'Robert' });
    expect(await checkDatabase(test.url)).toEqual([]);
  });
});

describe('the types of receipt', () => {
  it('let no check be skipped', () => {
    const skipped: (() => unknown)[] = [];
    const never = (skip: () => unknown) => skipped.push(skip);
    const untrusted = { event: {}, roomId: '!r', rules };
    const finished = { pdu: {} as Pdu, eventId: '$e', json: '{}' };
    // @ts-expect-error signatures are checked of what has its form
    never(() => checkSignatures(untrusted, () => undefined));
    // @ts-expect-error the hash is checked of what is signed
    never(() => checkHash(untrusted));
    // @ts-expect-error judged is what passed the first three
    never(() => judgeReceived(finished, {} as Parameters<typeof judgeReceived>[1]));
    // @ts-expect-error received is what passed the first three
    never(() => house.lanes.receive('!r', { checked: finished }));
    // @ts-expect-error appended is what was judged
    never(() => appendPdu(finished, {} as Parameters<typeof appendPdu>[1], { eventNid: 1, serverName: 's' }));
    expect(skipped).toHaveLength(5);
  });
});
