// Second step in the lane: may this event be, after what the part holds so far? The rules decide (rules/authorise.ts); this file gives
// them the state and makes the brand that append-pdu.ts asks for, so that nothing unjudged is ever appended. An event of ours cites
// what was selected from the current state, so the checks against auth events, state before and current state are one.
// https://spec.matrix.org/v1.19/server-server-api/#checks-performed-on-receipt-of-a-pdu
import { MatrixError, type Pdu, pduBytesMax, redactsOf } from '@pons/spec';
import type { FinishedPdu } from '@pons/spec/crypto';
import { authorise } from '../rules/authorise.ts';
import { powerLevelsOf } from '../rules/power-levels.ts';
import type { EventGround } from './build-pdu.ts';

declare const judged: unique symbol;

/** An event that the rules allow. Only this file makes them. */
export interface JudgedPdu extends FinishedPdu {
  readonly [judged]: true;
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
  return { ...finished, redacts } as JudgedPdu;
}

// Stricter than what is accepted from other servers: users redact their own events, others' only with the power for it.
// https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3roomsroomidredacteventidtxnid
function checkRedaction(pdu: Pdu, ground: EventGround): boolean {
  const targetId = redactsOf(pdu, ground.memory.rules);
  const target = targetId === undefined ? undefined : ground.inputs.targets.get(targetId);
  if (target === undefined) throw new MatrixError('M_NOT_FOUND', 'The event to redact is not in this room.');
  if (target.sender === pdu.sender) return true;
  const create = ground.value('m.room.create', '')?.event;
  const levels = powerLevelsOf(create, ground.value('m.room.power_levels', '')?.event, ground.memory.rules);
  if (levels.levelOf(pdu.sender) >= levels.redact) return true;
  throw new MatrixError('M_FORBIDDEN', `Redacting the events of others needs power level ${levels.redact}.`);
}
