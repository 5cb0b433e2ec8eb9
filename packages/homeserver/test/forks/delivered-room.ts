// A history delivered to the real lane and database: in some order, one by one or several at once, by two processes in turn, with restarts
// in between, some events as outliers first and some twice. What is stored is compared with the model event by event.
import type { JsonValue } from '@pons/spec';
import fc from 'fast-check';
import { checkedRemote } from '../../../testkit/src/remote-servers.ts';
import { testRoomLanes } from '../../../testkit/src/room-lanes.ts';
import type { TestDatabase } from '../../../testkit/src/database.ts';
import { stateMapKey } from '../../src/rules/state-resolution/resolve.ts';
import { citedEvents, wholeStateIds } from '../../src/storage/tables/forks.ts';
import { extremitiesOf, roomById, type RoomRow } from '../../src/storage/tables/rooms.ts';
import type { ReceiveOutcome } from '../../src/rooms/receive/receive-outcome.ts';
import { everyVersion } from '../state-resolution/properties.ts';
import { arrival, steps, textOf } from '../state-resolution/random-history.ts';
import { ModelRoom } from './model-room.ts';
import { asJson, nobodyHasIt, type SignedEvent, signedHistory, type SignedHistory } from './signed-history.ts';

type House = ReturnType<typeof testRoomLanes>;
const unavailable = new Set([nobodyHasIt]);

/** How a history is delivered: numbers that choose, turn by turn. */
export interface Delivery {
  readonly order: readonly number[];
  readonly whims: readonly number[];
  /** The room is from before there was an auth-chain index. */
  readonly isOld?: boolean;
}

/** Processes on one database. */
export class Houses {
  readonly #test: TestDatabase;
  #houses: House[];

  constructor(test: TestDatabase) {
    this.#test = test;
    this.#houses = [testRoomLanes(test.db), testRoomLanes(test.db)];
  }

  get db(): TestDatabase['db'] {
    return this.#test.db;
  }

  house(at: number): House {
    return this.#houses[at % this.#houses.length] as House;
  }

  async restart(): Promise<void> {
    await this.close();
    this.#houses = [testRoomLanes(this.#test.db), testRoomLanes(this.#test.db)];
  }

  /** Nothing of a room is on the auth-chain index, and so nothing will be. */
  async forgetIndex(roomId: string): Promise<void> {
    await this.db.query(
      {
        name: 'test.forget_index',
        text: `update events set auth_chain = null, auth_chain_seq = null
          where room_nid = (select room_nid from rooms where room_id = $1)`,
      },
      [roomId],
    );
    await this.restart();
  }

  async close(): Promise<void> {
    for (const house of this.#houses) await house.close();
  }

  receive(
    at: number,
    { roomId, rules }: SignedHistory,
    event: SignedEvent,
    asOutlier = false,
  ): Promise<ReceiveOutcome> {
    const checked = checkedRemote(asJson(event), roomId, rules);
    return this.house(at).lanes.receive(roomId, { checked, unavailable, asOutlier });
  }

  async adopt({ roomId, rules, events }: SignedHistory): Promise<void> {
    const [create] = events;
    if (create === undefined) throw new Error('an empty history');
    await this.house(0).lanes.adopt(roomId, checkedRemote(asJson(create), roomId, rules));
  }
}

/** Random rooms of every version, delivered in random orders, are stored as the rules say. */
export function storedAsTheRulesSay(houses: () => Houses, isOld = false) {
  const whims = fc.array(fc.nat(1_000), { minLength: 1, maxLength: 45 });
  const version = fc.constantFrom(...everyVersion);
  return fc.asyncProperty(version, steps, arrival, whims, async (of, made, order, choices) => {
    const wrong = await deliver(houses(), signedHistory(of, made), { order, whims: choices, isOld });
    if (wrong !== undefined) throw new Error(wrong);
  });
}

/** Delivers a history and compares. @returns what does not agree, the first of it */
export async function deliver(
  houses: Houses,
  history: SignedHistory,
  { order, whims, isOld }: Delivery,
): Promise<string | undefined> {
  const model = new ModelRoom(history.rules, history.roomId);
  const [create, ...rest] = history.events;
  if (create === undefined) return undefined;
  await houses.adopt(history);
  model.receive(create);
  if (isOld === true) await houses.forgetIndex(history.roomId);
  const waiting = [...rest];
  for (let turn = 0; waiting.length > 0; turn += 1) {
    const whim = whims[turn % whims.length] ?? 0;
    if (whim % 5 === 0) {
      const early = waiting.find((event) => waitsFor(event, waiting));
      if (early !== undefined && (await houses.receive(turn, history, early)).outcome !== 'missing')
        return `${early.eventId} is not missing anything`;
    }
    const together = takeReady(waiting, order, { turn, count: whim % 4 === 0 ? 1 + (whim % 13) : 1 });
    const [next] = together;
    if (next === undefined) return 'events wait for one another';
    if (whim % 7 === 0) await houses.receive(turn, history, next, true);
    if (whim % 11 === 0) await houses.restart();
    const expected = together.map((event) => model.receive(event));
    const got = await Promise.all(together.map((event) => houses.receive(turn, history, event)));
    for (const [at, { eventId, pdu }] of together.entries()) {
      const { outcome } = got[at] as ReceiveOutcome;
      if (outcome !== expected[at]) return `${eventId} ${pdu.type} is ${outcome}, not ${expected[at]}`;
    }
    if (whim % 3 === 0 && (await houses.receive(turn + 1, history, next)).outcome !== expected[0])
      return `${next.eventId} is not the same again`;
    const wrong = whim % 9 === 0 || waiting.length === 0 ? await differences(houses, history, model) : undefined;
    if (wrong !== undefined)
      return `after ${together.map(({ eventId, pdu }) => `${eventId} ${pdu.type}`).join()}: ${wrong}`;
  }
  return differences(houses, history, model, true);
}

function waitsFor({ prevIds, authIds }: SignedEvent, waiting: readonly SignedEvent[]): boolean {
  const isWaiting = new Set(waiting.map(({ eventId }) => eventId));
  return [...prevIds, ...authIds].some((id) => isWaiting.has(id));
}

// In an order in which each may come after those before it.
function takeReady(
  waiting: SignedEvent[],
  order: readonly number[],
  { turn, count }: { readonly turn: number; readonly count: number },
): SignedEvent[] {
  const taken: SignedEvent[] = [];
  while (taken.length < count && waiting.length > 0) {
    const ready = waiting.filter((event) => !waitsFor(event, waiting));
    const next = ready[(order[turn + taken.length] ?? 0) % ready.length];
    if (next === undefined) break;
    waiting.splice(waiting.indexOf(next), 1);
    taken.push(next);
  }
  return taken;
}

/** Delivers a history by both processes at once, as fast as they take it. @returns what does not agree, the first of it */
export async function deliverAtOnce(houses: Houses, history: SignedHistory): Promise<string | undefined> {
  const [create, ...rest] = history.events;
  if (create === undefined) return undefined;
  await houses.adopt(history);
  const model = new ModelRoom(history.rules, history.roomId);
  for (const event of history.events) model.receive(event);
  let waiting = rest;
  while (waiting.length > 0) {
    const outcomes = await Promise.all(waiting.map((event, at) => houses.receive(at, history, event)));
    const left = waiting.filter((_, at) => outcomes[at]?.outcome === 'missing');
    if (left.length === waiting.length) return `${left.length} events wait for one another`;
    waiting = left;
  }
  const { db } = houses;
  const room = await roomById(db, history.roomId);
  if (room === undefined) return 'no room';
  const ids = history.events.map((event) => event.eventId);
  const accepted = new Set<string>();
  for (const { eventId, rejected, softFailed } of await citedEvents(db, room.roomNid, ids)) {
    if (rejected !== (model.outcomes.get(eventId) === 'rejected')) return `${eventId} rejected: ${rejected}`;
    if (!rejected && !softFailed) accepted.add(eventId);
  }
  // What fails softly depends on what came first; what the room comes to depends on that alone.
  const followed = new Set<string>();
  for (const { eventId, prevIds } of history.events.toReversed()) {
    if (accepted.has(eventId) || followed.has(eventId)) for (const id of prevIds) followed.add(id);
  }
  const leaves = [...accepted].filter((id) => !followed.has(id));
  const loose = (await extremitiesOf(db, room.roomNid, room.extremities)).map(({ eventId }) => eventId);
  if (loose.sort().join() !== leaves.sort().join()) return `loose ends ${loose.join()}, not ${leaves.join()}`;
  const current = await stateAt(houses, room, 0, room.stateVersion);
  return current === textOf(model.currentOf(leaves)) ? undefined : 'the current state';
}

async function differences(houses: Houses, history: SignedHistory, model: ModelRoom, all = false) {
  const { db } = houses;
  const room = await roomById(db, history.roomId);
  if (room === undefined) return 'no room';
  const loose = (await extremitiesOf(db, room.roomNid, room.extremities)).map(({ eventId }) => eventId);
  if (loose.sort().join() !== [...model.leaves].sort().join()) return `loose ends ${loose.join()}`;
  if ((await stateAt(houses, room, 0, room.stateVersion)) !== textOf(model.current)) return 'the current state';
  if (!all) return undefined;
  for (const { eventId, line, stateVersion, rejected, softFailed, position } of await citedEvents(
    db,
    room.roomNid,
    history.events.map((event) => event.eventId),
  )) {
    const outcome = rejected ? 'rejected' : softFailed ? 'soft-failed' : 'accepted';
    if (outcome !== model.outcomes.get(eventId) || (position === null) !== (outcome !== 'accepted'))
      return `${eventId} as stored`;
    if ((await stateAt(houses, room, line, stateVersion)) !== textOf(model.before.get(eventId) ?? new Map()))
      return `the state before ${eventId} at ${line}:${stateVersion}`;
  }
  return members(houses, room, history, model);
}

async function stateAt({ db }: Houses, room: RoomRow, line: number, version: number): Promise<string> {
  const rows = await wholeStateIds(db, room.roomNid, { line, version });
  return textOf(new Map(rows.map((row) => [stateMapKey(row.type, row.stateKey), row.eventId])));
}

async function members({ db }: Houses, room: RoomRow, { events }: SignedHistory, { current }: ModelRoom) {
  const rows = await db.query<{ user_id: string; membership: string }>(
    { name: 'test.members', text: 'select user_id, membership from room_members where room_nid = $1 order by 1' },
    [room.roomNid],
  );
  const found = rows.map((row) => `${row.user_id} ${row.membership}`).join();
  const memberships = new Map<string, JsonValue | undefined>();
  for (const [key, eventId] of current) {
    const pdu = events.find((event) => event.eventId === eventId)?.pdu;
    if (key.startsWith(stateMapKey('m.room.member', '')))
      memberships.set(pdu?.state_key ?? '', pdu?.content['membership']);
  }
  const expected = [...memberships]
    .map(([user, membership]) => `${user} ${typeof membership === 'string' ? membership : '?'}`)
    .sort()
    .join();
  const count = (of: string) => [...memberships.values()].filter((membership) => membership === of).length;
  if (found !== expected) return `members ${found}, not ${expected}`;
  if (room.joined !== count('join') || room.invited !== count('invite')) return `counts ${room.joined} ${room.invited}`;
  return undefined;
}
