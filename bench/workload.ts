// The workload of an application service as a bridge makes it: ghosts register, join and send masqueraded with `ts`; a human's message
// is delivered; long-polling /sync wakes; the queue is caught up after the service was away. Against any homeserver, by its public API.
import { randomBytes } from 'node:crypto';
import http from 'node:http';
import {
  type Call,
  CallError,
  caller,
  cpuMs,
  type Figures,
  inParallel,
  percentiles,
  residentMb,
  round,
  roundCpu,
  sleep,
} from './measure.ts';

export interface Target {
  readonly base: string;
  readonly serverName: string;
  readonly asToken: string;
  /** Port of the registration's url on loopback: the workload listens there. */
  readonly asPort: number;
  /** The server's process; PostgreSQL is among its descendants. */
  readonly pid: number;
}
export interface Size {
  readonly ghosts: number;
  readonly messages: number;
  /** Sends before anything is measured, on both sides alike: V8 optimises for the first ten thousand. */
  readonly warmUp: number;
  readonly rooms: number;
  /** Of sends 16 wide, floor and homeserver in turn. */
  readonly sendRounds: number;
  readonly width: number;
  readonly singles: number;
  readonly queued: number;
  readonly rates: readonly number[];
  readonly seconds: number;
}
export interface Phase {
  readonly count: number;
  readonly perSecond: number;
  readonly latencyMs: Figures;
  /** CPU milliseconds per operation: server, database. What was put off until later is counted in. */
  readonly cpuMs: readonly [number, number];
  /** The same for the first and the last quarter: does it grow? Server and database together. */
  readonly early?: number;
  readonly late?: number;
}
export type Log = (text: string) => void;

const v3 = '/_matrix/client/v3';
const enc = encodeURIComponent;

/** Waits until the server has done next to nothing for a second (15 s at most), so that work put off is counted where it belongs. */
export async function settle(pid: number, activity: () => number): Promise<void> {
  const start = performance.now();
  let quietSince = start;
  let last = activity();
  let used = cpuMs(pid);
  while (performance.now() - quietSince < 1000 && performance.now() - start < 15_000) {
    await sleep(200);
    const now = cpuMs(pid);
    const busy = now[0] - used[0] > 60 || now[1] - used[1] > 60;
    if (busy || activity() !== last) quietSince = performance.now();
    last = activity();
    used = now;
  }
}

/** Runs one phase and measures it. */
export async function phase(
  pid: number,
  options: { count: number; width: number; quarters?: boolean; activity?: () => number },
  work: (index: number) => Promise<unknown>,
): Promise<Phase> {
  const { count, width, quarters = false, activity = () => 0 } = options;
  const latency: number[] = [];
  const before = cpuMs(pid);
  const start = performance.now();
  const timed = async (index: number) => {
    const from = performance.now();
    await work(index);
    latency.push(performance.now() - from);
  };
  let spentMs = 0;
  const perQuarter: number[] = [];
  if (quarters) {
    const quarter = Math.floor(count / 4);
    for (let part = 0; part < 4; part++) {
      const used = cpuMs(pid);
      const from = performance.now();
      await inParallel(quarter, width, (index) => timed(part * quarter + index));
      spentMs += performance.now() - from;
      await settle(pid, activity);
      const now = cpuMs(pid);
      perQuarter.push(roundCpu((now[0] + now[1] - used[0] - used[1]) / quarter));
    }
  } else {
    await inParallel(count, width, timed);
    spentMs = performance.now() - start;
    await settle(pid, activity);
  }
  const after = cpuMs(pid);
  const done = latency.length;
  return {
    count: done,
    perSecond: round((done / spentMs) * 1000),
    latencyMs: percentiles(latency),
    cpuMs: [roundCpu((after[0] - before[0]) / done), roundCpu((after[1] - before[1]) / done)],
    ...(quarters ? { early: perQuarter[0] ?? 0, late: perQuarter[3] ?? 0 } : {}),
  };
}

/** An application service that acknowledges everything and notes when each marked message came. */
export class Listener {
  readonly arrived = new Map<string, number>();
  private readonly waiting = new Map<string, (at: number) => void>();
  received = 0;
  transactions = 0;
  largest = 0;
  duplicates = 0;
  private readonly port: number;
  private readonly server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      response.setHeader('content-type', 'application/json');
      response.end('{}');
      if (request.method === 'PUT') this.take(Buffer.concat(chunks).toString());
    });
  });
  constructor(port: number) {
    this.port = port;
  }
  private take(text: string): void {
    const now = performance.now();
    const { events = [] } = JSON.parse(text) as { events?: { content?: Record<string, unknown> }[] };
    this.transactions += 1;
    this.received += events.length;
    this.largest = Math.max(this.largest, events.length);
    for (const { content } of events) {
      const mark = content?.['bench.mark'];
      if (typeof mark !== 'string') continue;
      if (this.arrived.has(mark)) this.duplicates += 1;
      else {
        this.arrived.set(mark, now);
        this.waiting.get(mark)?.(now);
      }
    }
  }
  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(this.port, '127.0.0.1', resolve);
    });
  }
  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
  /** When the marked message arrived. */
  wait(mark: string, limitMs = 60_000): Promise<number> {
    const at = this.arrived.get(mark);
    if (at !== undefined) return Promise.resolve(at);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${mark} never reached the application service`)), limitMs);
      this.waiting.set(mark, (now) => {
        clearTimeout(timer);
        resolve(now);
      });
    });
  }
}

/** A person; their access token. */
export async function registerHuman(call: Call, run: string): Promise<string> {
  const body: Record<string, unknown> = {
    username: `human_${run}`,
    password: `pw-${run}-long-enough`,
    auth: { type: 'm.login.dummy' },
  };
  try {
    return (await call<{ access_token: string }>('POST', `${v3}/register`, { body })).access_token;
  } catch (error) {
    if (!(error instanceof CallError) || error.status !== 401) throw error;
    body['auth'] = { type: 'm.login.dummy', session: error.body['session'] };
    return (await call<{ access_token: string }>('POST', `${v3}/register`, { body })).access_token;
  }
}

/** The sends that floor.ts answers too: 16 wide into one room and into many, one at a time. */
export async function runFloor(
  target: { base: string; pid: number },
  size: Size,
  log: Log,
): Promise<Record<string, Phase>> {
  const { call, close } = caller(target.base);
  const run = randomBytes(3).toString('hex');
  let txn = 0;
  const send = (room: number) =>
    call(
      'PUT',
      `${v3}/rooms/${room}/send/m.room.message/${run}-${txn++}?user_id=${enc('@bench:floor')}&ts=${Date.now() - 5000}`,
      { body: message() },
    );
  const result: Record<string, Phase> = {};
  await inParallel(size.warmUp, size.width, () => send(0));
  result['sendSmall'] = await phase(target.pid, { count: size.messages, width: size.width }, () => send(0));
  log(`floor   16 wide, one room: ${describe(result['sendSmall'])}`);
  result['sendRooms'] = await phase(target.pid, { count: size.messages, width: size.width }, (index) =>
    send(index % size.rooms),
  );
  result['send1'] = await phase(target.pid, { count: size.singles, width: 1 }, () => send(0));
  log(`floor   one at a time: ${describe(result['send1'])}`);
  close();
  return result;
}

const message = (mark?: string) => ({
  msgtype: 'm.text',
  body: 'The quick brown fox jumps over the lazy dog.',
  ...(mark === undefined ? {} : { 'bench.mark': mark }),
});
export const describe = (one: Phase): string =>
  `${one.cpuMs[0].toFixed(3)} + ${one.cpuMs[1].toFixed(3)} ms CPU each, ${one.perSecond.toFixed(0)}/s, p50 ${one.latencyMs.p50} ms, p99 ${one.latencyMs.p99} ms`;

export interface Report {
  readonly phases: Record<string, Phase>;
  readonly deliverMs: Figures;
  readonly syncMs: Figures;
  readonly initialSyncMs: number;
  readonly steady: readonly { rate: number; achieved: number; deliveryMs: Figures }[];
  readonly catchUp: {
    queued: number;
    missing: number;
    firstMs: number;
    drainMs: number;
    transactions: number;
    largest: number;
  };
  readonly duplicates: number;
  readonly memoryMb: number;
}

const cpuOf = (one: Phase): number => one.cpuMs[0] + one.cpuMs[1];
/** The phase in the middle by CPU. */
const middle = (phases: readonly Phase[]): Phase =>
  [...phases].sort((a, b) => cpuOf(a) - cpuOf(b))[Math.floor(phases.length / 2)]!;

/** The floor's sends 16 wide, a phase for each call: beside those of the homeserver, so that both meet the same machine. */
export function floorRounds(target: { base: string; pid: number }, size: Size) {
  const { call, close } = caller(target.base);
  const run = randomBytes(3).toString('hex');
  let txn = 0;
  const send = () =>
    call(
      'PUT',
      `${v3}/rooms/0/send/m.room.message/${run}-${txn++}?user_id=${enc('@bench:floor')}&ts=${Date.now() - 5000}`,
      { body: message() },
    );
  return { round: () => phase(target.pid, { count: size.messages, width: size.width }, send), close };
}

/** The whole workload; `beside` is measured between the rounds of sends 16 wide. */
export async function runWorkload(target: Target, size: Size, log: Log, beside: () => Promise<Phase>): Promise<Report> {
  const { call, close } = caller(target.base);
  const run = randomBytes(3).toString('hex');
  const token = target.asToken;
  const ghost = (index: number) => `@bench_${run}_${index}:${target.serverName}`;
  const listener = new Listener(target.asPort);
  await listener.listen();
  const activity = () => listener.received;
  const phases: Record<string, Phase> = {};
  const measure = async (
    name: string,
    options: { count: number; width: number; quarters?: boolean },
    work: (index: number) => Promise<unknown>,
  ) => {
    phases[name] = await phase(target.pid, { ...options, activity }, work);
    log(
      `pons    ${name}: ${describe(phases[name])}${phases[name].early === undefined ? '' : `; first quarter ${phases[name].early}, last ${phases[name].late} ms CPU`}`,
    );
  };
  let txn = 0;
  const send = (room: string, sender: string, mark?: string) =>
    call(
      'PUT',
      `${v3}/rooms/${enc(room)}/send/m.room.message/${run}-${txn++}?user_id=${enc(sender)}&ts=${Date.now() - 5000}`,
      { token, body: message(mark) },
    );
  const human = await registerHuman(call, run);
  const humanSends = (room: string, mark: string) =>
    call('PUT', `${v3}/rooms/${enc(room)}/send/m.room.message/${run}-${txn++}`, { token: human, body: message(mark) });

  await measure('register', { count: size.ghosts, width: size.width, quarters: true }, (index) =>
    call('POST', `${v3}/register`, {
      token,
      body: { type: 'm.login.application_service', username: ghost(index).slice(1).split(':')[0], inhibit_login: true },
    }),
  );
  const newRoom = async () => {
    const { room_id: id } = await call<{ room_id: string }>('POST', `${v3}/createRoom`, {
      token,
      body: { preset: 'public_chat' },
    });
    await call('POST', `${v3}/join/${enc(id)}`, { token: human, body: {} });
    return id;
  };
  const join = (room: string, index: number) =>
    call('POST', `${v3}/join/${enc(room)}?user_id=${enc(ghost(index))}`, { token, body: {} });
  const small: string[] = [];
  for (let index = 0; index < size.rooms; index++) small.push(await newRoom());
  await inParallel(size.rooms, size.width, (index) => join(small[index]!, index % size.ghosts));
  const toSmall = (index: number, mark?: string) =>
    send(small[index % size.rooms]!, ghost((index % size.rooms) % size.ghosts), mark);
  await inParallel(size.warmUp, size.width, () => toSmall(0));
  await settle(target.pid, activity);
  const ours: Phase[] = [];
  const floor: Phase[] = [];
  for (let at = 0; at < size.sendRounds; at++) {
    floor.push(await beside());
    ours.push(await phase(target.pid, { count: size.messages, width: size.width, activity }, () => toSmall(0)));
  }
  phases['sendSmall'] = middle(ours);
  phases['floor'] = middle(floor);
  log(`floor   16 wide, one room, middle of ${floor.length}: ${describe(phases['floor'])}`);
  log(`pons    sendSmall, middle of ${ours.length}: ${describe(phases['sendSmall'])}`);
  await measure('sendRooms', { count: size.messages, width: size.width }, (index) => toSmall(index));

  const steady: { rate: number; achieved: number; deliveryMs: Figures }[] = [];
  for (const rate of size.rates) {
    const count = rate * size.seconds;
    const begin = performance.now();
    const delivery = await Promise.all(
      Array.from({ length: count }, async (_, index) => {
        const due = begin + (index * 1000) / rate;
        await sleep(Math.max(0, due - performance.now()));
        const mark = `${run}-r${rate}-${index}`;
        await humanSends(small[index % size.rooms]!, mark);
        return (await listener.wait(mark)) - due;
      }),
    );
    const achieved = round((count / (performance.now() - begin)) * 1000);
    steady.push({ rate, achieved, deliveryMs: percentiles(delivery) });
    log(
      `pons    steady ${rate}/s: ${achieved}/s, delivered in p50 ${percentiles(delivery).p50} ms, p99 ${percentiles(delivery).p99} ms`,
    );
  }

  const big = await newRoom();
  await measure('join', { count: size.ghosts, width: size.width, quarters: true }, (index) => join(big, index));
  await measure('send1', { count: size.singles, width: 1 }, (index) => send(big, ghost(index % size.ghosts)));
  await measure('sendBig', { count: size.messages, width: size.width }, (index) =>
    send(big, ghost(index % size.ghosts)),
  );

  const deliver: number[] = [];
  for (let index = 0; index < size.singles / 2; index++) {
    const mark = `${run}-d${index}`;
    const start = performance.now();
    await humanSends(big, mark);
    deliver.push((await listener.wait(mark)) - start);
  }
  log(
    `pons    human PUT to the application service: p50 ${percentiles(deliver).p50} ms, p99 ${percentiles(deliver).p99} ms`,
  );

  const filter = enc(
    JSON.stringify({
      presence: { types: [] },
      room: { rooms: [big], timeline: { limit: 50 }, ephemeral: { types: [] } },
    }),
  );
  interface Sync {
    next_batch: string;
    rooms?: { join?: Record<string, { timeline: { events: { content: Record<string, unknown> }[] } }> };
  }
  const startSync = performance.now();
  let batch = await call<Sync>('GET', `${v3}/sync?filter=${filter}`, { token: human });
  const initialSyncMs = round(performance.now() - startSync);
  const syncMs: number[] = [];
  for (let index = 0; index < size.singles / 4; index++) {
    const mark = `${run}-s${index}`;
    const next = () =>
      call<Sync>('GET', `${v3}/sync?filter=${filter}&timeout=20000&since=${enc(batch.next_batch)}`, { token: human });
    let poll = next();
    await sleep(20);
    const start = performance.now();
    const sent = send(big, ghost(index % size.ghosts), mark);
    for (;;) {
      batch = await poll;
      const events = batch.rooms?.join?.[big]?.timeline.events ?? [];
      if (events.some((event) => event.content['bench.mark'] === mark)) break;
      poll = next();
    }
    syncMs.push(performance.now() - start);
    await sent;
  }
  log(`pons    ghost's PUT to a waiting /sync: p50 ${percentiles(syncMs).p50} ms; initial /sync ${initialSyncMs} ms`);

  listener.close();
  await inParallel(size.queued, size.width, (index) => toSmall(index, `${run}-q${index}`));
  const before = listener.transactions;
  listener.largest = 0;
  await listener.listen();
  const up = performance.now();
  const back = () =>
    Array.from({ length: size.queued }, (_, index) => listener.arrived.get(`${run}-q${index}`)).filter(
      (at) => at !== undefined,
    );
  while (back().length < size.queued && performance.now() - up < 120_000) await sleep(100);
  const times = back();
  const catchUp = {
    queued: size.queued,
    missing: size.queued - times.length,
    firstMs: round(Math.min(...times) - up),
    drainMs: round(Math.max(...times) - Math.min(...times)),
    transactions: listener.transactions - before,
    largest: listener.largest,
  };
  log(
    `pons    catch-up of ${size.queued}: first after ${catchUp.firstMs} ms, drained in ${catchUp.drainMs} ms, ${catchUp.transactions} transactions, ${catchUp.missing} missing`,
  );
  const memoryMb = residentMb(target.pid);
  listener.close();
  close();
  return {
    phases,
    deliverMs: percentiles(deliver),
    syncMs: percentiles(syncMs),
    initialSyncMs,
    steady,
    catchUp,
    duplicates: listener.duplicates,
    memoryMb,
  };
}
