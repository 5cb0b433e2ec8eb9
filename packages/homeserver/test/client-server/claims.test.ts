// One-time keys under haste: whatever is uploaded and however many claim at once, through two processes, no key is handed out twice, none is
// lost, and whoever comes too late gets the fallback key. And what a user must hear of costs what changed, not how many people there are.
import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/platform/clock.ts';
import { type Database, registeredStatements, type SqlValue } from '../../src/storage/database.ts';
import { openDatabase } from '../../src/storage/postgres.ts';
import { addOneTimeKeys, claimKeys, keyCountsOf, setFallbackKeys } from '../../src/storage/tables/one-time-keys.ts';
import { ensureDevice } from '../../src/storage/tables/devices.ts';
import { insertUser } from '../../src/storage/tables/users.ts';
import { type TestDatabase, testDatabase } from '../../../testkit/src/database.ts';
import { joinedUsersOf } from '../../src/storage/tables/appservice-devices.ts';
import { changesInRooms } from '../../src/storage/tables/device-lists.ts';
import { streamAccountData } from '../../src/storage/tables/stream.ts';

let database: TestDatabase;
let processes: readonly Database[] = [];
let serial = 0;

beforeAll(async () => {
  database = await testDatabase();
  const other = await openDatabase({ connection: database.url, poolSize: 5, clock: systemClock });
  processes = [database.db, other];
});
afterAll(async () => {
  await processes[1]?.close();
  await database.drop();
});

async function newDevice() {
  serial += 1;
  const device = { userId: `@u${serial}:x`, deviceId: 'D' };
  await insertUser(database.db, {
    userId: device.userId,
    passwordHash: null,
    createdTs: 0,
    admin: false,
    guest: false,
    appserviceId: null,
  });
  await ensureDevice(database.db, { ...device, displayName: null, createdTs: 0 });
  return device;
}

const algorithm = 'signed_curve25519';
const keysNamed = (from: number, count: number) =>
  Array.from({ length: count }, (_, n) => ({ algorithm, keyId: `K${from + n}`, json: `"${from + n}"` }));

describe('one-time keys', () => {
  it('are never handed out twice, and none is lost', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 40 }),
        async (uploads, claims) => {
          const device = await newDevice();
          await setFallbackKeys(database.db, device, [{ algorithm, keyId: 'F', json: '"f"' }]);
          let uploaded = 0;
          const adding = uploads.map((count) => {
            const keys = keysNamed(uploaded, count);
            uploaded += count;
            return async (db: Database) => void (await db.transaction((tx) => addOneTimeKeys(tx, device, keys)));
          });
          await adding[0]?.(processes[0] as Database);
          const wanted = [{ ...device, algorithm }];
          const claiming = Array.from(
            { length: claims },
            (_, n) => async () => claimKeys(processes[n % 2] as Database, wanted, 1),
          );
          // Later uploads come while others claim.
          const [found] = await Promise.all([
            Promise.all(claiming.map((claim) => claim())),
            ...adding.slice(1).map((add, n) => add(processes[n % 2] as Database)),
          ]);
          const handedOut = found.flat().map((key) => key.keyId);
          const oneTime = handedOut.filter((keyId) => keyId !== 'F');
          expect(handedOut).toHaveLength(claims);
          expect(new Set(oneTime).size).toBe(oneTime.length);
          const [left] = await keyCountsOf(database.db, [device]);
          expect((left?.oneTimeKeys[algorithm] ?? 0) + oneTime.length).toBe(uploaded);
          // What was there before anybody claimed is handed out before the fallback key.
          expect(oneTime.length).toBeGreaterThanOrEqual(Math.min(uploads[0] ?? 0, claims));
          expect(left?.unusedFallbackTypes).toEqual(handedOut.includes('F') ? [] : [algorithm]);
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('device lists', () => {
  const members = 5_000;

  // Each row that a node of the plan read; what is read from an index and thrown away counts as well.
  function rowsRead(node: Record<string, unknown>): number {
    const loops = Number(node['Actual Loops'] ?? 1);
    const removed = Number(node['Rows Removed by Filter'] ?? 0) + Number(node['Rows Removed by Join Filter'] ?? 0);
    const children = (node['Plans'] ?? []) as Record<string, unknown>[];
    return (
      (Number(node['Actual Rows'] ?? 0) + removed) * loops + children.reduce((sum, child) => sum + rowsRead(child), 0)
    );
  }

  const insertMembers = `insert into room_members (room_nid, user_id, membership, event_nid, sender, local, position)
    select $1::bigint, '@m' || n || ':x', 'join', n, '@m' || n || ':x', true, n from generate_series(1, ${members}) n`;

  it.each(['never analysed', 'analysed'])(
    `cost what changed, not who is there: rooms of ${members} members, %s`,
    async (how) => {
      const fresh = await testDatabase();
      const client = new pg.Client({ connectionString: fresh.url });
      await client.connect();
      const [nid, ...others] = [1, 2, 3, 4, 5];
      for (const room of [nid, ...others]) {
        await client.query(
          `insert into rooms (room_nid, room_id, room_version, version, state_version, extremities, depth, joined)
        values ($1::bigint, '!big' || $1::bigint, '12', 1, ${members}, '{}', 1, ${members})`,
          [room],
        );
        await client.query(insertMembers, [room]);
      }
      await client.query(`insert into state_keys (type, state_key)
      select 'm.room.member', '@m' || n || ':x' from generate_series(1, ${members}) n`);
      await client.query(`insert into room_state (room_nid, line, key_nid, from_version, event_nid)
      select ${nid}, 0, key_nid, key_nid, key_nid from state_keys`);
      await client.query(`insert into events (room_nid, event_nid, event_id, position, order_major, order_minor, type, sender, depth,
        origin_server_ts, line, state_version)
      select ${nid}, n, '$' || n, n, n, 0, 'm.room.member', '@m' || n || ':x', n, 0, 0, n - 1 from generate_series(1, ${members}) n`);
      await client.query(
        `insert into event_json select ${nid}, n, '{"content":{}}' from generate_series(1, ${members}) n`,
      );
      await client.query(`insert into device_list_changes (position, user_id)
      select ${members} + n, '@m' || n || ':x' from generate_series(1, 3) n`);
      if (how === 'analysed') await client.query('analyze');
      const cost = async (name: string, values: readonly SqlValue[]) => {
        const text = registeredStatements().find((statement) => statement.name === name)?.text ?? '';
        const { rows } = await client.query(`explain (analyze, format json) ${text}`, [...values]);
        const [{ Plan: plan }] = (rows[0] as { 'QUERY PLAN': [{ Plan: Record<string, unknown> }] })['QUERY PLAN'];
        return rowsRead(plan);
      };
      const limit = 200;
      expect(await cost('device_lists.changed', ['@m9:x', members, members + 3])).toBeLessThan(limit);
      expect(await cost('device_lists.sharing', ['@m9:x', ['@m1:x', '@nobody:x']])).toBeLessThan(limit);
      expect(await cost('device_lists.room_changes', [[nid, ...others], members - 3])).toBeLessThan(limit);
      expect(await changesInRooms(fresh.db, [nid, ...others], members - 3)).toHaveLength(3);
      await client.query(`insert into rooms (room_nid, room_id, room_version, version, state_version, extremities, depth, joined)
      select n, '!small' || n, '12', 1, 1, '{}', 1, 1 from generate_series(6, ${members}) n`);
      await client.query(`insert into room_members (room_nid, user_id, membership, event_nid, sender, local, position)
      select n, '@m9:x', 'join', n, '@m9:x', true, n from generate_series(6, ${members}) n`);
      await client.query(`insert into account_data (user_id, room_nid, type, json, position)
      select '@m' || n % 9 || ':x', n, 'm.tag', '{}', n from generate_series(1, ${members}) n`);
      if (how === 'analysed') await client.query('analyze');
      expect(await cost('stream.account_data', ['@m8:x', members - 20, []])).toBeLessThan(limit);
      expect(await cost('appservice_devices.joined', [[6, 7], 10_000])).toBeLessThan(limit);
      expect(await joinedUsersOf(fresh.db, [6, 7], 10_000)).toEqual(['@m9:x', '@m9:x']);
      const mine = await streamAccountData(fresh.db, '@m8:x', { after: members - 20, wholeRooms: [] });
      expect(mine.rows.length).toBeGreaterThan(1);
      for (const { roomNid, roomId } of mine.rows) expect(roomId).toBe(`!small${roomNid}`);
      await client.end();
      await fresh.drop();
    },
  );
});
