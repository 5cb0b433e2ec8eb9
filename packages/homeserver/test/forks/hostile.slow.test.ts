// Rooms made to hurt by somebody who is in them: forks without end. What they cost grows with what is sent and no faster, on disk as well.
// https://github.com/element-hq/synapse/security/advisories/GHSA-3h7q-rfh9-xm4v
import { type JsonObject, type Pdu, roomVersionRules } from '@pons/spec';
import { roomIdOf } from '@pons/spec/crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../testkit/src/database.ts';
import { checkedRemote, remoteEvent } from '../../../testkit/src/remote-servers.ts';
import { testRoomLanes } from '../../../testkit/src/room-lanes.ts';
import { extremitiesMax } from '../../src/rooms/receive/plan-received.ts';
import { checkDatabase } from '../../src/storage/check.ts';
import type { SqlValue, Statement } from '../../src/storage/database.ts';
import { roomById } from '../../src/storage/tables/rooms.ts';

const isLong = process.env['PONS_TEST_TIER'] === 'long';
/** Disk that one event may take besides its text, indexes included. */
const bytesPerEvent = 3_000;
/** Disk that its place on the auth-chain index takes: 50 MB for 100,000. */
const indexBytesPerEvent = 500;
/** Events that are under way together, as from a server that sends one transaction after another. */
const lot = 500;
/** Rows of state that each event may take, and that may be copied of a sudden: a fork of a fork copies where something follows it. */
const stateRowsPerEvent = 15;
const suddenRows = 20_000;
const bytesPerStateRow = 200;

const rules = roomVersionRules('12') as NonNullable<ReturnType<typeof roomVersionRules>>;
const mallory = '@mallory:m';

let database: TestDatabase;
let house: ReturnType<typeof testRoomLanes>;
/** What was asked of the database. */
const asked = { statements: 0, rows: 0 };
beforeAll(async () => {
  database = await testDatabase();
  house = testRoomLanes({
    ...database.db,
    async query<Row extends object>(statement: Statement, values?: readonly SqlValue[]) {
      const rows = await database.db.query<Row>(statement, values);
      asked.statements += 1;
      asked.rows += rows.length;
      return rows;
    },
  });
});
afterAll(async () => {
  await house.close();
  await database.drop();
});

interface Sent {
  readonly type: string;
  readonly state_key?: string;
  readonly content: JsonObject;
}

/** A room that mallory alone has made. */
class HostileRoom {
  roomId = '';
  /** How many of each there were. */
  readonly outcomes = new Map<string, number>();
  #count = 0;
  #auth: string[] = [];

  static async make(salt: number): Promise<HostileRoom> {
    const room = new HostileRoom();
    const content = { room_version: '12', salt };
    const create = room.event({ type: 'm.room.create', state_key: '', content }, []);
    room.roomId = roomIdOf(create.pdu, rules) ?? '';
    await house.lanes.adopt(room.roomId, checkedRemote(asJson(create.pdu), room.roomId, rules));
    const join = { type: 'm.room.member', state_key: mallory, content: { membership: 'join' } };
    room.#auth = [await room.send(join, [create.eventId])];
    return room;
  }

  get start(): string {
    return this.#auth[0] ?? '';
  }

  /** @param auth  ids that it cites; absent: mallory's join */
  event(sent: Sent, after: readonly string[], auth: readonly string[] = this.#auth) {
    this.#count += 1;
    const draft = {
      ...sent,
      ...(this.roomId === '' ? {} : { room_id: this.roomId }),
      sender: mallory,
      origin_server_ts: this.#count,
      prev_events: [...after],
      auth_events: [...auth],
      depth: this.#count,
    };
    return remoteEvent(draft, rules, 'm');
  }

  async send(sent: Sent, after: readonly string[], auth?: readonly string[]): Promise<string> {
    return this.receive(this.event(sent, after, auth));
  }

  async receive({ pdu, eventId }: { readonly pdu: Pdu; readonly eventId: string }): Promise<string> {
    const checked = checkedRemote(asJson(pdu), this.roomId, rules);
    const { outcome } = await house.lanes.receive(this.roomId, { checked });
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
    return eventId;
  }

  /** Power levels, told apart by a level that nobody has; the ids of what they follow are those of power levels. */
  levels(level: number, after: readonly string[], cites = after[0]): Promise<string> {
    return this.receive(this.makeLevels(level, after, cites));
  }

  makeLevels(level: number, after: readonly string[], cites = after[0]) {
    const content = { users: { '@nobody:m': level } };
    const auth = [this.start, ...(cites === undefined || cites === this.start ? [] : [cites])];
    return this.event({ type: 'm.room.power_levels', state_key: '', content }, after, auth);
  }
}

const asJson = (pdu: Pdu): JsonObject => structuredClone(pdu) as unknown as JsonObject;

const state = (key: number): Sent => ({ type: 'org.example.state', state_key: `${key}`, content: { key } });

/** What the room takes. */
async function sizes(roomId: string) {
  const room = await roomById(database.db, roomId);
  const text = `select (select count(*)::int from events where room_nid = $1) as events,
      (select count(*)::int from room_state where room_nid = $1) as state,
      (select count(*)::int from auth_chain_links where room_nid = $1) as links,
      (select sum(pg_total_relation_size(c))::bigint from unnest(
        array['events', 'event_auth', 'room_state', 'state_lines', 'auth_chain_links']::regclass[]) as c) as bytes,
      (pg_total_relation_size('auth_chain_links') + pg_relation_size('events_by_auth_chain'))::bigint as "indexBytes"`;
  const [row] = await database.db.query<Record<'events' | 'state' | 'links' | 'bytes' | 'indexBytes', number>>(
    { name: 'test.sizes', text },
    [room?.roomNid ?? 0],
  );
  if (room === undefined || row === undefined) throw new Error('no room');
  return { ...row, loose: room.extremities.length };
}

describe('a room of forks', () => {
  test.each<[string, number, (room: HostileRoom, forks: number) => Promise<void>]>([
    [
      'of one event',
      isLong ? 100_000 : 1_000,
      async (room, forks) => {
        for (let from = 0; from < forks; from += lot) {
          const count = Math.min(lot, forks - from);
          await Promise.all(Array.from({ length: count }, (_, at) => room.send(state(from + at), [room.start])));
        }
      },
    ],
    [
      'each of the one before, beside loose ends that stay',
      isLong ? 2_000 : 300,
      async (room, forks) => {
        await room.send(state(-1), [room.start]);
        let last = await room.send(state(0), [room.start]);
        for (let at = 1; at < forks; at += 2) {
          const next = await room.send(state(at), [last]);
          // Follows a fork of what the fork goes on from: a line of its own.
          const aside = await room.send(state(-at - 1), [last]);
          if (at % 20 === 1) await room.send({ type: 'm.room.message', content: { at } }, [aside]);
          last = next;
        }
      },
    ],
  ])(
    '%s is stored at a cost in proportion',
    async (_name, forks, attack) => {
      const room = await HostileRoom.make(Math.trunc(performance.now()));
      const before = await sizes(room.roomId);
      const cpu = process.cpuUsage();
      await attack(room, forks);
      const { user, system } = process.cpuUsage(cpu);
      const after = await sizes(room.roomId);
      const events = after.events - before.events;
      process.stderr.write(`forks: ${JSON.stringify([...room.outcomes])}\n`);
      // A fork of a fork that has grown is copied as long as the room has deserved it; then what stands on it has to come again.
      const [dropped = 0, missing = 0] = ['dropped', 'missing'].map((outcome) => room.outcomes.get(outcome) ?? 0);
      expect(dropped).toBeLessThan(forks / 100);
      if (dropped === 0) expect(missing).toBe(0);
      const cpuMs = ((user + system) / 1_000 / events).toFixed(2);
      process.stderr.write(`forks: ${cpuMs} ms CPU each to make and receive, ${JSON.stringify({ before, after })}\n`);
      expect(events + dropped + missing).toBeGreaterThanOrEqual(forks);
      expect(after.loose).toBeLessThanOrEqual(extremitiesMax);
      expect(after.links).toBeLessThanOrEqual(events * 2);
      const sudden = isLong ? suddenRows : 0;
      expect(after.state).toBeLessThanOrEqual(events * stateRowsPerEvent + sudden);
      expect(after.bytes - before.bytes).toBeLessThanOrEqual(events * bytesPerEvent + sudden * bytesPerStateRow);
      expect(after.indexBytes - before.indexBytes).toBeLessThanOrEqual(events * indexBytesPerEvent);
      expect(await checkDatabase(database.url)).toEqual([]);
    },
    7_200_000,
  );
});

describe('an event costs the same', () => {
  /** What the work asks of the database. */
  async function costOf(work: () => Promise<unknown>): Promise<{ readonly statements: number; readonly rows: number }> {
    const before = { ...asked };
    await work();
    return { statements: asked.statements - before.statements, rows: asked.rows - before.rows };
  }

  /** Rows that one of these may read: 50 loose ends, some 100 links, and what is conflicted. */
  const rowsMax = 2_000;
  const statementsMax = 100;

  test('at the end of 100 and of many more power levels, where it forks', async () => {
    const room = await HostileRoom.make(Math.trunc(performance.now()));
    let last = await room.levels(0, [room.start]);
    let made = 1;
    const topic = (text: string) => ({ type: 'm.room.topic', state_key: '', content: { topic: text } });
    const costs = [];
    for (const count of [100, isLong ? 100_000 : 3_000]) {
      while (made < count) {
        const line = Array.from({ length: Math.min(lot, count - made) }, (_, at) => {
          const levels = room.makeLevels(at % 7, [last]);
          last = levels.eventId;
          return levels;
        });
        made += line.length;
        await Promise.all(line.map((each) => room.receive(each)));
      }
      // What conflicts is as recent as the fork; how old a topic is told by walking back to its power levels.
      const base = await room.send(topic('base'), [last], [room.start, last]);
      const one = await room.levels(10, [base], last);
      const ours = await room.send(topic('one'), [one], [room.start, one]);
      let theirs = '';
      // Both the levels and, ordered by them, the topics conflict.
      const cost = await costOf(async () => {
        const other = await room.levels(11, [base], last);
        theirs = await room.send(topic('other'), [other], [room.start, other]);
      });
      costs.push(cost);
      last = await room.levels(12, [ours, theirs], one);
    }
    process.stderr.write(`power levels: ${JSON.stringify(costs)}\n`);
    for (const { statements, rows } of costs) {
      expect(statements).toBeLessThan(statementsMax);
      expect(rows).toBeLessThan(rowsMax);
    }
    expect(await checkDatabase(database.url)).toEqual([]);
  }, 7_200_000);

  test('on a string of chains that is tied again and again', async () => {
    const room = await HostileRoom.make(Math.trunc(performance.now()));
    let after = [await room.levels(0, [room.start])];
    const pairs = isLong ? 3_000 : 150;
    let cost = { statements: 0, rows: 0 };
    for (let at = 0; at < pairs; at += 1) {
      cost = await costOf(async () => {
        const cites = after[0];
        after = [await room.levels(at % 7, after, cites), await room.levels(10 + (at % 7), after, cites)];
      });
    }
    process.stderr.write(`tied: ${JSON.stringify(cost)}\n`);
    expect([...room.outcomes.keys()]).not.toContain('missing');
    expect(cost.statements).toBeLessThan(2 * statementsMax);
    // All links of the room at once, while these are few.
    expect(cost.rows).toBeLessThan(isLong ? 50_000 : rowsMax);
    expect(await checkDatabase(database.url)).toEqual([]);
  }, 7_200_000);

  test('on a string of events that nobody sees', async () => {
    const room = await HostileRoom.make(Math.trunc(performance.now()));
    for (let at = 0; at < extremitiesMax; at += 1) await room.send(state(at), [room.start]);
    let last = room.start;
    const costs = [];
    for (let at = 0; at < 300; at += 1) {
      const cost = await costOf(async () => (last = await room.send(state(100 + at), [last])));
      if (at % 299 === 2 || at === 299) costs.push(cost);
    }
    process.stderr.write(`hidden: ${JSON.stringify(costs)}\n`);
    for (const { statements } of costs) expect(statements).toBeLessThan(20);
    expect(await checkDatabase(database.url)).toEqual([]);
  }, 7_200_000);
});
