// The bridge as a program: it says when it is ready, survives kill -9 without losing or doubling what was acknowledged, stops when
// asked, and explains a configuration that it cannot use.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { generateRegistration } from '@pons/registration';
import { afterEach, describe, expect, it } from 'vitest';
import { type DemoNetwork, startDemoNetwork } from '../src/demo-network/index.ts';
import { person } from '@pons/testkit/irc-person';
import { type MatrixDouble, matrixDouble } from './matrix-double.ts';

const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const task of cleanUp.splice(0).toReversed()) await task();
});

const MAIN = path.resolve(import.meta.dirname, '../src/main.ts');

interface Program {
  port: number;
  child: ChildProcess;
  ended: Promise<number | null>;
  errors(): string;
}

function spawnMain(file: string): Program {
  const child = spawn(process.execPath, [MAIN, file], { stdio: ['ignore', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (data: Buffer) => (errors += data.toString()));
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  cleanUp.push(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return { port: 0, child, ended, errors: () => errors };
}

async function launch(file: string): Promise<Program> {
  const program = spawnMain(file);
  const ready = new Promise<number>((resolve, reject) => {
    program.child.stdout?.on('data', (data: Buffer) => resolve((JSON.parse(data.toString()) as { port: number }).port));
    void program.ended.then(() => reject(new Error(program.errors())));
  });
  program.port = await ready;
  return program;
}

function folderFor(matrix: MatrixDouble, demo: DemoNetwork): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'pons-irc-'));
  cleanUp.push(() => rmSync(folder, { recursive: true, force: true }));
  const { asToken, hsToken, senderLocalpart, namespaces } = matrix.registration;
  const text = generateRegistration({
    id: 'irc',
    url: 'http://127.0.0.1:1',
    asToken,
    hsToken,
    senderLocalpart,
    namespaces,
  });
  writeFileSync(path.join(folder, 'registration.yaml'), text);
  const file = path.join(folder, 'irc.yaml');
  writeFileSync(
    file,
    `homeserver: { url: "${matrix.url}", domain: example.org }
listen: { port: 0 }
network: { name: Demo, servers: [{ host: 127.0.0.1, port: ${demo.port} }] }
channels: { "#pons": { room: "#pons:example.org" } }
flood: { burst: 100, lines_per_second: 100 }
`,
  );
  return file;
}

describe('the program', () => {
  it('killed and started again in between, loses and doubles nothing that was acknowledged', async () => {
    const demo = await startDemoNetwork();
    cleanUp.push(() => demo.stop());
    let program: Program | undefined;
    const matrix = await matrixDouble(() => program?.port ?? 0);
    cleanUp.push(() => matrix.stop());
    const file = folderFor(matrix, demo);
    const bob = await person(demo, 'bob');
    cleanUp.push(() => bob.irc.quit());

    program = await launch(file);
    await bob.join('#pons');
    const room = [...matrix.aliases.values()][0] ?? '';
    for (let round = 1; round <= 3; round++) {
      await matrix.say('@alice:example.org', room, { msgtype: 'm.text', body: `to IRC ${round}` }, `$event${round}`);
      await bob.hears('message', { message: `to IRC ${round}` });
      bob.irc.say('#pons', `to Matrix ${round}`);
      await matrix.sent.until((e) => e.content['body'] === `to Matrix ${round}`);
      program.child.kill('SIGKILL');
      await program.ended;
      program = await launch(file);
      // The homeserver had no answer to this one, so it sends it again.
      await matrix.say('@alice:example.org', room, { msgtype: 'm.text', body: `to IRC ${round}` }, `$event${round}`);
    }
    await matrix.say('@alice:example.org', room, { msgtype: 'm.text', body: 'end' });
    await bob.hears('message', { message: 'end' });
    bob.irc.say('#pons', 'end');
    await matrix.sent.until((e) => e.content['body'] === 'end');
    const said = bob.heard.all.flatMap(({ name, event }) =>
      name === 'message' && event['nick'] !== 'bob' ? [String(event['message'])] : [],
    );
    expect(said).toEqual(['to IRC 1', 'to IRC 2', 'to IRC 3', 'end']);
    const events = matrix.sent.all.filter((e) => e.type === 'm.room.message').map((e) => e.content['body']);
    expect(events).toEqual(['to Matrix 1', 'to Matrix 2', 'to Matrix 3', 'end']);

    program.child.kill('SIGTERM');
    expect(await program.ended).toBe(0);
    await bob.hears('quit', { nick: 'Alice' });
  });

  it('exits with 2 and one line per mistake, without repeating a secret', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'pons-irc-'));
    cleanUp.push(() => rmSync(folder, { recursive: true, force: true }));
    const file = path.join(folder, 'irc.yaml');
    writeFileSync(file, 'listen: { port: 99999 }\nnetwork: { servers: [], password: "sec\\nret" }\n');
    const program = spawnMain(file);
    expect(await program.ended).toBe(2);
    expect(program.errors()).toContain(`${file}: listen.port: must be a whole number from 0 to 65535, is 99999`);
    expect(program.errors()).not.toContain('ret');
    writeFileSync(file, 'a: [');
    const broken = spawnMain(file);
    expect([await broken.ended, broken.errors()]).toEqual([2, expect.stringMatching(/irc\.yaml:1: is not YAML: /)]);
  });
});
