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
import { roomById } from '../../src/storage/tables/rooms.ts';

const isLong = process.env['PONS_TEST_TIER'] === 'long';
/** Disk that one event may take besides its text, indexes included. */
const bytesPerEvent = 3_000;
/** Rows of state that one event may take: a fork of a fork copies up to 200, and only where something follows it. */
const stateRowsPerEvent = 15;

const rules = roomVersionRules('12') as NonNullable<ReturnType<typeof roomVersionRules>>;
const mallory = '@mallory:m';

let database: TestDatabase;
let house: ReturnType<typeof testRoomLanes>;
beforeAll(async () => {
  database = await testDatabase();
  house = testRoomLanes(database.db);
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

  event(sent: Sent, after: readonly string[]) {
    this.#count += 1;
    const draft = {
      ...sent,
      ...(this.roomId === '' ? {} : { room_id: this.roomId }),
      sender: mallory,
      origin_server_ts: this.#count,
      prev_events: [...after],
      auth_events: [...this.#auth],
      depth: this.#count,
    };
    return remoteEvent(draft, rules, 'm');
  }

  async send(sent: Sent, after: readonly string[]): Promise<string> {
    const { pdu, eventId } = this.event(sent, after);
    const checked = checkedRemote(asJson(pdu), this.roomId, rules);
    const { outcome } = await house.lanes.receive(this.roomId, { checked });
    if (outcome !== 'accepted' && outcome !== 'soft-failed') throw new Error(outcome);
    return eventId;
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
        array['events', 'event_auth', 'room_state', 'state_lines', 'auth_chain_links']::regclass[]) as c) as bytes`;
  const [row] = await database.db.query<{ events: number; state: number; links: number; bytes: number }>(
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
        for (let at = 0; at < forks; at += 1) await room.send(state(at), [room.start]);
      },
    ],
    [
      'each of the one before, beside loose ends that stay',
      isLong ? 3_000 : 300,
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
      await attack(room, forks);
      const after = await sizes(room.roomId);
      const events = after.events - before.events;
      process.stderr.write(`forks: ${JSON.stringify({ before, after })}\n`);
      expect(events).toBeGreaterThanOrEqual(forks);
      expect(after.loose).toBeLessThanOrEqual(extremitiesMax);
      expect(after.links).toBeLessThanOrEqual(events * 2);
      expect(after.state).toBeLessThanOrEqual(events * stateRowsPerEvent);
      expect(after.bytes - before.bytes).toBeLessThanOrEqual(events * bytesPerEvent);
      expect(await checkDatabase(database.url)).toEqual([]);
    },
    7_200_000,
  );
});
