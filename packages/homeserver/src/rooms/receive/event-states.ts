// The states that one event has to do with, while it is being judged in the lane: the state before it, what is in it, and what the room
// comes to once the event is in it. Read for an event of another server (plan-received.ts), and for one of ours that ties loose ends
// (tie-loose-ends.ts).
import { citedIds, clampDepth, type Pdu } from '@pons/spec';
import type { FinishedPdu } from '@pons/spec/crypto';
import { assignChains } from '../../rules/auth-chain/assign-chains.ts';
import type { StateLookup } from '../../rules/authorise.ts';
import type { Queryable } from '../../storage/database.ts';
import { authChainsOf } from '../../storage/tables/auth-chains.ts';
import { citedByNumber, citedEvents, type CitedRow } from '../../storage/tables/forks.ts';
import { currentKeyValues, keyValuesAt } from '../../storage/tables/room-state.ts';
import type { ExtremityRow } from '../../storage/tables/rooms.ts';
import { type StateContent, type StateKey, type StateValue, stateContent, stateKeyText } from '../lane-memory.ts';
import type { Part } from '../part.ts';
import { withFresh } from './fresh-chains.ts';
import { type Difference, type FoundEvent, type MergeRoom, mergeStates, TooTorn } from './merge-states.ts';
import type { ResolvePool } from './resolve-somewhere.ts';
import {
  ForkTooLarge,
  onLineZero,
  type RealisedState,
  realise,
  type StateRef,
  statesAfter,
  withEvent,
} from './state-ref.ts';

/** Hidden events that are looked through for what they follow, where the lane does not remember. */
const hiddenMax = 200;
/** Values of a fork that are copied without looking for something nearer. */
const copiedMax = 200;

/** What planning takes. */
export interface Planning {
  readonly db: Queryable;
  /** Its memory is what is stored of the room; with what is in it already, that is the room which the event comes to. */
  readonly part: Part;
  /** A number for the event, should it be new. */
  readonly eventNid: number;
  readonly pool: ResolvePool | undefined;
}

/** A key of the current state and what it becomes. */
export interface StateChange extends StateKey {
  readonly keyNid: number;
  readonly was: StateContent | undefined;
  readonly value: StateValue | undefined;
}

/** What the room comes to. */
export interface RoomMerge {
  readonly extremities: readonly ExtremityRow[];
  readonly changes: readonly StateChange[];
}

/** The state that events leave together: the one before an event that follows them. */
export async function stateAfterAll(planning: Planning, followed: readonly CitedRow[]): Promise<StateRef> {
  const { db, part } = planning;
  const { roomNid } = part.memory;
  const states = await statesAfter(db, roomNid, followed);
  const [only] = states;
  // What follows nothing stands on nothing: the rules refuse it.
  if (only === undefined) return onLineZero(0);
  if (states.length === 1) return only;
  const room = { ...mergeGround(planning), chains: authChainsOf(db, roomNid), fresh: [] };
  return (await mergeStates(room, states)).ref;
}

/**
 * The state as a place. A large fork is not copied where the room as it is now is nearer, as it is when most of the fork has won.
 *
 * @throws ForkTooLarge
 */
export async function placeFor(planning: Planning, ref: StateRef): Promise<RealisedState> {
  const { db, part } = planning;
  const { roomNid } = part.memory;
  const room = { roomNid, nextLine: part.point.nextLine };
  const copyMax = Math.min(copiedMax, part.memory.forkRows);
  try {
    return await realise(db, room, ref, copyMax);
  } catch (error) {
    if (!(error instanceof ForkTooLarge)) throw error;
    const ground = { ...mergeGround(planning), chains: authChainsOf(db, roomNid), fresh: [] };
    return realise(db, room, (await mergeStates(ground, [ref])).ref, part.memory.forkRows);
  }
}

/** What the work comes to; undefined where a room is torn on purpose: it is not worked out again for each piece. */
export async function unlessTorn<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof TooTorn || error instanceof ForkTooLarge) return undefined;
    throw error;
  }
}

/** What a state has for these keys. */
export async function lookupAt(
  { db, part: { memory } }: Planning,
  { place, over }: StateRef,
  keys: readonly StateKey[],
): Promise<StateLookup> {
  const found = new Map<string, { readonly eventId: string; readonly event: Pdu }>();
  const possible = keys.filter(({ stateKey }) => !stateKey.includes('\0'));
  for (const { type, stateKey, keyNid, eventId, json } of await keyValuesAt(db, memory.roomNid, [place], possible)) {
    if (!over.has(keyNid)) found.set(stateKeyText(type, stateKey), { eventId, event: JSON.parse(json) as Pdu });
  }
  const laid = [...over.values()].filter((nid) => nid !== null);
  for (const { eventId, json } of await citedByNumber(db, memory.roomNid, laid)) {
    const event = JSON.parse(json) as Pdu;
    found.set(stateKeyText(event.type, event.state_key ?? ''), { eventId, event });
  }
  return (type, stateKey) => found.get(stateKeyText(type, stateKey));
}

function mergeGround({ db, part, pool }: Planning): Omit<MergeRoom, 'chains' | 'fresh'> {
  const { roomNid, roomId, rules } = part.memory;
  return { db, roomNid, roomId, rules, current: onLineZero(part.point.stateVersion), pool };
}

/** The states around one event. */
export class EventStates {
  readonly eventNid: number;
  /** The event's row where it is stored already, as an outlier. */
  readonly own: CitedRow | undefined;
  readonly #planning: Planning;
  readonly #event: FinishedPdu;
  readonly #rows: ReadonlyMap<string, CitedRow>;
  readonly #keyNid: number | null;

  /** @param rows  what the event follows and cites, and itself, as far as it is stored */
  constructor(planning: Planning, event: FinishedPdu, rows: ReadonlyMap<string, CitedRow>) {
    const { pdu, eventId } = event;
    this.#planning = planning;
    this.#event = event;
    this.#rows = rows;
    this.own = rows.get(eventId);
    this.eventNid = this.own?.eventNid ?? planning.eventNid;
    this.#keyNid =
      pdu.state_key === undefined
        ? null
        : (planning.part.inputs.keyNids.get(stateKeyText(pdu.type, pdu.state_key)) ?? null);
  }

  /** That of its auth events which has its own key. */
  get replaces(): string | undefined {
    const { type, state_key: stateKey, auth_events: cited } = this.#event.pdu;
    if (stateKey === undefined) return undefined;
    return citedIds(cited).find((id) => {
      const row = this.#rows.get(id);
      if (row === undefined) return false;
      const event = JSON.parse(row.json) as Pdu;
      return event.type === type && event.state_key === stateKey;
    });
  }

  /** The loose ends that the event follows, also through events that nobody sees. */
  async followed(prevIds: readonly string[]): Promise<Set<string>> {
    const { db, part } = this.#planning;
    const { memory, point } = part;
    const seen = new Set(prevIds);
    const followed = new Set(prevIds);
    let hidden = prevIds.flatMap((id) => this.#rows.get(id) ?? []).filter(isHidden);
    while (hidden.length > 0 && seen.size < hiddenMax) {
      const further = hidden.flatMap(({ eventId, json }) => {
        const remembered = memory.hidden.get(eventId);
        for (const id of remembered ?? []) followed.add(id);
        return remembered === undefined ? citedIds((JSON.parse(json) as Pdu).prev_events) : [];
      });
      const next = [...new Set(further)].filter((id) => !seen.has(id));
      for (const id of next) followed.add(id);
      for (const id of next) seen.add(id);
      hidden = (await citedEvents(db, memory.roomNid, next)).filter(isHidden);
    }
    return new Set(point.extremities.flatMap(({ eventId }) => (followed.has(eventId) ? [eventId] : [])));
  }

  /** What the room comes to with the event in it, beside the loose ends that it does not follow. */
  async merge(before: StateRef, loose: readonly ExtremityRow[]): Promise<RoomMerge> {
    const { db, part } = this.#planning;
    const { memory } = part;
    const { eventId, json, pdu } = this.#event;
    const self = { eventNid: this.eventNid, eventId, keyNid: this.#keyNid, rejected: false, json };
    const others = await citedByNumber(
      db,
      memory.roomNid,
      loose.map((one) => one.eventNid),
    );
    const after = this.#keyNid === null ? before : withEvent(before, this.#keyNid, self.eventNid);
    const room = await this.#mergeRoom(this.#keyNid === null ? [] : [self]);
    const { fromCurrent } = await mergeStates(room, [after, ...(await statesAfter(db, memory.roomNid, others))]);
    const extremity = { eventNid: self.eventNid, eventId, depth: clampDepth(pdu.depth) };
    return { extremities: [...loose, extremity], changes: await this.#changes(fromCurrent, self) };
  }

  async #mergeRoom(fresh: readonly FoundEvent[]): Promise<MergeRoom> {
    const { db, part } = this.#planning;
    const { memory } = part;
    const index = authChainsOf(db, memory.roomNid);
    const room = { ...mergeGround(this.#planning), fresh };
    // An outlier has its place already.
    if (fresh.length === 0 || this.own !== undefined) return { ...room, chains: index };
    const unplaced = fresh.map(({ eventId, eventNid: number }) => {
      return { eventId, number, authEventIds: citedIds(this.#event.pdu.auth_events), replaces: this.replaces };
    });
    return { ...room, chains: withFresh(index, await assignChains(unplaced, index)) };
  }

  async #changes(differences: readonly Difference[], self: FoundEvent): Promise<StateChange[]> {
    const { db, part } = this.#planning;
    const { memory } = part;
    const nids = differences.flatMap(({ value }) => (value === undefined ? [] : [value.eventNid]));
    const rows: FoundEvent[] = [...(await citedByNumber(db, memory.roomNid, nids)), self];
    const byNid = new Map(rows.map((row) => [row.eventNid, row]));
    // Not by the memory, which may be smaller than the difference.
    const now = new Map(
      (await currentKeyValues(db, memory.roomNid, differences)).map((row) => [
        row.keyNid,
        stateContent(JSON.parse(row.json) as Pdu),
      ]),
    );
    return differences.map(({ type, stateKey, keyNid, value }) => {
      const key = { type, stateKey, keyNid, was: now.get(keyNid) };
      const row = value === undefined ? undefined : byNid.get(value.eventNid);
      if (row === undefined) return { ...key, value: undefined };
      const event = stateContent(JSON.parse(row.json) as Pdu);
      const { eventNid, eventId, json } = row;
      return { ...key, value: { keyNid, eventNid, eventId, event, length: json.length } };
    });
  }
}

function isHidden({ rejected, softFailed }: CitedRow): boolean {
  return rejected || softFailed;
}
