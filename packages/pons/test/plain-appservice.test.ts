// A program that knows only npm's matrix-appservice, as it stands in examples/, against the homeserver: invited, it comes and answers.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { registerUser, request } from '@pons/testkit/requests';
import { serve, type Served, testConfig } from '@pons/testkit/serve';
import { afterAll, beforeAll, expect, test } from 'vitest';

const program = path.resolve(import.meta.dirname, '../../../examples/plain-matrix-appservice/main.ts');
const v3 = '/_matrix/client/v3';
const dir = mkdtempSync(path.join(tmpdir(), 'pons-plain-'));
let server: Served;
let child: ChildProcess;

beforeAll(async () => {
  const port = await new Promise<number>((resolve) => {
    const probe = net.createServer().listen(0, '127.0.0.1', () => {
      const { port: free } = probe.address() as net.AddressInfo;
      probe.close(() => resolve(free));
    });
  });
  const [asToken, hsToken] = [randomBytes(32).toString('hex'), randomBytes(32).toString('hex')];
  writeFileSync(
    path.join(dir, 'plain.yaml'),
    JSON.stringify({
      id: 'plain',
      url: `http://127.0.0.1:${port}`,
      as_token: asToken,
      hs_token: hsToken,
      sender_localpart: 'plain',
      namespaces: { users: [], aliases: [], rooms: [] },
    }),
  );
  server = await serve({ dir, config: testConfig({ appservices: { files: ['plain.yaml'] } }) });
  child = spawn(process.execPath, [program, server.url, 'localhost', String(port)], {
    env: { ...process.env, AS_TOKEN: asToken, HS_TOKEN: hsToken },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise<void>((resolve) => child.stdout!.once('data', () => resolve()));
});
afterAll(async () => {
  child.kill('SIGKILL');
  await server.end();
  rmSync(dir, { recursive: true, force: true });
});

test('a program for matrix-appservice 3.0.0 joins when it is invited and answers what it hears', async () => {
  const { token } = await registerUser(server.url, 'alice');
  const { room_id: id } = await request<{ room_id: string }>(server.url, 'POST', `${v3}/createRoom`, {
    token,
    body: { preset: 'private_chat', invite: ['@plain:localhost'] },
  });
  const room = `${v3}/rooms/${encodeURIComponent(id)}`;
  const members = async () =>
    Object.keys(
      (await request<{ joined: Record<string, unknown> }>(server.url, 'GET', `${room}/joined_members`, { token }))
        .joined,
    );
  await expect.poll(members, { timeout: 60_000, interval: 50 }).toContain('@plain:localhost');
  await request(server.url, 'PUT', `${room}/send/m.room.message/one`, {
    token,
    body: { msgtype: 'm.text', body: 'hello' },
  });
  const said = async () =>
    (
      await request<{ chunk: { sender: string; content: { body?: string } }[] }>(
        server.url,
        'GET',
        `${room}/messages?dir=b&limit=10`,
        { token },
      )
    ).chunk
      .filter(({ sender }) => sender === '@plain:localhost')
      .map(({ content }) => content.body);
  await expect.poll(said, { timeout: 60_000, interval: 50 }).toContain('heard: hello');
});
