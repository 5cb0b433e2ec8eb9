// What the spans of an attempt say, for each outcome.

import { expect, it } from 'vitest';
import type { TraceAttributes, Tracing } from '../platform/telemetry/trace.ts';
import type { SendOutcome } from './send-transaction.ts';
import { traceAttempt } from './trace-attempt.ts';

const attempted = { appserviceId: 'irc', txnId: 7, events: 3, attempt: 2, traces: ['00-a', '00-b'] };
const plain = {
  'pons.appservice.id': 'irc',
  'pons.transaction.id': 7,
  'pons.transaction.events': 3,
  'pons.transaction.attempt': 2,
};

it.each<[SendOutcome, TraceAttributes, unknown]>([
  [{ outcome: 'accepted', status: 200 }, { 'http.response.status_code': 200 }, undefined],
  [
    { outcome: 'refused', status: 500, reason: 'answered 500', said: 'M_UNKNOWN: hello was in the message' },
    { 'http.response.status_code': 500 },
    'answered 500',
  ],
  [
    { outcome: 'refused', status: 0, reason: 'no answer came within 5 s', failure: 'timeout' },
    { 'error.type': 'timeout' },
    'no answer came within 5 s',
  ],
])('%j is told in every trace, without what the service said of it', (outcome, more, error) => {
  const ended: unknown[] = [];
  const tracing: Tracing = {
    enabled: true,
    span(kind, name, parent) {
      let attributes: TraceAttributes = {};
      return {
        traceparent: '',
        set: (values) => void (attributes = values),
        end: (failed) => void ended.push([kind, name, parent, attributes, failed]),
      };
    },
    stop: async () => {},
  };
  traceAttempt(tracing, attempted)(outcome);
  expect(ended).toEqual(
    attempted.traces.map((trace) => ['client', 'appservice transaction', trace, { ...plain, ...more }, error]),
  );
});
