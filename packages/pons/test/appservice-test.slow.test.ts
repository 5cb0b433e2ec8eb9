// `pons appservice test` against programs as they stand in examples/: the echo bot of the SDK, a bridge of the kit, whose bot says nothing,
// and a program that knows only npm's matrix-appservice. The SDK keeps every claim; what the other misses is what the SDK was made for,
// and is listed.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Report, testService } from '@pons/appservice-conformance';
import { loadRegistration } from '@pons/registration';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const dir = mkdtempSync(path.join(tmpdir(), 'pons-as-test-'));
const examples = path.resolve(import.meta.dirname, '../../../examples');
const children: ChildProcess[] = [];
const silentNetwork = net.createServer().listen(0, '127.0.0.1');

afterAll(() => {
  silentNetwork.close();
  for (const child of children) child.kill('SIGKILL');
  rmSync(dir, { recursive: true, force: true });
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as net.AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}

interface Example {
  readonly name: string;
  /** Arguments and environment, given where everything is. */
  readonly start: (at: {
    readonly file: string;
    readonly homeserver: string;
    readonly port: number;
    /** Port on which somebody listens who says nothing. */
    readonly network: number;
  }) => {
    readonly args: readonly string[];
    readonly env: Readonly<Record<string, string>>;
  };
}

const echoBot: Example = {
  name: 'echo-bot',
  start: ({ file, homeserver, port }) => ({
    args: [file, homeserver, 'localhost', String(port)],
    env: { STORE: path.join(dir, 'echo.sqlite') },
  }),
};
const lineBridge: Example = {
  name: 'line-bridge',
  start: ({ file, homeserver, port, network }) => ({
    args: [file, homeserver, 'localhost', `127.0.0.1:${network}`, String(port)],
    env: { STORE: path.join(dir, 'line.sqlite') },
  }),
};
const plain: Example = {
  name: 'plain-matrix-appservice',
  start: ({ homeserver, port }) => ({
    args: [homeserver, 'localhost', String(port)],
    env: { AS_TOKEN: 'as-plain-matrix-appservice', HS_TOKEN: 'hs-plain-matrix-appservice' },
  }),
};

const claims: Readonly<Record<string, object>> = {
  'echo-bot': claim('echo', '@_echo-bot_.*', '#_echo-bot_.*'),
  'line-bridge': claim('linebot', '^@_line_.*:.*$', '^#line:.*$'),
  'plain-matrix-appservice': claim('plain', '@_plain_.*', '#_plain_.*'),
};

function claim(sender: string, users: string, aliases: string): object {
  const namespaces = {
    users: [{ exclusive: true, regex: users }],
    aliases: [{ exclusive: true, regex: aliases }],
  };
  return { sender_localpart: sender, namespaces };
}

/** Starts the example beside the kit and judges it; kills it where a claim asks for that. */
async function judged({ name, start }: Example): Promise<Report> {
  const port = await freePort();
  const { port: network } = silentNetwork.address() as net.AddressInfo;
  const registration = {
    id: name,
    url: `http://127.0.0.1:${port}`,
    as_token: `as-${name}`,
    hs_token: `hs-${name}`,
    ...claims[name],
  };
  const file = path.join(dir, `${name}.yaml`);
  writeFileSync(file, JSON.stringify(registration));
  const loaded = loadRegistration(JSON.stringify(registration), { file });
  if (loaded.outcome === 'refused') throw new Error(JSON.stringify(loaded.complaints));
  let child: ChildProcess | undefined;
  let homeserver = '';
  const run = async (): Promise<void> => {
    const { args, env } = start({ file, homeserver, port, network });
    child = spawn(process.execPath, [path.join(examples, name, 'main.ts'), ...args], {
      cwd: dir,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    children.push(child);
    await new Promise<void>((resolve) => child?.stdout?.once('data', () => resolve()));
    child.stdout?.resume();
  };
  return testService({
    url: registration.url,
    registration: loaded.registration,
    onListening: async (url) => {
      homeserver = url;
      await run();
    },
    restart: async () => {
      const ended = new Promise((resolve) => child?.once('exit', resolve));
      child?.kill('SIGKILL');
      await ended;
      await run();
    },
  });
}

const missed = (report: Report) =>
  report.results.filter(({ outcome }) => outcome === 'failed').map(({ id, reason }) => [id, reason]);

describe('the echo bot of the SDK', () => {
  let report: Report;
  beforeAll(async () => {
    report = await judged(echoBot);
  }, 300_000);

  it('keeps every claim', () => expect(missed(report)).toEqual([]));
  it('is lively enough for every claim but those on networks that it does not name', () => {
    const skipped = report.results.filter(({ outcome }) => outcome === 'skipped').map(({ id }) => id);
    expect(skipped).toEqual(['third-party/protocol', 'third-party/lookups']);
  });
});

describe('a bridge of the kit', () => {
  it('keeps every claim: what it does about a transaction is seen when one of its ghosts is invited', {
    timeout: 300_000,
  }, async () => {
    const report = await judged(lineBridge);
    expect(missed(report)).toEqual([]);
    const skipped = report.results.filter(({ outcome }) => outcome === 'skipped').map(({ id }) => id);
    expect(skipped).toEqual(['transactions/no-loop', 'third-party/protocol', 'third-party/lookups']);
  });
});

describe('a program that knows only matrix-appservice', () => {
  it('keeps what matters, and misses what the listener that it extends leaves out', { timeout: 300_000 }, async () => {
    expect(missed(await judged(plain)).map(([id]) => id)).toEqual([
      'transactions/huge',
      'transactions/done-after-trouble',
      'tokens/both-must-match',
      'ping/answered',
      'queries/user',
      'queries/alias',
      'queries/foreign',
      'endpoints/unknown',
      'endpoints/method',
      'endpoints/older-path',
    ]);
  });
});
