// Traces: what a traceparent may be, and spans that continue one, as an exporter receives them.

import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import { expect, test } from 'vitest';
import { noTracing, validTraceparent } from './trace.ts';
import { createTracing } from './trace-export.ts';

const parent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

test.each([
  [parent, true],
  [parent.toUpperCase(), false],
  [`${parent} `, false],
  ['00-00000000000000000000000000000000-b7ad6b7169203331-01', false],
  ['00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01', false],
  ['01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', false],
  ['', false],
  [undefined, false],
])('%s is a traceparent that is stored: %s', (header, valid) => {
  expect(validTraceparent(header)).toBe(valid ? header : undefined);
});

test('a span continues the trace of its parent, and its own traceparent continues it further', async () => {
  const sent: ReadableSpan[] = [];
  const exporter: SpanExporter = {
    export(spans, done) {
      sent.push(...spans);
      done({ code: 0 });
    },
    shutdown: () => Promise.resolve(),
  };
  const tracing = createTracing(exporter, 'localhost');
  const request = tracing.span('server', 'sendMessage', parent);
  const delivery = tracing.span('client', 'transaction', request?.traceparent);
  delivery?.set({ 'pons.transaction.events': 3 });
  delivery?.end('answered 500');
  request?.end(new Error('with what somebody wrote'));
  const alone = tracing.span('internal', 'alone', 'nonsense');
  alone?.end();
  await tracing.stop();
  expect(request?.traceparent.split('-')[1]).toBe(parent.split('-')[1]);
  expect(delivery?.traceparent.split('-')[1]).toBe(parent.split('-')[1]);
  expect(alone?.traceparent.split('-')[1]).not.toBe(parent.split('-')[1]);
  expect(sent.map(({ name, status, attributes }) => [name, status, attributes])).toEqual([
    ['transaction', { code: 2, message: 'answered 500' }, { 'pons.transaction.events': 3 }],
    ['sendMessage', { code: 2 }, {}],
    ['alone', { code: 0 }, {}],
  ]);
});

test('off, there are no spans', () => {
  expect(noTracing.span('server', 'x', parent)).toBeUndefined();
});
