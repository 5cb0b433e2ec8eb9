// The metrics as Prometheus reads them: requests by operation and class of status, the process, and one registry per homeserver.

import { expect, test } from 'vitest';
import { createMetrics } from './metrics.ts';

test('requests are counted by operation and class of status', async () => {
  const metrics = createMetrics();
  const observe = metrics.http('sendMessage');
  observe(200, 0.003);
  observe(204, 0.2);
  observe(503, 7);
  const text = await metrics.text();
  metrics.stop();
  expect(text).toContain('pons_http_request_seconds_count{operation="sendMessage",status="2xx"} 2');
  expect(text).toContain('pons_http_request_seconds_bucket{le="0.005",operation="sendMessage",status="2xx"} 1');
  expect(text).toContain('pons_http_request_seconds_count{operation="sendMessage",status="5xx"} 1');
  expect(text).toMatch(/pons_event_loop_lag_seconds\{quantile="0\.99"\} [\d.e-]+/);
});

test('two homeservers in one process have metrics of their own', async () => {
  const [one, other] = [createMetrics(), createMetrics()];
  one.http('sync')(200, 1);
  expect(await other.text()).not.toContain('operation="sync"');
  one.stop();
  other.stop();
});
