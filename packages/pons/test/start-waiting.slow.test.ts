// The quick start with an IRC network that does not answer: after a moment it says what it waits for and why, and Ctrl-C ends it.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { freePort } from '../src/loopback-port.ts';

const main = path.resolve(import.meta.dirname, '../src/main.ts');
const data = mkdtempSync(path.join(tmpdir(), 'pons-waiting-'));
afterAll(() => rmSync(data, { recursive: true, force: true }));

/** Starts, waits for the line, presses Ctrl-C; the line and the exit code. */
async function waitsFor(ircPort: number): Promise<[string, number | null]> {
  const child = spawn(
    process.execPath,
    [main, 'start', '--data', data, '--port', '0', '--irc', `127.0.0.1:${ircPort}`],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let text = '';
  child.stdout.on('data', (chunk) => (text += String(chunk)));
  child.stderr.on('data', (chunk) => (text += String(chunk)));
  const ended = new Promise<number | null>((done) => child.once('close', (code) => done(code)));
  const waiting = () => /^ *waiting for IRC .*$/m.exec(text)?.[0] ?? '';
  const said = async () => {
    await expect.poll(waiting, { timeout: 120_000 }).not.toBe('');
  };
  const early = ended.then((code) => Promise.reject(new Error(`start ended with ${code}\n${text}`)));
  await Promise.race([said(), early]);
  early.catch(() => undefined);
  child.kill('SIGINT');
  return [waiting().trim(), await ended];
}

test('nobody listens: the reason of the network is named', async () => {
  const port = await freePort();
  const [line, code] = await waitsFor(port);
  expect(line).toMatch(new RegExp(`^waiting for IRC 127\\.0\\.0\\.1:${port}: .*ECONNREFUSED`));
  expect(code).toBe(0);
});

test('somebody listens and says nothing: no answer yet', async () => {
  const sockets = new Set<Socket>();
  const silent = createServer((socket) => sockets.add(socket.on('error', () => undefined))).listen(0, '127.0.0.1');
  await new Promise((listening) => silent.once('listening', listening));
  const { port } = silent.address() as { port: number };
  const [line, code] = await waitsFor(port);
  expect(line).toBe(`waiting for IRC 127.0.0.1:${port}: no answer yet`);
  expect(code).toBe(0);
  for (const socket of sockets) socket.destroy();
  silent.close();
});
