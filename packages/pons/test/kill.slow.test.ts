// Acknowledged means on disk: the homeserver is killed with -9 fifty times (before a release two hundred times) under load and started
// again each time.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { RecordingAppservice } from '@pons/testkit/recording-appservice';
import { registerUser, request, RequestError } from '@pons/testkit/requests';
import { serve, type Served, testConfig } from '@pons/testkit/serve';
import { afterAll, beforeAll, expect, test } from 'vitest';

const rounds = process.env['PONS_TEST_TIER'] === 'long' ? 200 : 50;
const writers = 4;
const v3 = '/_matrix/client/v3';
const dir = mkdtempSync(path.join(tmpdir(), 'pons-kill-'));
const appservice = new RecordingAppservice();
const { asToken } = appservice;
let server: Served;

beforeAll(async () => {
  await appservice.start(dir);
});
afterAll(async () => {
  await server.end('SIGKILL');
  await appservice.close();
  rmSync(dir, { recursive: true, force: true });
});

/** Sends until told to stop; an unanswered send is tried again with its transaction id, after the restart too. */
class Writer {
  readonly answered = new Map<string, string>();
  private pending: string | undefined;
  private count = 0;
  private readonly name: string;
  private readonly room: string;
  constructor(name: string, room: string) {
    this.name = name;
    this.room = room;
  }
  async run(base: string, stopped: () => boolean): Promise<void> {
    while (!stopped() || this.pending !== undefined) {
      this.pending ??= `${this.name}-${this.count++}`;
      const mark = this.pending;
      const sent = `${v3}/rooms/${encodeURIComponent(this.room)}/send/m.room.message/${mark}?user_id=${encodeURIComponent(`@rec_${this.name}:localhost`)}`;
      const { event_id: id } = await request<{ event_id: string }>(base, 'PUT', sent, {
        token: asToken,
        body: { msgtype: 'm.text', body: mark },
      });
      if (this.answered.has(mark)) throw new Error(`${mark} was answered twice`);
      this.answered.set(mark, id);
      this.pending = undefined;
    }
  }
}

async function history(
  base: string,
  token: string,
  room: string,
): Promise<{ event_id: string; content: { body?: string } }[]> {
  const all: { event_id: string; content: { body?: string } }[] = [];
  let from = '';
  for (;;) {
    const page = await request<{ chunk: typeof all; end?: string }>(
      base,
      'GET',
      `${v3}/rooms/${encodeURIComponent(room)}/messages?dir=b&limit=500${from}`,
      { token },
    );
    all.push(...page.chunk);
    if (page.end === undefined) return all;
    from = `&from=${encodeURIComponent(page.end)}`;
  }
}

test('kill after kill under load lose and double nothing that was answered, in the room and at the application service', async () => {
  const config = testConfig({ appservices: { files: ['recorder.yaml'] } });
  server = await serve({ dir, config });
  const alice = await registerUser(server.url, 'alice');
  const { room_id: room } = await request<{ room_id: string }>(server.url, 'POST', `${v3}/createRoom`, {
    token: alice.token,
    body: { preset: 'public_chat' },
  });
  const all = Array.from({ length: writers }, (_, index) => new Writer(`w${index}`, room));
  for (let index = 0; index < writers; index++) {
    await request(server.url, 'POST', `${v3}/register`, {
      token: asToken,
      body: { type: 'm.login.application_service', username: `rec_w${index}`, inhibit_login: true },
    });
    await request(
      server.url,
      'POST',
      `${v3}/join/${encodeURIComponent(room)}?user_id=${encodeURIComponent(`@rec_w${index}:localhost`)}`,
      { token: asToken, body: {} },
    );
  }

  for (let round = 0; round < rounds; round++) {
    const { url } = server;
    // A request that dies with the server is the point; a refusal by a living server is a failure.
    const load = all.map((writer) =>
      writer
        .run(url, () => false)
        .catch((error: unknown) => {
          if (error instanceof RequestError) throw error;
        }),
    );
    await new Promise((resolve) => setTimeout(resolve, 40 + ((round * 37) % 260)));
    await server.end('SIGKILL');
    await Promise.all(load);
    server = await serve({ dir, config });
  }
  await Promise.all(all.map((writer) => writer.run(server.url, () => true)));

  const stored = await history(server.url, alice.token, room);
  const byMark = Map.groupBy(
    stored.filter((event) => event.content.body !== undefined),
    (event) => event.content.body!,
  );
  const answered = all.flatMap((writer) => [...writer.answered]);
  expect(answered.length).toBeGreaterThan(rounds);
  for (const [mark, id] of answered)
    expect(
      byMark.get(mark)?.map((event) => event.event_id),
      mark,
    ).toEqual([id]);
  expect(byMark.size).toBe(answered.length);

  const last = answered.map(([, id]) => id);
  await expect
    .poll(() => last.filter((id) => !appservice.events.has(id)).length, { timeout: 60_000, interval: 200 })
    .toBe(0);
  for (const [id, transactions] of appservice.events) expect([...transactions], id).toHaveLength(1);
  for (const [txnId, hashes] of appservice.attempts)
    expect(new Set(hashes).size, `bytes of transaction ${txnId}`).toBe(1);
  const received = appservice.order
    .filter((event) => event.content['body'] !== undefined && event.type === 'm.room.message')
    .map((event) => event.event_id);
  const inRoom = stored
    .map((event) => event.event_id)
    .filter((id) => received.includes(id))
    .toReversed();
  expect(received).toEqual(inRoom);
  console.warn(`${rounds} kills, ${answered.length} sends answered, ${appservice.attempts.size} transactions`);
});
