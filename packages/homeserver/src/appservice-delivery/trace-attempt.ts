// The spans of one attempt to send a transaction: one in the trace of each event that is in it, with what an operator looks for. Nothing of
// a content or token is in them: what an application service says of itself when it refuses stays out.

import type { TraceAttributes, Tracing } from '../platform/telemetry/trace.ts';
import type { FrozenTransaction } from './delivery-state.ts';
import type { SendOutcome } from './send-transaction.ts';

/** What is tried. */
export interface TracedAttempt extends Pick<FrozenTransaction, 'txnId' | 'events' | 'traces'> {
  readonly appserviceId: string;
  /** From 1. */
  readonly attempt: number;
}

/**
 * Begins the spans.
 *
 * @returns what ends them, when the outcome is known
 */
export function traceAttempt(tracing: Tracing, attempted: TracedAttempt): (outcome: SendOutcome) => void {
  const spans = attempted.traces.flatMap((trace) => tracing.span('client', 'appservice transaction', trace) ?? []);
  return (outcome) => {
    if (spans.length === 0) return;
    const attributes = { ...attributesOf(attempted), ...attributesOfOutcome(outcome) };
    for (const span of spans) {
      span.set(attributes);
      span.end(outcome.outcome === 'accepted' ? undefined : outcome.reason);
    }
  };
}

function attributesOf({ appserviceId, txnId, events, attempt }: TracedAttempt): TraceAttributes {
  return {
    'pons.appservice.id': appserviceId,
    'pons.transaction.id': txnId,
    'pons.transaction.events': events,
    'pons.transaction.attempt': attempt,
  };
}

function attributesOfOutcome(outcome: SendOutcome): TraceAttributes {
  if (outcome.outcome === 'refused' && outcome.failure !== undefined) return { 'error.type': outcome.failure };
  return { 'http.response.status_code': outcome.status };
}
