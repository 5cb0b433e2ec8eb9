// Second step in the lane: may this event be, after what the part holds so far? The rules decide (rules/authorise.ts); this file gives
// them the state and makes the brand that append-pdu.ts asks for, so that nothing unjudged is ever appended. An event of ours cites
// what was selected from the current state, so the checks against auth events, state before and current state are one.
// An event of another server is judged three times: by the events it cites, by the state before it, and by the state as it is now.
// https://spec.matrix.org/v1.19/server-server-api/#checks-performed-on-receipt-of-a-pdu
import { MatrixError, type Pdu, pduBytesMax, redactsOf, type RoomVersionRules } from '@pons/spec';
import type { FinishedPdu } from '@pons/spec/crypto';
import { authorise, type StateLookup } from '../rules/authorise.ts';
import { judgeAuthEvents } from '../rules/auth-rules/auth-events.ts';
import { powerLevelsOf } from '../rules/power-levels.ts';
import { redactionApplies } from '../rules/redactions.ts';
import type { EventGround } from './build-pdu.ts';
import { stateKeyText } from './lane-memory.ts';
import type { CheckedPdu } from './receive/check-hash.ts';

declare const judged: unique symbol;

/** An event that the rules have judged. Only this file makes them; it says who is in the state. */
export interface JudgedPdu extends FinishedPdu {
  readonly [judged]: true;
  /** Of ours only what is accepted is kept. Soft-failed: allowed where it stands, not by the room as it is now. */
  readonly outcome: 'accepted' | 'soft-failed' | 'rejected';
  /** Why not. */
  readonly reason?: string;
  /** A redaction that takes effect at once. */
  readonly redacts: boolean;
}

/**
 * Judges an event of ours on its ground.
 *
 * @throws MatrixError M_FORBIDDEN when the rules refuse, M_TOO_LARGE above 65,536 bytes, M_NOT_FOUND for a redaction of nothing
 */
export function authorisePdu(finished: FinishedPdu, ground: EventGround, serverName: string): JudgedPdu {
  const { pdu, json } = finished;
  // Characters are counted first: a text has at least as many bytes.
  if (json.length > pduBytesMax || (json.length * 3 > pduBytesMax && Buffer.byteLength(json) > pduBytesMax)) {
    throw new MatrixError('M_TOO_LARGE', `An event has at most ${pduBytesMax} bytes.`);
  }
  const verdict = authorise({
    event: pdu,
    rules: ground.memory.rules,
    state: (type, stateKey) => ground.value(type, stateKey),
    isSignedBy: (server) => server === serverName,
  });
  if (verdict.outcome === 'rejected') throw new MatrixError('M_FORBIDDEN', `Not allowed: ${verdict.reason}.`);
  const redacts = pdu.type === 'm.room.redaction' && checkRedaction(pdu, ground);
  return { ...finished, outcome: 'accepted', redacts } as JudgedPdu;
}

// Stricter than what is accepted from other servers: users redact their own events, others' only with the power for it.
// https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3roomsroomidredacteventidtxnid
function checkRedaction(pdu: Pdu, ground: EventGround): boolean {
  const targetId = redactsOf(pdu, ground.memory.rules);
  const target = targetId === undefined ? undefined : ground.inputs.targets.get(targetId);
  if (target === undefined || target.hidden)
    throw new MatrixError('M_NOT_FOUND', 'The event to redact is not in this room.');
  if (target.sender === pdu.sender) return true;
  const create = ground.value('m.room.create', '')?.event;
  const levels = powerLevelsOf(create, ground.value('m.room.power_levels', '')?.event, ground.memory.rules);
  if (levels.levelOf(pdu.sender) >= levels.redact) return true;
  throw new MatrixError('M_FORBIDDEN', `Redacting the events of others needs power level ${levels.redact}.`);
}

/** What an event of another server is judged by. */
export interface ReceivedGround {
  readonly rules: RoomVersionRules;
  readonly roomId: string;
  /** Its auth events that are known. */
  readonly cited: readonly { readonly eventId: string; readonly event: Pdu; readonly rejected: boolean }[];
  /** Some of its auth events nobody has. */
  readonly lacksCited: boolean;
  /** It was, as an outlier; nothing makes up for that. */
  readonly wasRejected: boolean;
  /** Undefined for an outlier, which nothing is known of but what it cites. */
  readonly before?: StateLookup;
  /** The room as it is now. */
  readonly current: StateLookup;
  /** The room can follow no more loose ends: what would be another is kept, and shown when something follows it. */
  readonly isFull: boolean;
  /** The event that it redacts. */
  readonly redacted?: { readonly sender: string; readonly eventId: string } | undefined;
}

/** Checks 4, 5 and 6. */
export function judgeReceived(checked: CheckedPdu, ground: ReceivedGround): JudgedPdu {
  const refusal = refusalOf(checked, ground);
  if (refusal !== undefined)
    return { ...checked, outcome: 'rejected', reason: refusal, redacts: false } as unknown as JudgedPdu;
  const { before, current } = ground;
  const softly =
    before === undefined || checked.pdu.type === 'm.room.create' ? undefined : refusedBy(checked, ground, current);
  const reason = softly ?? (ground.isFull ? 'the room has too many loose ends' : undefined);
  if (reason !== undefined)
    return { ...checked, outcome: 'soft-failed', reason, redacts: false } as unknown as JudgedPdu;
  return { ...checked, outcome: 'accepted', redacts: takesEffect(checked.pdu, ground) } as unknown as JudgedPdu;
}

function refusalOf(checked: CheckedPdu, ground: ReceivedGround): string | undefined {
  const { rules, roomId, cited, current } = ground;
  if (ground.wasRejected) return 'it was rejected before';
  if (ground.lacksCited) return 'it cites events that nobody has';
  const verdict = judgeAuthEvents(checked.pdu, roomId, cited, rules);
  if (verdict.outcome === 'rejected') return verdict.reason;
  const byKey = new Map(cited.map((one) => [stateKeyText(one.event.type, one.event.state_key ?? ''), one]));
  // Since room version 12 the create event is cited by the room's ID alone; there is but one.
  const citedState: StateLookup = (type, stateKey) =>
    byKey.get(stateKeyText(type, stateKey)) ??
    (rules.roomIdIsCreateEvent && type === 'm.room.create' ? current(type, stateKey) : undefined);
  return (
    refusedBy(checked, ground, citedState) ??
    (ground.before === undefined ? undefined : refusedBy(checked, ground, ground.before))
  );
}

function refusedBy({ pdu, signedBy }: CheckedPdu, { rules }: ReceivedGround, state: StateLookup): string | undefined {
  const verdict = authorise({ event: pdu, rules, state, isSignedBy: (server) => signedBy.has(server) });
  return verdict.outcome === 'rejected' ? verdict.reason : undefined;
}

function takesEffect(redaction: Pdu, { rules, redacted, before }: ReceivedGround): boolean {
  if (redaction.type !== 'm.room.redaction' || redacted === undefined || before === undefined) return false;
  const levels = powerLevelsOf(before('m.room.create', '')?.event, before('m.room.power_levels', '')?.event, rules);
  return redactionApplies({ redaction, redacted, levels, rules });
}
