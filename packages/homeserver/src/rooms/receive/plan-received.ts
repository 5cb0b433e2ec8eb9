// Receipt of a PDU in the room's lane: everything that checks 4 to 6 and the rows need is read, the event is judged, and what it comes to is
// worked out. Nothing is written here (append-received.ts) and nothing is fetched: what is not known is answered as missing.
//
//   all that it follows is all that nothing follows yet  ─▶ the end of the room: appended like ours, nothing to resolve
//   else   state before   the states after what it follows, merged                  (state-ref.ts, merge-states.ts)
//          the room       the states after all loose ends, merged: line 0 changes by the difference, at one version
//
// https://spec.matrix.org/v1.19/server-server-api/#checks-performed-on-receipt-of-a-pdu
import { citedIds, clampDepth, type Pdu, redactsOf } from '@pons/spec';
import { authStateKeys } from '../../rules/auth-events.ts';
import { assignChains } from '../../rules/auth-chain/assign-chains.ts';
import type { StateLookup } from '../../rules/authorise.ts';
import type { Queryable } from '../../storage/database.ts';
import { authChainsOf } from '../../storage/tables/auth-chains.ts';
import { citedByNumber, citedEvents, type CitedRow } from '../../storage/tables/forks.ts';
import { type RedactionTargetRow, redactionTargets } from '../../storage/tables/events.ts';
import { keyValuesAt } from '../../storage/tables/room-state.ts';
import type { ExtremityRow } from '../../storage/tables/rooms.ts';
import type { Standing } from '../append-pdu.ts';
import { type JudgedPdu, judgeReceived, type ReceivedGround } from '../authorise-pdu.ts';
import { type LaneMemory, type StateKey, type StateValue, stateContent, stateKeyText } from '../lane-memory.ts';
import { dropped } from './check-format.ts';
import { withFresh } from './fresh-chains.ts';
import { type Difference, type FoundEvent, type MergeRoom, mergeStates } from './merge-states.ts';
import { type ReceiveOutcome, type Received, storedEvent } from './receive-outcome.ts';
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

/** Loose ends that a room may have: an event that would be one more is soft-failed until something follows it. Ours tie 20 at a time. */
export const extremitiesMax = 100;
/** Hidden events that are looked through for what they follow. */
const hiddenMax = 1_000;

/** What planning takes. */
export interface Planning {
  readonly db: Queryable;
  readonly memory: LaneMemory;
  /** Numbers of state keys, by stateKeyText. */
  readonly keyNids: ReadonlyMap<string, number>;
  /** A number for the event, should it be new. */
  readonly eventNid: number;
  readonly pool: ResolvePool | undefined;
}

/** A key of the current state and what it becomes. */
export type StateChange = StateKey & { readonly keyNid: number; readonly value: StateValue | undefined };

/** What is to be written of an event. */
export interface ReceivedPlan {
  readonly judged: JudgedPdu;
  readonly eventNid: number;
  /** Absent: it is appended at the end of the room. */
  readonly stands?: Standing;
  readonly realised?: RealisedState;
  /** What the room comes to, of an event that is accepted elsewhere than at its end. */
  readonly merge?: { readonly extremities: readonly ExtremityRow[]; readonly changes: readonly StateChange[] };
  readonly targets: ReadonlyMap<string, RedactionTargetRow>;
}

/** Judges an event and plans its rows; or says at once what became of it. */
export async function planReceived(planning: Planning, received: Received): Promise<ReceivedPlan | ReceiveOutcome> {
  const { db, memory } = planning;
  const { pdu, eventId } = received.checked;
  const prevIds = citedIds(pdu.prev_events);
  const ids = new Set([eventId, ...prevIds, ...citedIds(pdu.auth_events)]);
  const rows = new Map((await citedEvents(db, memory.roomNid, [...ids])).map((row) => [row.eventId, row]));
  const own = rows.get(eventId);
  if (own !== undefined && (!own.outlier || received.asOutlier === true)) return outcomeOf(own);
  if (pdu.type === 'm.room.create' && own === undefined && memory.point.stateVersion > 0) {
    return dropped('the room has another create event');
  }
  const missing = missingOf(received, rows);
  if (missing.length > 0) return { outcome: 'missing', eventIds: missing };
  const plan = new Plan(planning, received, rows);
  return received.asOutlier === true ? plan.asOutlier() : plan.inRoom(prevIds);
}

function outcomeOf({ eventId, rejected, softFailed, position }: CitedRow): ReceiveOutcome {
  const event = storedEvent(eventId, position ?? undefined);
  if (rejected) return { outcome: 'rejected', event, reason: 'it was rejected before' };
  if (softFailed) return { outcome: 'soft-failed', event, reason: 'it was soft-failed before' };
  return { outcome: 'accepted', event };
}

// Of an outlier nobody knows the state before it, so what follows one has to wait.
function missingOf(
  { checked: { pdu }, asOutlier, unavailable }: Received,
  rows: ReadonlyMap<string, CitedRow>,
): string[] {
  const auth = citedIds(pdu.auth_events).filter((id) => !rows.has(id) && unavailable?.has(id) !== true);
  const before = asOutlier === true ? [] : citedIds(pdu.prev_events).filter((id) => rows.get(id)?.outlier !== false);
  return [...new Set([...auth, ...before])];
}

class Plan {
  readonly #planning: Planning;
  readonly #received: Received;
  readonly #rows: ReadonlyMap<string, CitedRow>;
  readonly #pdu: Pdu;
  readonly #eventNid: number;
  readonly #keyNid: number | null;
  readonly #own: CitedRow | undefined;

  constructor(planning: Planning, received: Received, rows: ReadonlyMap<string, CitedRow>) {
    const { pdu, eventId } = received.checked;
    this.#planning = planning;
    this.#received = received;
    this.#rows = rows;
    this.#pdu = pdu;
    this.#own = rows.get(eventId);
    this.#eventNid = this.#own?.eventNid ?? planning.eventNid;
    this.#keyNid =
      pdu.state_key === undefined ? null : (planning.keyNids.get(stateKeyText(pdu.type, pdu.state_key)) ?? null);
  }

  async asOutlier(): Promise<ReceivedPlan> {
    const { memory, db } = this.#planning;
    await memory.load(db, [{ type: 'm.room.create', stateKey: '' }]);
    const judged = judgeReceived(this.#received.checked, { ...this.#ground(), isFull: false });
    const rejected = judged.outcome === 'rejected';
    const stands = { line: 0, stateVersion: 0, outlier: true, rejected, replaces: this.#replaces() };
    return { judged, eventNid: this.#eventNid, stands, targets: new Map() };
  }

  async inRoom(prevIds: readonly string[]): Promise<ReceivedPlan | ReceiveOutcome> {
    const { memory, db } = this.#planning;
    const { roomNid, point, rules } = memory;
    const isEnd = isSame(prevIds, point.extremities);
    const current = onLineZero(point.stateVersion);
    const before = isEnd ? current : await this.#stateBefore(prevIds);
    const targets = await this.#redacted();
    const keys = authStateKeys(this.#pdu, rules).map(([type, stateKey]) => ({ type, stateKey }));
    await memory.load(db, [
      ...keys,
      ...this.#ownKey(),
      ...[...targets.values()].flatMap(({ json }) => keyOfEvent(json)),
    ]);
    const followed = await this.#followed(prevIds);
    const loose = point.extremities.filter((one) => !followed.has(one.eventId));
    const target = [...targets.values()][0];
    const judged = judgeReceived(this.#received.checked, {
      ...this.#ground(),
      before: isEnd ? this.#current : await this.#lookupAt(before, keys),
      isFull: loose.length >= extremitiesMax && loose.length === point.extremities.length,
      redacted: target,
    });
    const eventNid = this.#eventNid;
    if (isEnd && this.#own === undefined && judged.outcome === 'accepted') return { judged, eventNid, targets };
    let realised: RealisedState;
    try {
      realised = await realise(db, roomNid, before, point.nextLine);
    } catch (error) {
      if (error instanceof ForkTooLarge) return dropped(error.message);
      throw error;
    }
    const stands: Standing = {
      line: realised.place.line,
      stateVersion: realised.place.version,
      rejected: judged.outcome === 'rejected',
      softFailed: judged.outcome === 'soft-failed',
      currentVersion: point.stateVersion,
      isStored: this.#own !== undefined,
      replaces: this.#replaces(),
    };
    const merge = judged.outcome === 'accepted' ? await this.#merge(before, loose) : undefined;
    return { judged, eventNid, stands, realised, targets, ...(merge === undefined ? {} : { merge }) };
  }

  #ground(): Omit<ReceivedGround, 'isFull'> {
    const { rules, roomId } = this.#planning.memory;
    const ids = citedIds(this.#pdu.auth_events);
    return {
      rules,
      roomId,
      cited: ids.flatMap((id) => {
        const row = this.#rows.get(id);
        return row === undefined ? [] : [{ eventId: id, event: JSON.parse(row.json) as Pdu, rejected: row.rejected }];
      }),
      lacksCited: ids.some((id) => !this.#rows.has(id)),
      wasRejected: this.#own?.rejected ?? false,
      current: this.#current,
    };
  }

  readonly #current: StateLookup = (type, stateKey) => {
    const value = this.#planning.memory.peek(stateKeyText(type, stateKey));
    if (value === 'unknown') throw new Error(`state key not read before an event was judged: ${type}`);
    return value;
  };

  #ownKey(): StateKey[] {
    const { type, state_key: stateKey } = this.#pdu;
    return stateKey === undefined ? [] : [{ type, stateKey }];
  }

  #replaces(): string | undefined {
    const { type, state_key: stateKey } = this.#pdu;
    if (stateKey === undefined) return undefined;
    return citedIds(this.#pdu.auth_events).find((id) => {
      const row = this.#rows.get(id);
      if (row === undefined) return false;
      const cited = JSON.parse(row.json) as Pdu;
      return cited.type === type && cited.state_key === stateKey;
    });
  }

  async #redacted(): Promise<Map<string, RedactionTargetRow>> {
    const { db, memory } = this.#planning;
    const id = this.#pdu.type === 'm.room.redaction' ? redactsOf(this.#pdu, memory.rules) : undefined;
    const found = id === undefined || id.includes('\0') ? [] : await redactionTargets(db, memory.roomNid, [id]);
    return new Map(found.map((row) => [row.eventId, row]));
  }

  async #stateBefore(prevIds: readonly string[]): Promise<StateRef> {
    const { db, memory } = this.#planning;
    const followed = [...new Set(prevIds)].flatMap((id) => this.#rows.get(id) ?? []);
    const states = await statesAfter(db, memory.roomNid, followed);
    const [only] = states;
    // What follows nothing stands on nothing: the rules refuse it.
    if (only === undefined) return onLineZero(0);
    return states.length === 1 ? only : (await mergeStates(await this.#mergeRoom([]), states)).ref;
  }

  async #mergeRoom(fresh: readonly FoundEvent[]): Promise<MergeRoom> {
    const { db, memory, pool } = this.#planning;
    const { roomNid, roomId, rules, point } = memory;
    const index = authChainsOf(db, roomNid);
    const unplaced = this.#own === undefined ? fresh : [];
    const assigned = await assignChains(
      unplaced.map(({ eventId, eventNid: number }) => {
        return { eventId, number, authEventIds: citedIds(this.#pdu.auth_events), replaces: this.#replaces() };
      }),
      index,
    );
    const chains = unplaced.length === 0 ? index : withFresh(index, assigned);
    return { db, roomNid, roomId, rules, current: onLineZero(point.stateVersion), chains, fresh, pool };
  }

  // What the event follows, also through events that nobody sees.
  async #followed(prevIds: readonly string[]): Promise<Set<string>> {
    const { db, memory } = this.#planning;
    const followed = new Set(prevIds);
    let hidden = prevIds.flatMap((id) => this.#rows.get(id) ?? []).filter(isHidden);
    while (hidden.length > 0 && followed.size < hiddenMax) {
      const further = hidden.flatMap(({ json }) => citedIds((JSON.parse(json) as Pdu).prev_events));
      const next = [...new Set(further)].filter((id) => !followed.has(id));
      for (const id of next) followed.add(id);
      hidden = (await citedEvents(db, memory.roomNid, next)).filter(isHidden);
    }
    return followed;
  }

  async #lookupAt({ place, over }: StateRef, keys: readonly StateKey[]): Promise<StateLookup> {
    const { db, memory } = this.#planning;
    const found = new Map<string, { readonly eventId: string; readonly event: Pdu }>();
    const nidOf = new Map<string, number>();
    const possible = keys.filter(({ stateKey }) => !stateKey.includes('\0'));
    for (const { type, stateKey, keyNid, eventId, json } of await keyValuesAt(db, memory.roomNid, [place], possible)) {
      nidOf.set(stateKeyText(type, stateKey), keyNid);
      found.set(stateKeyText(type, stateKey), { eventId, event: JSON.parse(json) as Pdu });
    }
    for (const [text, keyNid] of nidOf) if (over.get(keyNid) === null) found.delete(text);
    const laid = [...over.values()].filter((nid) => nid !== null);
    for (const { eventId, json } of await citedByNumber(db, memory.roomNid, laid)) {
      const event = JSON.parse(json) as Pdu;
      found.set(stateKeyText(event.type, event.state_key ?? ''), { eventId, event });
    }
    return (type, stateKey) => found.get(stateKeyText(type, stateKey));
  }

  async #merge(before: StateRef, loose: readonly ExtremityRow[]): Promise<NonNullable<ReceivedPlan['merge']>> {
    const { db, memory } = this.#planning;
    const { eventId, json, pdu } = this.#received.checked;
    const self = { eventNid: this.#eventNid, eventId, keyNid: this.#keyNid, rejected: false, json };
    const others = await citedByNumber(
      db,
      memory.roomNid,
      loose.map((one) => one.eventNid),
    );
    const after = this.#keyNid === null ? before : withEvent(before, this.#keyNid, self.eventNid);
    const room = await this.#mergeRoom(this.#keyNid === null ? [] : [self]);
    const { fromCurrent } = await mergeStates(room, [after, ...(await statesAfter(db, memory.roomNid, others))]);
    await memory.load(db, fromCurrent);
    const extremity = { eventNid: self.eventNid, eventId, depth: clampDepth(pdu.depth) };
    return { extremities: [...loose, extremity], changes: await this.#changes(fromCurrent, self) };
  }

  async #changes(differences: readonly Difference[], self: FoundEvent): Promise<StateChange[]> {
    const { db, memory } = this.#planning;
    const nids = differences.flatMap(({ value }) => (value === undefined ? [] : [value.eventNid]));
    const rows: FoundEvent[] = [...(await citedByNumber(db, memory.roomNid, nids)), self];
    const byNid = new Map(rows.map((row) => [row.eventNid, row]));
    return differences.map(({ type, stateKey, keyNid, value }) => {
      const row = value === undefined ? undefined : byNid.get(value.eventNid);
      if (row === undefined) return { type, stateKey, keyNid, value: undefined };
      const event = stateContent(JSON.parse(row.json) as Pdu);
      const { eventNid, eventId, json } = row;
      return { type, stateKey, keyNid, value: { keyNid, eventNid, eventId, event, length: json.length } };
    });
  }
}

function isSame(ids: readonly string[], extremities: readonly ExtremityRow[]): boolean {
  const followed = new Set(ids);
  return followed.size === extremities.length && extremities.every(({ eventId }) => followed.has(eventId));
}

function isHidden({ rejected, softFailed }: CitedRow): boolean {
  return rejected || softFailed;
}

function keyOfEvent(json: string): StateKey[] {
  const { type, state_key: stateKey } = JSON.parse(json) as Pdu;
  return stateKey === undefined ? [] : [{ type, stateKey }];
}
