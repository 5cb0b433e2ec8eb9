// What many application services cost: 500 events per second spread over 20 of them, one that comes back to a long queue, ghosts that join
// one by one and in bulk, and a send on a server that has registered 50 beside one that has one. Two servers measured in turns, so that
// what else the machine does falls on both alike.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { runImports } from './imports.ts';
import { caller, cpuMs, type Figures, inParallel, percentiles, round, roundCpu, sleep } from './measure.ts';
import { describe, Listener, type Log, type Phase, phase, registerHuman, settle } from './workload.ts';

/** A server with application services `as0` … whose ghosts are `@as0_…`. */
export interface Served {
  readonly base: string;
  readonly pid: number;
  /** The folder of its embedded database. */
  readonly dataDir: string;
  readonly services: readonly { readonly id: string; readonly asToken: string; readonly asPort: number }[];
  stop(): Promise<void>;
}

export interface AppservicesSize {
  readonly seconds: number;
  readonly queued: number;
  readonly ghosts: number;
  readonly warmUp: number;
  /** Sends of one round, and rounds on each of the two servers. */
  readonly messages: number;
  readonly rounds: number;
}

export interface AppservicesReport {
  readonly deliveryMs: Figures;
  readonly achievedPerSecond: number;
  readonly commitMs: Figures;
  readonly catchUp: { readonly perSecond: number; readonly transactions: number; readonly cpuMs: [number, number] };
  readonly imports: Record<string, Phase>;
  /** CPU ms of a send with one application service registered, and with many: server and database. */
  readonly alone: number;
  readonly among: number;
}

const v3 = '/_matrix/client/v3';
const enc = encodeURIComponent;
const serverName = 'localhost';
const serviceCount = 20;
const manyServices = 50;
const perSecond = 500;
const width = 16;
/** How often a commit is timed beside the load. */
const commitEveryMs = 25;
const body = (mark?: string) => ({
  msgtype: 'm.text',
  body: 'The quick brown fox jumps over the lazy dog.',
  ...(mark === undefined ? {} : { 'bench.mark': mark }),
});

/** Runs all of it. */
export async function runAppservices(
  open: (count: number) => Promise<Served>,
  size: AppservicesSize,
  log: Log,
): Promise<AppservicesReport> {
  const twenty = await open(serviceCount);
  const spread = await spreadOver(twenty, size, log);
  const catchUp = await comeBack(twenty, size, log);
  await twenty.stop();
  const one = await open(1);
  const imports = await runImports(
    { ...one, ...one.services[0]!, serverName },
    { warmUp: size.warmUp, messages: size.messages, ghosts: size.ghosts, history: 0, prefix: 'as0_' },
    log,
  );
  await one.stop();
  const sends = await sendBeside([await open(1), await open(manyServices)], size, log);
  return { ...spread, catchUp, imports, ...sends };
}

/** A human writes into a room of each application service in turn. */
async function spreadOver(server: Served, { seconds, warmUp }: AppservicesSize, log: Log) {
  const { call, close } = caller(server.base);
  const run = randomBytes(3).toString('hex');
  const listeners = server.services.map(({ asPort }) => new Listener(asPort));
  await Promise.all(listeners.map((listener) => listener.listen()));
  const human = await registerHuman(call, run);
  const rooms: string[] = [];
  for (const { asToken: token } of server.services) {
    const { room_id: id } = await call<{ room_id: string }>('POST', `${v3}/createRoom`, {
      token,
      body: { preset: 'public_chat' },
    });
    await call('POST', `${v3}/join/${enc(id)}`, { token: human, body: {} });
    rooms.push(id);
  }
  const send = (index: number, mark?: string) =>
    call('PUT', `${v3}/rooms/${enc(rooms[index % rooms.length]!)}/send/m.room.message/${run}-${mark ?? `w${index}`}`, {
      token: human,
      body: body(mark),
    });
  await inParallel(warmUp, width, (index) => send(index));
  await settle(server.pid, () => listeners.reduce((sum, { received }) => sum + received, 0));
  const commits = await timeCommits(server.dataDir);
  const count = perSecond * seconds;
  const begin = performance.now();
  const deliveryMs = percentiles(
    await Promise.all(
      Array.from({ length: count }, async (_, index) => {
        await sleep(Math.max(0, begin + (index * 1000) / perSecond - performance.now()));
        const mark = `m${index}`;
        // From the request, not from when it was due: how late a timer of this process is says nothing of the server.
        const from = performance.now();
        await send(index, mark);
        return (await listeners[index % listeners.length]!.wait(mark)) - from;
      }),
    ),
  );
  const achievedPerSecond = round((count / (performance.now() - begin)) * 1000);
  const commitMs = percentiles(await commits.end());
  for (const listener of listeners) listener.close();
  close();
  log(
    `pons    ${achievedPerSecond}/s to ${serviceCount} application services: delivered in p50 ${deliveryMs.p50} ms, p99 ${deliveryMs.p99} ms; a commit beside it p50 ${commitMs.p50} ms, p99 ${commitMs.p99} ms`,
  );
  return { deliveryMs, achievedPerSecond, commitMs };
}

/** Small commits on a connection of its own, now and then, until `end`: how long each took. */
async function timeCommits(dataDir: string): Promise<{ end(): Promise<number[]> }> {
  // PostgreSQL writes the folder of its socket into the fifth line of its pid file.
  const pidFile = readFileSync(path.join(dataDir, 'postgres/cluster/postmaster.pid'), 'utf8');
  const client = new pg.Client({ host: pidFile.split('\n')[4]!, user: 'pons', database: 'pons' });
  await client.connect();
  await client.query('create table if not exists bench_commit as select 0 as n');
  const times: number[] = [];
  let ended = false;
  const running = (async () => {
    while (!ended) {
      const from = performance.now();
      await client.query({ name: 'commit', text: 'update bench_commit set n = n + 1' });
      times.push(performance.now() - from);
      await sleep(commitEveryMs);
    }
  })();
  return {
    async end() {
      ended = true;
      await running;
      await client.end();
      return times;
    },
  };
}

/** The first application service was away while its ghost was busy. */
async function comeBack(server: Served, { queued }: AppservicesSize, log: Log): Promise<AppservicesReport['catchUp']> {
  const { call, close } = caller(server.base);
  const { asToken: token, asPort } = server.services[0]!;
  const run = randomBytes(3).toString('hex');
  const { room_id: room } = await call<{ room_id: string }>('POST', `${v3}/createRoom`, { token, body: {} });
  await inParallel(queued, width, (index) =>
    call('PUT', `${v3}/rooms/${enc(room)}/send/m.room.message/${run}-${index}`, { token, body: body() }),
  );
  await settle(server.pid, () => 0);
  const before = cpuMs(server.pid);
  const listener = new Listener(asPort);
  await listener.listen();
  await call('POST', `/_matrix/client/v1/appservice/${server.services[0]!.id}/ping`, { token, body: {} });
  let first = Number.NaN;
  let seen = { at: performance.now(), received: 0 };
  while (listener.received < queued && performance.now() - seen.at < 30_000) {
    await sleep(5);
    if (listener.received > 0 && Number.isNaN(first)) first = performance.now();
    if (listener.received > seen.received) seen = { at: performance.now(), received: listener.received };
  }
  const after = cpuMs(server.pid);
  const { received, transactions } = listener;
  listener.close();
  close();
  const rate = Math.round((received / (seen.at - first)) * 1000);
  const spent: [number, number] = [
    roundCpu((after[0] - before[0]) / received),
    roundCpu((after[1] - before[1]) / received),
  ];
  log(
    `pons    catch-up of ${queued}: ${rate}/s in ${transactions} transactions, ${spent[0]} + ${spent[1]} ms CPU each, ${queued - received > 0 ? queued - received : 0} missing`,
  );
  return { perSecond: received < queued ? 0 : rate, transactions, cpuMs: spent };
}

/** Masqueraded sends on two servers in turns. */
async function sendBeside(servers: readonly Served[], { warmUp, messages, rounds }: AppservicesSize, log: Log) {
  const sides = await Promise.all(servers.map(openSender));
  for (const { send, settled } of sides) {
    await inParallel(warmUp, width, send);
    await settled();
  }
  const spent: number[][] = sides.map(() => []);
  for (let turn = 0; turn < rounds; turn++) {
    // The other one first every second time.
    const order = turn % 2 === 0 ? [0, 1] : [1, 0];
    for (const at of order) {
      const { pid, send, activity } = sides[at]!;
      const one = await phase(pid, { count: messages, width, activity }, send);
      spent[at]!.push(one.cpuMs[0] + one.cpuMs[1]);
      log(`pons    with ${servers[at]!.services.length} registered: ${describe(one)}`);
    }
  }
  for (const { end } of sides) await end();
  return { alone: median(spent[0]!), among: median(spent[1]!) };
}

async function openSender(server: Served) {
  const { call, close } = caller(server.base);
  const { asToken: token, asPort } = server.services[0]!;
  const listener = new Listener(asPort);
  await listener.listen();
  const ghost = `@as0_sender:${serverName}`;
  await call('POST', `${v3}/register`, {
    token,
    body: { type: 'm.login.application_service', username: 'as0_sender', inhibit_login: true },
  });
  const { room_id: room } = await call<{ room_id: string }>('POST', `${v3}/createRoom`, {
    token,
    body: { preset: 'public_chat' },
  });
  await call('POST', `${v3}/join/${enc(room)}?user_id=${enc(ghost)}`, { token, body: {} });
  let txn = 0;
  const activity = () => listener.received;
  return {
    pid: server.pid,
    activity,
    settled: () => settle(server.pid, activity),
    send: () =>
      call(
        'PUT',
        `${v3}/rooms/${enc(room)}/send/m.room.message/s${(txn += 1)}?user_id=${enc(ghost)}&ts=${Date.now() - 5000}`,
        { token, body: body() },
      ),
    end: async () => {
      listener.close();
      close();
      await server.stop();
    },
  };
}

const median = (list: readonly number[]) => [...list].sort((a, b) => a - b)[list.length >> 1] ?? Number.NaN;
