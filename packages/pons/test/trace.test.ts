// A message's whole way as an OTLP collector (Jaeger, say) sees it: one trace from the request that made the event to the application
// service's acknowledgement.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { RecordingAppservice } from '@pons/testkit/recording-appservice';
import { registerUser, request } from '@pons/testkit/requests';
import { serve, type Served, testConfig } from '@pons/testkit/serve';
import { afterAll, beforeAll, expect, test } from 'vitest';

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
}
const spans: Span[] = [];
const collector = http.createServer((incoming, response) => {
  const chunks: Buffer[] = [];
  incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
  incoming.on('end', () => {
    const { resourceSpans } = JSON.parse(Buffer.concat(chunks).toString()) as {
      resourceSpans: { scopeSpans: { spans: Span[] }[] }[];
    };
    spans.push(...resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)));
    response.setHeader('content-type', 'application/json');
    response.end('{}');
  });
});
const dir = mkdtempSync(path.join(tmpdir(), 'pons-trace-'));
const appservice = new RecordingAppservice();
let server: Served;

beforeAll(async () => {
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  await appservice.start(dir, '@alice:localhost');
  const otlp = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
  server = await serve({
    dir,
    config: testConfig({
      appservices: { files: ['recorder.yaml'] },
      telemetry: { log: { level: 'warn' }, otlp_endpoint: otlp },
    }),
  });
});
afterAll(async () => {
  await server.end();
  await appservice.close();
  collector.closeAllConnections();
  await new Promise((resolve) => collector.close(resolve));
  rmSync(dir, { recursive: true, force: true });
});

test('one trace goes from the request that made an event to the application service’s acknowledgement', async () => {
  const alice = await registerUser(server.url, 'alice');
  const { room_id: room } = await request<{ room_id: string }>(server.url, 'POST', '/_matrix/client/v3/createRoom', {
    token: alice.token,
    body: {},
  });
  const traceId = randomBytes(16).toString('hex');
  const response = await fetch(
    `${server.url}/_matrix/client/v3/rooms/${encodeURIComponent(room)}/send/m.room.message/one`,
    {
      method: 'PUT',
      headers: {
        authorization: `Bearer ${alice.token}`,
        traceparent: `00-${traceId}-${randomBytes(8).toString('hex')}-01`,
      },
      body: JSON.stringify({ msgtype: 'm.text', body: 'traced' }),
    },
  );
  expect(response.status).toBe(200);
  const ours = () => spans.filter((span) => span.traceId === traceId).map(({ name }) => name);
  await expect.poll(ours, { timeout: 60_000, interval: 100 }).toContainEqual(expect.stringMatching(/appservice/i));
  await expect.poll(ours, { timeout: 60_000, interval: 100 }).toContainEqual(expect.stringMatching(/sendMessage|send/));
});
