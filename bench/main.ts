// pnpm bench [core] [--quick] [--full] [--json] [--imports | --appservices]: the application-service workload against our homeserver, and the floor of this machine, in one run.
// `core` measures what rooms cost by their size (core.ts), and nothing else; --full with rooms of a million events.
// --imports measures ghosts in bulk and history in batches beside ordinary joins and sends (imports.ts), and nothing else;
// --appservices what many application services and a long queue cost (appservices.ts).
// Trust CPU per operation and ratios; rates and latencies depend on what else the machine does. --json prints one line at the end.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { runAppservices, type Served } from './appservices.ts';
import { runCore } from './core.ts';
import { runImports } from './imports.ts';
import { describe, floorRounds, type Phase, runFloor, runWorkload, type Size } from './workload.ts';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    full: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    imports: { type: 'boolean', default: false },
    appservices: { type: 'boolean', default: false },
  },
});
const size: Size = options.quick
  ? {
      ghosts: 200,
      messages: 2000,
      sendRounds: 3,
      warmUp: 3000,
      rooms: 16,
      width: 16,
      singles: 100,
      queued: 500,
      rates: [100],
      seconds: 3,
    }
  : {
      ghosts: 2000,
      messages: 4000,
      sendRounds: 7,
      warmUp: 10_000,
      rooms: 16,
      width: 16,
      singles: 200,
      queued: 2000,
      rates: [100, 500],
      seconds: 10,
    };
const root = path.resolve(import.meta.dirname, '..');
const scratch = mkdtempSync(path.join(tmpdir(), 'pons-bench-'));
const children: ChildProcess[] = [];
const log = (text: string) => console.error(text);

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
/** Starts a script of ours and waits for its first line of standard output. */
function start(
  script: string,
  args: readonly string[],
): Promise<{ child: ChildProcess; line: Record<string, unknown> }> {
  const child = spawn(process.execPath, [path.join(root, script), ...args], {
    cwd: scratch,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let errors = '';
  child.stderr!.on('data', (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-4000)));
  return new Promise((resolve, reject) => {
    createInterface({ input: child.stdout! }).once('line', (line) =>
      resolve({ child, line: JSON.parse(line) as Record<string, unknown> }),
    );
    child.once('exit', (code) => reject(new Error(`${script} ended with ${code}\n${errors}`)));
  });
}
function stop(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null) return resolve();
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
  });
}

/** A homeserver with application services, in a folder of its own. */
async function startHomeserver(ids: readonly string[]): Promise<Served> {
  const folder = mkdtempSync(path.join(scratch, 'server-'));
  const services: { id: string; asToken: string; asPort: number }[] = [];
  for (const id of ids) {
    const asPort = await freePort();
    const asToken = randomBytes(32).toString('hex');
    const registration = {
      id,
      url: `http://127.0.0.1:${asPort}`,
      as_token: asToken,
      hs_token: randomBytes(32).toString('hex'),
      sender_localpart: `${id}_bot`,
      rate_limited: false,
      namespaces: { users: [{ exclusive: true, regex: `@${id}_.*:localhost` }], rooms: [], aliases: [] },
    };
    writeFileSync(path.join(folder, `${id}.yaml`), JSON.stringify(registration));
    services.push({ id, asToken, asPort });
  }
  writeFileSync(
    path.join(folder, 'homeserver.yaml'),
    JSON.stringify({
      server_name: 'localhost',
      data_dir: './data',
      listeners: [{ bind: '127.0.0.1', port: 0 }],
      appservices: { files: ids.map((id) => `${id}.yaml`) },
      accounts: { registration: { mode: 'open' }, password_cost: 'low' },
      rate_limits: 'off',
      telemetry: { log: { level: 'warn' } },
    }),
  );
  const { child, line } = await start('packages/pons/src/main.ts', [
    'serve',
    '--config',
    path.join(folder, 'homeserver.yaml'),
  ]);
  const [listener] = line['listeners'] as { url: string }[];
  const dataDir = path.join(folder, 'data');
  return { base: listener!.url, pid: child.pid!, dataDir, services, stop: () => stop(child) };
}

const cpu = (one: Phase | undefined) => (one === undefined ? Number.NaN : one.cpuMs[0] + one.cpuMs[1]);
const ratio = (ours: number, floor: number) => Math.round((ours / floor) * 1000) / 1000;

async function mainOfImports(): Promise<void> {
  const server = await startHomeserver(['bench']);
  const target = { ...server, ...server.services[0]!, serverName: 'localhost' };
  const size = options.quick
    ? { warmUp: 3_000, messages: 2_000, ghosts: 1_000, history: 5_000 }
    : { warmUp: 10_000, messages: 5_000, ghosts: 5_000, history: 100_000 };
  const phases = await runImports(target, size, log);
  await server.stop();
  const send = cpu(phases['send']);
  const figures: Figures = {
    send_cpu: { value: send, unit: 'ms CPU' },
    join_over_send: { value: ratio(cpu(phases['join']), send), unit: '× CPU of a send', limit: 2 },
    join_in_bulk_cpu: { value: cpu(phases['join in bulk']), unit: 'ms CPU', limit: 0.1 },
    new_in_bulk_cpu: { value: cpu(phases['new in bulk']), unit: 'ms CPU, registered and named as well' },
    history_over_send: { value: ratio(cpu(phases['history']), send), unit: '× CPU of a send', limit: 1 },
  };
  report(figures);
}

async function mainOfAppservices(): Promise<void> {
  const size = options.quick
    ? { seconds: 5, queued: 10_000, ghosts: 1_000, warmUp: 5_000, messages: 5_000, rounds: 3 }
    : { seconds: 20, queued: 100_000, ghosts: 5_000, warmUp: 15_000, messages: 6_000, rounds: 9 };
  const open = (count: number) => startHomeserver(Array.from({ length: count }, (_, index) => `as${index}`));
  const done = await runAppservices(open, size, log);
  const send = cpu(done.imports['send']);
  report({
    deliver_p50: { value: done.deliveryMs.p50, unit: 'ms', limit: 2 * done.commitMs.p50 + 1 },
    deliver_p99: { value: done.deliveryMs.p99, unit: 'ms, 15 aimed at' },
    delivered_per_second: { value: done.achievedPerSecond, unit: '1/s' },
    commit_p50: { value: done.commitMs.p50, unit: 'ms' },
    catch_up_per_second: { value: done.catchUp.perSecond, unit: 'events/s', least: 10_000 },
    catch_up_cpu: { value: done.catchUp.cpuMs[0] + done.catchUp.cpuMs[1], unit: 'ms CPU each' },
    catch_up_transactions: { value: done.catchUp.transactions, unit: `for ${size.queued} events` },
    send_cpu: { value: send, unit: 'ms CPU' },
    join_over_send: { value: ratio(cpu(done.imports['join']), send), unit: '× CPU of a send', limit: 2 },
    join_in_bulk_cpu: { value: cpu(done.imports['join in bulk']), unit: 'ms CPU', limit: 0.1 },
    new_in_bulk_cpu: { value: cpu(done.imports['new in bulk']), unit: 'ms CPU, registered and named as well' },
    send_with_1: { value: done.alone, unit: 'ms CPU' },
    send_with_50: { value: done.among, unit: 'ms CPU' },
    send_50_over_1: { value: Math.round((done.among / done.alone) * 10_000) / 10_000, unit: '×', limit: 1.05 },
  });
}

async function mainOfCore(): Promise<void> {
  const figures = await runCore(path.join(scratch, 'core'), { full: options.full, log });
  report(figures);
}

async function main(): Promise<void> {
  // The floor runs before, after, and in turn with the sends that are held against it: the machine drifts.
  const floor = await start('bench/floor.ts', [path.join(scratch, 'floor')]);
  const floorTarget = { base: `http://127.0.0.1:${String(floor.line['port'])}`, pid: floor.child.pid! };
  const before = await runFloor(floorTarget, size, log);
  const server = await startHomeserver(['bench']);
  const beside = floorRounds(floorTarget, size);
  const done = await runWorkload(
    {
      base: server.base,
      serverName: 'localhost',
      asToken: server.services[0]!.asToken,
      asPort: server.services[0]!.asPort,
      pid: server.pid,
    },
    size,
    log,
    beside.round,
  );
  beside.close();
  const metrics = await fetch(`${server.base}/metrics`).then((answer) => answer.text());
  await server.stop();
  const after = await runFloor(floorTarget, size, log);
  await stop(floor.child);

  const floorSmall = cpu(done.phases['floor']);
  const ours = cpu(done.phases['sendSmall']);
  const lag = /pons_event_loop_lag_seconds\{quantile="0.99"\} (\S+)/.exec(metrics)?.[1];
  const figures: Figures = {
    share_of_floor: {
      value: ratio(floorSmall, ours),
      unit: 'floor CPU / CPU of a masqueraded send 16 wide',
      least: 0.6,
    },
    send_small_over_floor: { value: ratio(ours, floorSmall), unit: '× floor', limit: 1.65 },
    send_rooms_over_floor: {
      value: ratio(cpu(done.phases['sendRooms']), (cpu(before['sendRooms']) + cpu(after['sendRooms'])) / 2),
      unit: '× floor',
    },
    send_alone_over_floor: {
      value: ratio(cpu(done.phases['send1']), (cpu(before['send1']) + cpu(after['send1'])) / 2),
      unit: '× floor',
    },
    send_small_cpu: { value: ours, unit: 'ms CPU' },
    send_big_cpu: { value: cpu(done.phases['sendBig']), unit: 'ms CPU' },
    floor_cpu: { value: floorSmall, unit: 'ms CPU' },
    send_per_second: { value: done.phases['sendSmall']!.perSecond, unit: '1/s' },
    send_alone_p50: { value: done.phases['send1']!.latencyMs.p50, unit: 'ms' },
    floor_alone_p50: { value: before['send1']!.latencyMs.p50, unit: 'ms' },
    join_cpu: { value: cpu(done.phases['join']), unit: 'ms CPU', limit: 2.5 },
    join_late_over_early: {
      value: ratio(done.phases['join']!.late ?? 0, done.phases['join']!.early ?? 1),
      unit: 'last quarter / first',
      limit: 1.3,
    },
    register_cpu: { value: cpu(done.phases['register']), unit: 'ms CPU' },
    deliver_p50: { value: done.deliverMs.p50, unit: 'ms' },
    sync_p50: { value: done.syncMs.p50, unit: 'ms' },
    memory: { value: done.memoryMb, unit: 'MB', limit: 200 },
    catch_up_drain: { value: done.catchUp.drainMs, unit: 'ms' },
    catch_up_transactions: { value: done.catchUp.transactions, unit: `for ${done.catchUp.queued} events` },
    catch_up_missing: { value: done.catchUp.missing, unit: 'events', limit: 0 },
    duplicates: { value: done.duplicates, unit: 'events', limit: 0 },
    ...(lag === undefined
      ? {}
      : { event_loop_lag_p99: { value: Math.round(Number(lag) * 100_000) / 100, unit: 'ms' } }),
  };
  for (const one of done.steady) figures[`steady_${one.rate}`] = { value: one.achieved, unit: '1/s' };
  log(`floor   16 wide, one room, afterwards: ${describe(after['sendSmall']!)}`);
  report(figures);
}

/** `limit` is the most it may be, `least` the least. */
type Figures = Record<string, { value: number; unit: string; limit?: number; least?: number }>;

function report(figures: Figures): void {
  let ok = true;
  for (const [name, { value, unit, limit, least }] of Object.entries(figures)) {
    const misses = !(value <= (limit ?? Number.POSITIVE_INFINITY) && value >= (least ?? Number.NEGATIVE_INFINITY));
    ok &&= !misses;
    const bound = least === undefined ? limit : least;
    log(
      `${misses ? '!' : ' '} ${name.padEnd(24)} ${String(Math.round(value * 10_000) / 10_000).padStart(9)} ${unit}${bound === undefined ? '' : ` (${least === undefined ? 'limit' : 'at least'} ${bound})`}`,
    );
  }
  if (options.json) console.log(JSON.stringify({ name: 'bench', ok, figures, versions: { node: process.version } }));
}

try {
  const [what] = positionals;
  if (what === 'core') await mainOfCore();
  else if (options.appservices) await mainOfAppservices();
  else await (options.imports ? mainOfImports() : main());
} finally {
  await Promise.all(children.map(stop));
  rmSync(scratch, { recursive: true, force: true });
}
