// pnpm bench core [--full] [--json]: whether what the event core costs depends on the size of a room. Lanes, rules and the door on the embedded
// database, without HTTP; CPU of this process and of its database connections, medians of runs that take turns, so that a drift of the
// machine meets all of them. --full writes rooms with a million events and a thousand rooms with a thousand
// members, and receives 100,000 forks.
import { readdirSync, readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import pg from 'pg';
import { makeSigningKey } from '@pons/spec/crypto';
import { roomVersionRules } from '@pons/spec';
import { createCpuPool } from '../packages/homeserver/src/platform/cpu-pool.ts';
import { systemClock } from '../packages/homeserver/src/platform/clock.ts';
import { systemRandom } from '../packages/homeserver/src/platform/random.ts';
import { createRoomLanes, type RoomLanes } from '../packages/homeserver/src/rooms/lanes.ts';
import { type StateMap, resolveState } from '../packages/homeserver/src/rules/state-resolution/resolve.ts';
import { clientConfig } from '../packages/homeserver/src/storage/connection.ts';
import type { Database } from '../packages/homeserver/src/storage/database.ts';
import { startEmbedded } from '../packages/homeserver/src/storage/embedded/supervise.ts';
import { createDoor } from '../packages/homeserver/src/storage/group-commit.ts';
import { migrate } from '../packages/homeserver/src/storage/migrate.ts';
import { createNids } from '../packages/homeserver/src/storage/nids.ts';
import { openDatabase } from '../packages/homeserver/src/storage/postgres.ts';
import { keyValuesAt, wholeStateAt } from '../packages/homeserver/src/storage/tables/room-state.ts';
import { roomById } from '../packages/homeserver/src/storage/tables/rooms.ts';
import { createStateKeys } from '../packages/homeserver/src/storage/tables/state-keys.ts';
import { alice, levels, member, TestRoom, users } from '../packages/homeserver/test/state-resolution/test-room.ts';
import { indexForks, receiveForks } from './core-forks.ts';
import { addMembers, addMessages } from './core-rooms.ts';
import { percentiles, residentMb, round, roundCpu } from './measure.ts';

/** What came out; `limit` is what must not be exceeded. */
export type CoreFigures = Record<string, { value: number; unit: string; limit?: number }>;

interface Bench {
  readonly db: Database;
  readonly client: pg.Client;
  readonly lanes: RoomLanes;
  readonly log: (text: string) => void;
  readonly full: boolean;
}

const creator = '@u0:bench';
const rounds = 9;
const sendsPerRound = 300;
const speakers = 10;
const conflictEvents = 10_000;
const growthMax = 1.3;

/** Runs all of it in a folder for its database. */
export async function runCore(
  folder: string,
  { full, log }: { readonly full: boolean; readonly log: (text: string) => void },
): Promise<CoreFigures> {
  const embedded = await startEmbedded({ dataDir: folder });
  const { connection } = embedded;
  await migrate({ connection, serverName: 'bench', now: Date.now() });
  const db = await openDatabase({ connection, clock: systemClock });
  const client = new pg.Client(clientConfig(connection, { limited: false }));
  await client.connect();
  // Its work would be counted with that of whichever room it meets.
  for (const table of ['events', 'event_json', 'room_state', 'room_members', 'rooms', 'client_transactions'])
    await client.query(`alter table ${table} set (autovacuum_enabled = off)`);
  const door = createDoor(db, { clock: systemClock, random: systemRandom, onCommitted: () => {} });
  const key = makeSigningKey('1', Buffer.alloc(32, 7));
  if (key === undefined) throw new Error('no signing key');
  const lanes = createRoomLanes({
    db,
    door,
    clock: systemClock,
    random: systemRandom,
    signer: { serverName: 'bench', key },
    nextNid: createNids(db),
    internStateKeys: createStateKeys(db),
  });
  const bench: Bench = { db, client, lanes, log, full };
  try {
    return {
      ...(await measureMemory(bench)),
      ...(await measureSends(bench)),
      ...(await measureState(bench)),
      ...(await measureResolution(bench)),
      ...(await measureForks(bench)),
    };
  } finally {
    await door.close();
    await client.end();
    await db.close();
    await embedded.stop();
  }
}

async function newRoom({ db, lanes }: Bench): Promise<{ roomId: string; roomNid: number }> {
  const state = (type: string, content: object, stateKey = '') => ({
    type,
    stateKey,
    sender: creator,
    content: content as never,
  });
  const { roomId } = await lanes.create({
    roomVersion: '12',
    drafts: [
      state('m.room.create', { room_version: '12' }),
      state('m.room.member', { membership: 'join' }, creator),
      state('m.room.power_levels', { users_default: 0 }),
      state('m.room.join_rules', { join_rule: 'public' }),
      state('m.room.history_visibility', { history_visibility: 'shared' }),
      state('m.room.name', { name: 'bench' }),
    ],
  });
  return { roomId, roomNid: (await roomById(db, roomId))?.roomNid ?? 0 };
}

let txn = 0;
function send(bench: Bench, roomId: string, sender: string): Promise<unknown> {
  return bench.lanes.propose({
    roomId,
    drafts: [
      {
        type: 'm.room.message',
        sender,
        content: { msgtype: 'm.text', body: 'The quick brown fox jumps over the lazy dog.' },
      },
    ],
    clientTransaction: { userId: sender, deviceId: 'D', endpoint: 'sendMessage', txnId: String((txn += 1)) },
  });
}

// ---- one message, by the size of its room ------------------------------------------------------------------------------------

async function measureSends(bench: Bench): Promise<CoreFigures> {
  const sizes = [
    { members: 10, events: 100 },
    { members: 1_000, events: 100 },
    { members: 100_000, events: 100 },
    { members: 10, events: 10_000 },
    ...(bench.full ? [{ members: 10, events: 1_000_000 }] : []),
  ];
  const rooms: { name: string; roomId: string; cpu: number[] }[] = [];
  for (const { members, events } of sizes) {
    const { roomId, roomNid } = await newRoom(bench);
    await addMembers(bench.client, roomNid, members);
    await addMessages(bench.client, roomNid, events);
    rooms.push({ name: `${members}_members_${events}_events`, roomId, cpu: [] });
    bench.log(`written: ${members} members, ${events} events`);
  }
  await bench.client.query('vacuum analyze');
  for (const { roomId } of rooms) await sendMany(bench, roomId, sendsPerRound); // lanes, caches, plans
  for (let turn = 0; turn < rounds; turn += 1) {
    for (let at = 0; at < rooms.length; at += 1) {
      const room = rooms[(at + turn) % rooms.length];
      room?.cpu.push(await cpuOf(bench, () => sendMany(bench, room.roomId, sendsPerRound)));
    }
  }
  const figures: CoreFigures = {};
  for (const { name, cpu } of rooms) {
    figures[`send_${name}`] = { value: roundCpu(median(cpu) / sendsPerRound), unit: 'ms CPU' };
    bench.log(`send in ${name}: ${cpu.map((ms) => (ms / sendsPerRound).toFixed(3)).join(' ')} ms CPU`);
  }
  const medians = rooms.map(({ cpu }) => median(cpu));
  figures['send_largest_over_smallest'] = {
    value: round(Math.max(...medians) / Math.min(...medians)),
    unit: '× CPU',
    limit: growthMax,
  };
  return figures;
}

async function sendMany(bench: Bench, roomId: string, count: number): Promise<void> {
  for (let at = 0; at < count; at += 1) await send(bench, roomId, `@u${1 + (at % speakers)}:bench`);
}

// ---- state before any event --------------------------------------------------------------------------------------------------

async function measureState(bench: Bench): Promise<CoreFigures> {
  const { client, db, full, log } = bench;
  const [members, messages] = full ? [50_000, 950_000] : [50_000, 50_000];
  const { roomId, roomNid } = await newRoom(bench);
  const parts = 10;
  for (let part = 0; part < parts; part += 1) {
    await addMembers(client, roomNid, members / parts, (part * members) / parts);
    await addMessages(client, roomNid, messages / parts);
  }
  await client.query('vacuum analyze');
  log(`written: ${members} members, ${messages + members} events`);
  const places = await client.query<{ version: string }>(
    'select state_version as version from events where room_nid = $1 order by random() limit 500',
    [roomNid],
  );
  const named = [
    'm.room.create',
    'm.room.power_levels',
    'm.room.join_rules',
    'm.room.history_visibility',
    'm.room.name',
  ];
  const times: number[] = [];
  for (const [at, { version }] of places.rows.entries()) {
    const random = (index: number) => `@u${1 + ((at * 7_919 + index * 104_729) % members)}:bench`;
    const keys = [
      ...named.map((type) => ({ type, stateKey: '' })),
      ...[0, 1, 2, 3, 4].map((index) => ({ type: 'm.room.member', stateKey: random(index) })),
    ];
    const startedMs = performance.now();
    await keyValuesAt(db, roomNid, [{ line: 0, version: Number(version) }], keys);
    times.push(performance.now() - startedMs);
  }
  const { p50, p99 } = percentiles(times.slice(100));
  // Everything of the state, page by page, while somebody else writes into a small room.
  const small = await newRoom(bench);
  await addMembers(client, small.roomNid, speakers);
  await sendMany(bench, small.roomId, sendsPerRound);
  const row = await roomById(db, roomId);
  let values = 0;
  let wholeMs = Number.POSITIVE_INFINITY;
  const waited = await waitsOf(bench, small.roomId, async () => {
    values = 0;
    const startedMs = performance.now();
    for await (const page of wholeStateAt(db, roomNid, { line: 0, version: row?.stateVersion ?? 0 }))
      values += page.length;
    wholeMs = Math.min(wholeMs, performance.now() - startedMs);
  });
  return {
    state_10_keys_p50: { value: p50, unit: `ms, before events of ${members} members and ${messages + members} events` },
    state_10_keys_p99: { value: p99, unit: 'ms', limit: 10 },
    state_whole: { value: round(wholeMs), unit: `ms for ${values} values, streamed` },
    state_whole_others_wait: { value: waited, unit: 'ms at most', limit: 50 },
  };
}

/**
 * Sends one message after another into a room while work goes on, three times over.
 *
 * @returns the longest wait of the best time, milliseconds: what else the machine does can only add
 */
async function waitsOf(bench: Bench, roomId: string, work: () => Promise<unknown>): Promise<number> {
  const waits: number[] = [];
  for (let turn = 0; turn < 3; turn += 1) waits.push(await longestWait(bench, roomId, work));
  return round(Math.min(...waits));
}

async function longestWait(bench: Bench, roomId: string, work: () => Promise<unknown>): Promise<number> {
  let isDone = false;
  let longestMs = 0;
  const working = work().finally(() => (isDone = true));
  do {
    const startedMs = performance.now();
    await send(bench, roomId, '@u1:bench');
    longestMs = Math.max(longestMs, performance.now() - startedMs);
  } while (!isDone);
  await working;
  return longestMs;
}

// ---- state resolution --------------------------------------------------------------------------------------------------------

/** A room in which as many events conflict: members who join in one branch and are banned in the other, and power levels. */
function conflict(version: string, size: number): { readonly room: TestRoom; readonly stateSets: readonly StateMap[] } {
  const room = new TestRoom(version);
  const base = room.start();
  const [left, right] = [new Map(base), new Map(base)];
  for (let at = 0; at < size / 4; at += 1) {
    const user = `@u${at}:s`;
    room.add(left, member(user, user, 'join'));
    room.add(right, member(alice, user, 'ban'));
    room.add(left, levels(alice, users(room, { [user]: 1 })));
    room.add(right, levels(alice, users(room, { [user]: 2 })));
  }
  return { room, stateSets: [left, right] };
}

async function measureResolution(bench: Bench): Promise<CoreFigures> {
  const figures: CoreFigures = {};
  const small = await newRoom(bench);
  await addMembers(bench.client, small.roomNid, speakers);
  await sendMany(bench, small.roomId, sendsPerRound);
  const pool = createCpuPool(1);
  const module = new URL('../packages/homeserver/src/rooms/receive/resolve.worker.ts', import.meta.url);
  for (const version of ['2', '12']) {
    const { room, stateSets } = conflict(version, conflictEvents);
    const rules = roomVersionRules(version);
    if (rules === undefined) throw new Error(version);
    const times: number[] = [];
    for (let turn = 0; turn < 5; turn += 1) {
      const before = process.cpuUsage();
      resolveState({ rules, stateSets, eventOf: (id) => room.events.get(id) });
      const { user, system } = process.cpuUsage(before);
      times.push((user + system) / 1_000);
    }
    figures[`resolution_version_${version}`] = {
      value: round(median(times)),
      unit: `ms CPU for a conflict of ${conflictEvents} events`,
      limit: 1_000,
    };
    const job = { rules, stateSets, events: room.events };
    await pool.run(module, job);
    figures[`resolution_version_${version}_others_wait`] = {
      value: await waitsOf(bench, small.roomId, () => pool.run(module, job)),
      unit: 'ms at most, while a thread resolves',
      limit: 50,
    };
  }
  await pool.close();
  return figures;
}

// ---- forks without end -------------------------------------------------------------------------------------------------------

async function measureForks(bench: Bench): Promise<CoreFigures> {
  const forks = bench.full ? 100_000 : 2_000;
  const parts = { ...bench, cpuOf: (work: () => Promise<unknown>) => cpuOf(bench, work) };
  const index = await indexForks(parts);
  const received = await receiveForks(parts, forks);
  return {
    forks_index_cpu: { value: round(index.cpuMs), unit: 'ms CPU for 100000 forks of one event', limit: 5_000 },
    forks_index_disk: { value: round(index.diskMb), unit: 'MB', limit: 50 },
    forks_received: { value: roundCpu(received.cpuMs), unit: `ms CPU for each of ${forks}` },
    forks_received_disk: { value: Math.round(received.bytes), unit: 'bytes for each, its text apart' },
  };
}

// ---- memory ------------------------------------------------------------------------------------------------------------------

async function measureMemory(bench: Bench): Promise<CoreFigures> {
  const members = 1_000;
  const count = bench.full ? 1_000 : 100;
  const rooms: string[] = [];
  for (let at = 0; at < count; at += 1) {
    const { roomId, roomNid } = await newRoom(bench);
    await addMembers(bench.client, roomNid, members - 1);
    rooms.push(roomId);
    if ((at + 1) % 100 === 0) bench.log(`written: ${at + 1} rooms of ${members} members`);
  }
  await bench.client.query('analyze');
  collectGarbage();
  const heapBefore = process.memoryUsage().heapUsed;
  let largestMb = 0;
  for (const roomId of rooms) {
    // Who is in the room already is looked at and left alone: the lane remembers all of them.
    const memberships = new Map(
      Array.from({ length: members - 1 }, (_, index) => [
        `@u${index + 1}:bench`,
        { displayname: `User ${index + 1}`, membership: 'join' },
      ]),
    );
    await bench.lanes.propose({ roomId, drafts: [], joins: { appserviceId: 'bench', host: creator, memberships } });
    largestMb = Math.max(largestMb, residentMb(process.pid));
  }
  collectGarbage();
  const heapMb = (process.memoryUsage().heapUsed - heapBefore) / 1_048_576;
  return {
    memory_lanes_resident: { value: largestMb, unit: `MB at most, ${count} rooms of ${members} members`, limit: 500 },
    memory_lanes_heap: { value: round(heapMb), unit: 'MB that lanes hold afterwards' },
    memory_lanes_open: { value: bench.lanes.size, unit: `lanes still open of ${count}` },
  };
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

// ---- CPU ---------------------------------------------------------------------------------------------------------------------

/** CPU milliseconds of this process and of its connections to the database while work is done. */
async function cpuOf({ client }: Bench, work: () => Promise<unknown>): Promise<number> {
  const { rows } = await client.query<{ pid: number }>(
    `select pid from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()`,
  );
  const databaseMs = () => rows.reduce((sum, { pid }) => sum + schedulerMs(pid), 0);
  const [before, own] = [databaseMs(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(own);
  return (user + system) / 1_000 + databaseMs() - before;
}

/** Time on a CPU by the scheduler's own account: nanoseconds, where /proc/…/stat has ticks of 10 ms. */
function schedulerMs(pid: number): number {
  return readdirSync(`/proc/${pid}/task`).reduce(
    (sum, task) => sum + Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]) / 1e6,
    0,
  );
}

function median(list: readonly number[]): number {
  return [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? Number.NaN;
}
