// What several states of a room come to together. Where they do not differ that is one of them; else state resolution decides, given only
// what matters: the keys in which they can differ, the events that conflict with their auth chains (told by the index), and the few
// agreed values that authorise these. A room of 50,000 members is read whole only where the index says that chains differ.
// https://spec.matrix.org/v1.19/rooms/v12/#state-resolution
import { citedIds, type Pdu, type RoomVersionRules } from '@pons/spec';
import { authStateKeys } from '../../rules/auth-events.ts';
import type { ChainStore } from '../../rules/auth-chain/chain-store.ts';
import { indexedAuthDifference, indexedSubgraph } from '../../rules/auth-chain/indexed-difference.ts';
import { type SplitState, splitState } from '../../rules/state-resolution/conflicted-state.ts';
import { type ResolvableEvent, type StateMap, stateMapKey } from '../../rules/state-resolution/resolve.ts';
import { createIdOf } from '../../rules/state-resolution/state-sets.ts';
import type { Queryable } from '../../storage/database.ts';
import {
  citedByNumber,
  compareStates,
  wholeStateIds,
  withAuthChains,
  withAuthEvents,
} from '../../storage/tables/forks.ts';
import { keyValuesAt } from '../../storage/tables/room-state.ts';
import { askedOnce } from './fresh-chains.ts';
import { type ResolveJob, resolveSomewhere, type ResolvePool } from './resolve-somewhere.ts';
import { sameRef, type StateRef } from './state-ref.ts';

/** Values that are compared: keys in which the states may differ, times the states. About 0.1 s of work. */
const comparedMax = 50_000;
/** Events that are read because resolution asks for more, each time four times as many, and all in all: chains of power levels. */
const askedAtFirst = 500;
const askedMax = 30_000;

/** The room in which states are merged. */
export interface MergeRoom {
  readonly db: Queryable;
  readonly roomNid: number;
  readonly roomId: string;
  readonly rules: RoomVersionRules;
  /** The room as it is: version of line 0. */
  readonly current: StateRef;
  readonly chains: ChainStore;
  /** Events that are not stored yet. */
  readonly fresh: readonly FoundEvent[];
  readonly pool?: ResolvePool | undefined;
}

/** An event as it is known here. */
export interface FoundEvent {
  readonly eventNid: number;
  readonly eventId: string;
  readonly keyNid: number | null;
  readonly rejected: boolean;
  readonly json: string;
}

/** A value of a key that the current state does not have; absent values are undefined. */
export interface Difference {
  readonly type: string;
  readonly stateKey: string;
  readonly keyNid: number;
  readonly value: { readonly eventNid: number; readonly eventId: string } | undefined;
}

/** A merged state, and what it differs in from the current one. */
export interface Merged {
  readonly ref: StateRef;
  readonly fromCurrent: readonly Difference[];
}

/** States differ in more than is looked at. */
export class TooTorn extends Error {}

/**
 * Merges states; one alone is compared with the current one.
 *
 * @throws TooTorn
 */
export async function mergeStates(room: MergeRoom, states: readonly StateRef[]): Promise<Merged> {
  const refs = states.filter((ref, at) => states.findIndex((other) => sameRef(other, ref)) === at);
  const table = await readTable(room, refs);
  const maps = refs.map((ref, at) => table.stateOf(at, ref));
  const [first] = maps;
  if (first === undefined) throw new Error('no state to merge');
  const state = maps.length === 1 ? first : await resolve(room, refs, table, maps);
  const fromCurrent = table.differences(refs.length, state);
  const candidates = [...refs, room.current].map((ref, at) => ({ ref, over: table.differences(at, state) }));
  const [nearest] = candidates.filter(({ ref }) => ref.baseVersion > 0).sort((a, b) => a.over.length - b.over.length);
  const { ref, over } = nearest ?? { ref: room.current, over: fromCurrent };
  return { ref: { ...ref, over: new Map(over.map((one) => [one.keyNid, one.value?.eventNid ?? null])) }, fromCurrent };
}

interface Key {
  readonly type: string;
  readonly stateKey: string;
  readonly keyNid: number;
}

/** The values in which states can differ, by key, at each place; the last place is the current state. */
class StateTable {
  readonly keys = new Map<string, Key>();
  readonly #values: Map<string, string>[];
  readonly #numbers = new Map<string, number>();
  readonly #ids = new Map<number, string>();

  constructor(places: number) {
    this.#values = Array.from({ length: places }, () => new Map());
  }

  addEvent(eventNid: number, eventId: string): void {
    this.#numbers.set(eventId, eventNid);
    this.#ids.set(eventNid, eventId);
  }

  addKey(key: Key): string {
    const text = stateMapKey(key.type, key.stateKey);
    this.keys.set(text, key);
    return text;
  }

  set(place: number, text: string, eventId: string): void {
    this.#values[place]?.set(text, eventId);
  }

  /** The state of a place and what is over it. */
  stateOf(place: number, { over }: StateRef): Map<string, string> {
    const state = new Map(this.#values[place]);
    if (over.size === 0) return state;
    for (const [text, { keyNid }] of this.keys) {
      const eventNid = over.get(keyNid);
      if (eventNid === undefined) continue;
      if (eventNid === null) state.delete(text);
      else state.set(text, this.#ids.get(eventNid) ?? '');
    }
    return state;
  }

  /** In what a state differs from a place. */
  differences(place: number, state: StateMap): Difference[] {
    const here = this.#values[place];
    return [...this.keys].flatMap(([text, key]): Difference[] => {
      const eventId = state.get(text);
      if (eventId === here?.get(text)) return [];
      if (eventId === undefined) return [{ ...key, value: undefined }];
      const eventNid = this.#numbers.get(eventId);
      if (eventNid === undefined) throw new Error('a state holds an event that was not read');
      return [{ ...key, value: { eventNid, eventId } }];
    });
  }
}

async function readTable(room: MergeRoom, refs: readonly StateRef[]): Promise<StateTable> {
  const { db, roomNid, current, fresh } = room;
  const all = [...refs, current];
  const bases = all.map(({ baseVersion }) => baseVersion);
  const table = new StateTable(all.length);
  for (const { eventNid, eventId, json, keyNid } of fresh) {
    table.addEvent(eventNid, eventId);
    if (keyNid !== null) table.addKey(keyOf(json, keyNid));
  }
  const keysMax = Math.floor(comparedMax / all.length);
  const rows = await compareStates(
    db,
    roomNid,
    all.map(({ place }) => place),
    {
      span: [Math.min(...bases), Math.max(...bases)],
      keyNids: [...new Set(all.flatMap(({ over }) => [...over.keys()]))],
      keysMax,
    },
  );
  if (new Set(rows.map(({ keyNid }) => keyNid)).size >= keysMax)
    throw new TooTorn('the forks of the room differ in too much');
  for (const { place, eventNid, eventId, ...key } of rows) {
    table.addEvent(eventNid, eventId);
    table.set(place, table.addKey(key), eventId);
  }
  await addOverlaid(room, refs, table);
  return table;
}

// Events over places that no place has: of a state event that lost where it came, and stands in no line.
async function addOverlaid({ db, roomNid, fresh }: MergeRoom, refs: readonly StateRef[], table: StateTable) {
  const known = new Set(fresh.map(({ eventNid }) => eventNid));
  const wanted = refs.flatMap(({ over }) => [...over.values()]).filter((nid) => nid !== null && !known.has(nid));
  for (const row of await citedByNumber(db, roomNid, wanted as number[])) {
    table.addEvent(row.eventNid, row.eventId);
    if (row.keyNid !== null) table.addKey(keyOf(row.json, row.keyNid));
  }
}

function keyOf(json: string, keyNid: number): Key {
  const { type, state_key: stateKey = '' } = JSON.parse(json) as Pdu;
  return { type, stateKey, keyNid };
}

async function resolve(
  room: MergeRoom,
  refs: readonly StateRef[],
  table: StateTable,
  maps: Map<string, string>[],
): Promise<StateMap> {
  const split = splitState(maps);
  const [first] = maps;
  if (split.conflicted.size === 0) return first ?? new Map();
  const chains: ChainAnswers | undefined =
    room.rules.stateResolution === 1 ? {} : await chainAnswers(room, refs, { table, maps, split });
  const wholeOf = chains === undefined ? await wholeStates(room, refs, table, maps) : undefined;
  const sets = wholeOf ?? maps;
  const events = new Map<string, ResolvableEvent>();
  const start = [...split.conflicted, ...(chains?.authDifference ?? []), ...(chains?.conflictedSubgraph ?? [])];
  const take = (rows: readonly FoundEvent[]) => {
    for (const row of [...rows, ...room.fresh]) {
      table.addEvent(row.eventNid, row.eventId);
      if (row.keyNid !== null) table.addKey(keyOf(row.json, row.keyNid));
      events.set(row.eventId, resolvable(row));
    }
  };
  const { db, roomNid } = room;
  take(await withAuthEvents(db, roomNid, [...start, createIdOf(room.roomId), ...citedByFresh(room)]));
  await addAgreed(room, refs, { table, sets, events });
  const known = events.size;
  for (let limit = askedAtFirst; ; limit = Math.min(4 * limit, askedMax)) {
    const input = { rules: room.rules, stateSets: sets, events, ...chains };
    const result = await resolveSomewhere(input, room.pool);
    if (result.outcome === 'resolved') return result.state;
    if (events.size - known >= askedMax) throw new TooTorn('what the forks rest on is too far back');
    const before = events.size;
    take(await withAuthChains(db, roomNid, result.eventIds, limit));
    if (events.size === before) {
      throw new Error(`state resolution needs events that are not there: ${result.eventIds.slice(0, 3).join(' ')}`);
    }
  }
}

function citedByFresh({ fresh }: MergeRoom): string[] {
  return fresh.flatMap(({ json }) => citedIds((JSON.parse(json) as Pdu).auth_events));
}

interface Resolving {
  readonly table: StateTable;
  readonly sets: Map<string, string>[];
  readonly events: Map<string, ResolvableEvent>;
}

// What all agree on and the checks look at: read once, the same in every state.
async function addAgreed(room: MergeRoom, refs: readonly StateRef[], { table, sets, events }: Resolving) {
  const [place] = refs.map((ref) => ref.place);
  if (place === undefined) return;
  const keys = new Map<string, { readonly type: string; readonly stateKey: string }>();
  const need = (type: string, stateKey: string) => {
    const text = stateMapKey(type, stateKey);
    if (!table.keys.has(text) || !sets.some((state) => state.has(text))) keys.set(text, { type, stateKey });
  };
  need('m.room.power_levels', '');
  need('m.room.create', '');
  for (const { event } of events.values()) {
    for (const [type, stateKey] of authStateKeys(event, room.rules)) need(type, stateKey);
    if (event.state_key !== undefined) need(event.type, event.state_key);
  }
  for (const row of await keyValuesAt(room.db, room.roomNid, [place], [...keys.values()])) {
    const text = stateMapKey(row.type, row.stateKey);
    if (sets.some((state) => state.has(text)) || isCompared(table, refs, text)) continue;
    table.addKey(row);
    table.addEvent(row.eventNid, row.eventId);
    for (const at of refs.keys()) table.set(at, text, row.eventId);
    table.set(refs.length, text, row.eventId);
    for (const state of sets) state.set(text, row.eventId);
    events.set(row.eventId, resolvable({ ...row, rejected: false }));
  }
}

// A key that an overlay takes away is compared, although no state has it.
function isCompared(table: StateTable, refs: readonly StateRef[], text: string): boolean {
  const keyNid = table.keys.get(text)?.keyNid;
  return keyNid !== undefined && refs.some(({ over }) => over.has(keyNid));
}

function resolvable({ eventId, json, rejected }: Pick<FoundEvent, 'eventId' | 'json' | 'rejected'>): ResolvableEvent {
  const event = JSON.parse(json) as Pdu;
  return { eventId, rejected, event: { ...event, auth_events: citedIds(event.auth_events) } };
}

type ChainAnswers = Pick<ResolveJob, 'authDifference' | 'conflictedSubgraph'>;

/** What the index says; undefined where it does not have all of these events. */
async function chainAnswers(
  room: MergeRoom,
  refs: readonly StateRef[],
  {
    table,
    maps,
    split,
  }: { readonly table: StateTable; readonly maps: readonly StateMap[]; readonly split: SplitState },
): Promise<ChainAnswers | undefined> {
  const index = askedOnce(room.chains);
  const agreed: SplitState = { conflicted: split.conflicted, unconflicted: new Map() };
  let difference = await indexedAuthDifference(maps, agreed, index);
  // What the agreed state rests on is in every chain.
  if (difference.outcome === 'found' && difference.eventIds.size > 0) {
    const [ref] = refs;
    for (const row of ref === undefined ? [] : await wholeStateIds(room.db, room.roomNid, ref.place)) {
      const text = stateMapKey(row.type, row.stateKey);
      if (!maps.some((state) => state.has(text)) && !isCompared(table, refs, text))
        agreed.unconflicted.set(text, row.eventId);
    }
    for (const [text, eventId] of split.unconflicted) agreed.unconflicted.set(text, eventId);
    difference = await indexedAuthDifference(maps, agreed, index);
  }
  if (difference.outcome === 'torn') throw new TooTorn('what the forks rest on is strung together');
  if (difference.outcome === 'missing') return undefined;
  if (room.rules.stateResolution !== 2.1) return { authDifference: difference.eventIds };
  const between = await indexedSubgraph(split.conflicted, index);
  if (between.outcome === 'torn') throw new TooTorn('what the forks rest on is strung together');
  if (between.outcome === 'missing') return undefined;
  return { authDifference: difference.eventIds, conflictedSubgraph: between.eventIds };
}

// Rooms from before there was an index: their states whole, for resolution to walk.
async function wholeStates(room: MergeRoom, refs: readonly StateRef[], table: StateTable, maps: Map<string, string>[]) {
  const [ref] = refs;
  const agreed = ref === undefined ? [] : await wholeStateIds(room.db, room.roomNid, ref.place);
  const isCommon = (text: string) => !maps.some((state) => state.has(text)) && !isCompared(table, refs, text);
  for (const row of agreed) {
    const text = stateMapKey(row.type, row.stateKey);
    if (!isCommon(text)) continue;
    table.addKey(row);
    table.addEvent(row.eventNid, row.eventId);
    for (let at = 0; at <= refs.length; at += 1) table.set(at, text, row.eventId);
  }
  return refs.map((each, at) => table.stateOf(at, each));
}
