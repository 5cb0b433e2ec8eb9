// Receipt of a PDU in the room's lane: everything that checks 4 to 6 and the rows need is read, the event is judged, and what it comes to is
// worked out. Nothing is written here (append-received.ts) and nothing is fetched: what is not known is answered as missing. The event
// comes to the room as it is after what its part holds already: what goes on at the end of the room needs no more than that, and what
// changes nothing leaves no trace; anything else looks at what is stored and has to wait for a part of its own (receive-several.ts).
//
//   all that it follows is all that nothing follows yet  ─▶ the end of the room: appended like ours, nothing to resolve
//   else   state before   the states after what it follows, merged                  (state-ref.ts, merge-states.ts)
//          the room       the states after all loose ends, merged: line 0 changes by the difference, at one version
//
// https://spec.matrix.org/v1.19/server-server-api/#checks-performed-on-receipt-of-a-pdu
import { canonicalJson, citedIds, type Pdu, redact, redactsOf, type RoomVersionRules } from '@pons/spec';
import { authStateKeys } from '../../rules/auth-events.ts';
import type { StateLookup } from '../../rules/authorise.ts';
import { powerLevelsOf } from '../../rules/power-levels.ts';
import { redactionApplies } from '../../rules/redactions.ts';
import type { CitedRow } from '../../storage/tables/forks.ts';
import { type RedactionTargetRow, redactionTargets } from '../../storage/tables/events.ts';
import type { ExtremityRow } from '../../storage/tables/rooms.ts';
import type { Standing } from '../append-pdu.ts';
import { type JudgedPdu, judgeReceived, type ReceivedGround } from '../authorise-pdu.ts';
import type { LaneMemory, StateKey } from '../lane-memory.ts';
import type { Part } from '../part.ts';
import { dropped } from './check-format.ts';
import type { CheckedPdu } from './check-hash.ts';
import {
  EventStates,
  lookupAt,
  placeFor,
  type Planning,
  type RoomMerge,
  stateAfterAll,
  unlessTorn,
} from './event-states.ts';
import { type ReceiveOutcome, type Received, storedEvent } from './receive-outcome.ts';
import { onLineZero, type RealisedState } from './state-ref.ts';

/** Loose ends that a room may have: an event that would be one more is soft-failed until something follows it. Ours tie 20 at a time. */
export const extremitiesMax = 50;

/** What is to be written of an event. */
export interface ReceivedPlan {
  readonly judged: JudgedPdu;
  readonly eventNid: number;
  /** Absent: it is appended at the end of the room. */
  readonly stands?: Standing;
  readonly realised?: RealisedState;
  /** What the room comes to, of an event that is accepted elsewhere than at its end. */
  readonly merge?: RoomMerge;
  readonly targets: ReadonlyMap<string, RedactionTargetRow>;
  /** Of what nobody sees: the loose ends that it follows. */
  readonly followed?: ReadonlySet<string>;
  /** Number of the redaction that came before it. */
  readonly redactedBy?: number;
}

/** What was read for events of another server: beside what is stored, what the part has made of it. */
export interface Known {
  /** What they cite, and they themselves. */
  readonly rows: ReadonlyMap<string, CitedRow>;
  /** Redactions that came before them, by what they redact. */
  readonly early: ReadonlyMap<string, readonly CitedRow[]>;
  /** Of the rows those that are in the part. */
  readonly inPart: ReadonlySet<string>;
}

/** Judges an event and plans its rows; or says at once what became of it, or that it has to wait until the part is stored. */
export async function planReceived(
  planning: Planning,
  received: Received,
  known: Known,
): Promise<ReceivedPlan | ReceiveOutcome | 'later'> {
  const { memory, point } = planning.part;
  const { checked } = received;
  const { pdu, eventId } = checked;
  const { rows, inPart } = known;
  const redacts = pdu.type === 'm.room.redaction' ? redactsOf(pdu, memory.rules) : undefined;
  const { redactions, earlyRedactions } = planning.part;
  // What was read of the others is not what a redaction makes of it.
  if (redactions.length > 0 || earlyRedactions.some((one) => one.redacts === eventId)) return 'later';
  if (inPart.has(eventId) || (redacts !== undefined && inPart.has(redacts))) return 'later';
  const own = rows.get(eventId);
  if (own !== undefined && (!own.outlier || received.asOutlier === true)) return outcomeOf(own);
  if (pdu.type === 'm.room.create' && own === undefined && point.stateVersion > 0) {
    return dropped('the room has another create event');
  }
  const missing = missingOf(received, rows);
  if (missing.length > 0) return { outcome: 'missing', eventIds: missing };
  if (received.asOutlier !== true && !isNext(planning.part, pdu, own) && looksAtPart(planning.part, pdu, inPart))
    return 'later';
  const early = own === undefined ? await earlyRedaction(planning, checked, known) : undefined;
  const event = early === undefined ? checked : asRedacted(checked, memory.rules);
  const states = new EventStates(planning, event, rows);
  const cited = { ...citedBy(pdu, rows), wasRejected: own?.rejected ?? false, ...groundOf(planning.part) };
  const plan = await planOf(planning, { ...received, checked: event }, states, { cited, rows });
  return early === undefined || !('judged' in plan) ? plan : { ...plan, redactedBy: early };
}

/** New, and at the end of the room. */
function isNext({ point }: Part, pdu: Pdu, own: CitedRow | undefined): boolean {
  return own === undefined && isSame(citedIds(pdu.prev_events), point.extremities);
}

// What forks is worked out from what is stored.
function looksAtPart(part: Part, { prev_events, auth_events }: Pdu, inPart: ReadonlySet<string>): boolean {
  if (part.positions > 0 || part.state.length > 0) return true;
  return inPart.size > 0 && [...citedIds(prev_events), ...citedIds(auth_events)].some((id) => inPart.has(id));
}

function planOf(
  planning: Planning,
  received: Received,
  states: EventStates,
  { cited, rows }: { readonly cited: Cited; readonly rows: ReadonlyMap<string, CitedRow> },
): Promise<ReceivedPlan | ReceiveOutcome> {
  const { checked } = received;
  if (received.asOutlier === true) return planOutlier(planning, received, states, cited);
  const prevRows = [...new Set(citedIds(checked.pdu.prev_events))].flatMap((id) => rows.get(id) ?? []);
  return planInRoom(planning, { checked, prevRows }, states, cited);
}

// A redaction that was accepted and came first, if it applies: the event is never stored with its content.
async function earlyRedaction(
  planning: Planning,
  { pdu, eventId }: CheckedPdu,
  { early }: Known,
): Promise<number | undefined> {
  const { memory } = planning.part;
  const keys = [
    { type: 'm.room.create', stateKey: '' },
    { type: 'm.room.power_levels', stateKey: '' },
  ];
  for (const row of early.get(eventId) ?? []) {
    const place = { line: row.line, version: row.stateVersion };
    const state = await lookupAt(planning, { ...onLineZero(row.stateVersion), place }, keys);
    const levels = powerLevelsOf(
      state('m.room.create', '')?.event,
      state('m.room.power_levels', '')?.event,
      memory.rules,
    );
    const redaction = JSON.parse(row.json) as Pdu;
    const redacted = { sender: pdu.sender, eventId };
    if (redactionApplies({ redaction, redacted, levels, rules: memory.rules })) return row.eventNid;
  }
  return undefined;
}

function asRedacted(checked: CheckedPdu, rules: RoomVersionRules): CheckedPdu {
  const pdu = redact(checked.pdu, rules);
  return { ...checked, pdu, json: canonicalJson(pdu, rules.strictCanonicalJson ? 'integers' : 'any') };
}

type Cited = Omit<ReceivedGround, 'before' | 'isFull' | 'redacted'>;

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

function citedBy({ auth_events: references }: Pdu, rows: ReadonlyMap<string, CitedRow>) {
  const ids = citedIds(references);
  const cited = ids.flatMap((id) => {
    const row = rows.get(id);
    return row === undefined ? [] : [{ eventId: id, event: JSON.parse(row.json) as Pdu, rejected: row.rejected }];
  });
  return { cited, lacksCited: cited.length < ids.length };
}

function groundOf(part: Part): Pick<ReceivedGround, 'rules' | 'roomId' | 'current'> {
  const { rules, roomId } = part.memory;
  return { rules, roomId, current: currentOf(part) };
}

/** The current state, as far as it was read. */
export function currentOf(part: Part): StateLookup {
  return (type, stateKey) => part.value(type, stateKey);
}

async function planOutlier(
  { part: { memory }, db }: Planning,
  { checked }: Received,
  { eventNid, replaces }: EventStates,
  cited: Cited,
): Promise<ReceivedPlan> {
  await memory.load(db, [{ type: 'm.room.create', stateKey: '' }]);
  const judged = judgeReceived(checked, { ...cited, isFull: false });
  const rejected = judged.outcome === 'rejected';
  const stands = { line: 0, stateVersion: 0, outlier: true, rejected, replaces };
  return { judged, eventNid, stands, targets: new Map() };
}

async function planInRoom(
  planning: Planning,
  { checked, prevRows }: { readonly checked: CheckedPdu; readonly prevRows: readonly CitedRow[] },
  states: EventStates,
  cited: Cited,
): Promise<ReceivedPlan | ReceiveOutcome> {
  const { part, db } = planning;
  const { memory, point } = part;
  const { pdu } = checked;
  const { rules } = memory;
  const { own, eventNid } = states;
  const prevIds = citedIds(pdu.prev_events);
  const isEnd = isSame(prevIds, point.extremities);
  const before = isEnd ? onLineZero(point.stateVersion) : await unlessTorn(stateAfterAll(planning, prevRows));
  if (before === undefined) return dropped('what it follows differs in too much');
  const targets = await redacted(db, memory, pdu);
  const keys = authStateKeys(pdu, rules).map(([type, stateKey]) => ({ type, stateKey }));
  await memory.load(db, [
    ...keys,
    ...stateKeyOf(pdu),
    ...[...targets.values()].flatMap(({ json }) => stateKeyOf(JSON.parse(json) as Pdu)),
  ]);
  const followed = await states.followed(prevIds);
  const loose = point.extremities.filter((one) => !followed.has(one.eventId));
  const ground: ReceivedGround = {
    ...cited,
    before: isEnd ? cited.current : await lookupAt(planning, before, keys),
    isFull: loose.length >= extremitiesMax && loose.length === point.extremities.length,
    redacted: [...targets.values()][0],
  };
  let judged = judgeReceived(checked, ground);
  if (isEnd && own === undefined && judged.outcome === 'accepted') return { judged, eventNid, targets };
  const realised = await unlessTorn(placeFor(planning, before));
  if (realised === undefined) return dropped('the state before it differs in too much');
  const merge = judged.outcome === 'accepted' ? await unlessTorn(states.merge(before, loose)) : undefined;
  if (merge === undefined) judged = judgeReceived(checked, { ...ground, isFull: true });
  const stands: Standing = {
    line: realised.place.line,
    stateVersion: realised.place.version,
    rejected: judged.outcome === 'rejected',
    softFailed: judged.outcome === 'soft-failed',
    currentVersion: point.stateVersion,
    isStored: own !== undefined,
    replaces: states.replaces,
  };
  const plan = { judged, eventNid, stands, realised, targets };
  return merge === undefined ? { ...plan, followed } : { ...plan, merge };
}

async function redacted(
  db: Planning['db'],
  memory: LaneMemory,
  pdu: Pdu,
): Promise<ReadonlyMap<string, RedactionTargetRow>> {
  const id = pdu.type === 'm.room.redaction' ? redactsOf(pdu, memory.rules) : undefined;
  const found = id === undefined || id.includes('\0') ? [] : await redactionTargets(db, memory.roomNid, [id]);
  return new Map(found.map((row) => [row.eventId, row]));
}

function isSame(ids: readonly string[], extremities: readonly ExtremityRow[]): boolean {
  const followed = new Set(ids);
  return followed.size === extremities.length && extremities.every(({ eventId }) => followed.has(eventId));
}

/** The key of the state that an event sets. */
export function stateKeyOf({ type, state_key: stateKey }: Pdu): StateKey[] {
  return stateKey === undefined ? [] : [{ type, stateKey }];
}
