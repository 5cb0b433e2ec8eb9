// Last step on receipt of a PDU in the lane: the plan becomes rows of the part. Synchronous, like everything that adds to a part.
import { type AppendContext, appendPdu, appendStateDelta } from '../append-pdu.ts';
import type { MadeProposal } from '../make-part.ts';
import type { Part } from '../part.ts';
import type { ReceivedPlan } from './plan-received.ts';
import { type ReceiveOutcome, storedEvent } from './receive-outcome.ts';

/** Adds an event of another server to the part. */
export function appendReceived(part: Part, plan: ReceivedPlan, serverName: string): MadeProposal {
  const at = appendPlanned(part, plan, { serverName });
  const isShown = part.positions > at;
  return { result: [], received: (first) => outcomeOf(plan, isShown ? first + at : undefined) };
}

/** Adds an event that does not stand at the end of the room. @returns its place among the positions of the commit */
export function appendPlanned(
  part: Part,
  plan: ReceivedPlan,
  context: Omit<AppendContext, 'eventNid' | 'stands'>,
): number {
  const { judged, eventNid, stands, realised, merge, redactedBy, followed } = plan;
  if (followed !== undefined) part.followed.set(judged.eventId, [...followed]);
  if (redactedBy !== undefined) part.redactions.push({ eventNid, redactedBy, json: judged.json });
  if (realised !== undefined) {
    part.state.push(...realised.rows);
    if (realised.newLine !== undefined) {
      part.newLines.push(realised.newLine);
      part.point = { ...part.point, nextLine: part.point.nextLine + 1 };
    }
  }
  const at = appendPdu(judged, part, { ...context, eventNid, ...(stands === undefined ? {} : { stands }) });
  if (merge === undefined) return at;
  const depth = Math.max(part.point.depth, ...merge.extremities.map((extremity) => extremity.depth));
  part.point = { ...part.point, depth, extremities: merge.extremities };
  appendStateDelta(part, merge.changes, at, context.serverName);
  return at;
}

function outcomeOf(
  { judged: { eventId, outcome, reason = '' } }: ReceivedPlan,
  position: number | undefined,
): ReceiveOutcome {
  const event = storedEvent(eventId, position);
  return outcome === 'accepted' ? { outcome, event } : { outcome, event, reason };
}
