// Rooms on a test database with what deletes them, and a search through every text of the database.

import { type TestDatabase, testDatabase } from '../../../testkit/src/database.ts';
import { testRoomLanes, testUser } from '../../../testkit/src/room-lanes.ts';
import { createRoom, type CreateRoomRequest } from '../../src/actions/create-room.ts';
import { sendEvent } from '../../src/actions/send-event.ts';
import { systemClock } from '../../src/platform/clock.ts';
import type { Requester } from '../../src/platform/requester.ts';
import { checkDatabase } from '../../src/storage/check.ts';
import type { Database } from '../../src/storage/database.ts';
import { createLeases } from '../../src/stream/lease.ts';
import { createRoomPurges } from '../../src/stream/purge-rooms.ts';

export const alice = testUser('alice');
export const bob = testUser('bob');

/** One process with rooms. */
export async function purgeHouse(options: { readonly appserviceIds?: readonly string[] } = {}) {
  const database: TestDatabase = await testDatabase();
  const { db } = database;
  const rooms = testRoomLanes(db);
  const leases = createLeases({ connection: database.url, clock: systemClock });
  const failures: unknown[] = [];
  const invalidated: string[] = [];
  const open = () =>
    createRoomPurges({
      db,
      leases,
      invalidations: {
        invalidate: (_tx, kind, keys) => {
          for (const key of keys) invalidated.push(`${kind} ${key}`);
          return Promise.resolve();
        },
      },
      clock: systemClock,
      appserviceIds: () => options.appserviceIds ?? [],
      forgetRoom: (roomId) => rooms.lanes.forget(roomId),
      failed: (error) => failures.push(error),
    });
  let txn = 0;
  return {
    db,
    url: database.url,
    rooms,
    purges: open(),
    /** As another process, or this one after a restart. */
    open,
    failures,
    invalidated,
    room: (request: Partial<CreateRoomRequest> = {}, by: Requester = alice) =>
      createRoom(rooms, by, { invite: [], isDirect: false, creationContent: {}, initialState: [], ...request }),
    say: (roomId: string, body: string, content: object = {}, by: Requester = alice) =>
      sendEvent(rooms, by, {
        roomId,
        type: 'm.room.message',
        content: { msgtype: 'm.text', body, ...content },
        txnId: `t${(txn += 1)}`,
        endpoint: 'sendMessage',
      }),
    sql: <Row extends object>(text: string) => rowsOf<Row>(db, text),
    /** Everything that is asked for is deleted. */
    async settled(purges: Pick<ReturnType<typeof open>, 'run'>): Promise<void> {
      while ((await rowsOf(db, 'select from room_purges')).length > 0) {
        if (!(await purges.run())) await new Promise((resolve) => setImmediate(resolve));
      }
    },
    findings: () => checkDatabase(database.url),
    async close() {
      await leases.stop();
      await rooms.close();
      await database.drop();
    },
  };
}

let statements = 0;

/** Runs any SQL. */
export async function rowsOf<Row extends object>(db: Database, text: string): Promise<Row[]> {
  return db.query<Row>({ name: `test.${(statements += 1)}`, text });
}

/** Tables and columns of the whole database in which a text stands, whatever their type. */
export async function placesOf(db: Database, text: string): Promise<string[]> {
  const columns = await rowsOf<{ table: string; column: string; type: string }>(
    db,
    `select table_name as "table", column_name as "column", data_type as type from information_schema.columns
      where table_schema = 'public' order by 1, 2`,
  );
  const places: string[] = [];
  for (const { table, column, type } of columns) {
    const value = type === 'bytea' ? `encode("${column}", 'escape')` : `"${column}"::text`;
    const [found] = await rowsOf(db, `select from "${table}" where position('${text}' in ${value}) > 0 limit 1`);
    if (found !== undefined) places.push(`${table}.${column}`);
  }
  return places;
}

/** Tables that have rows of a room. */
export async function tablesOf(db: Database, roomNid: number): Promise<string[]> {
  const tables = await rowsOf<{ table: string }>(
    db,
    `select table_name as "table" from information_schema.columns where table_schema = 'public' and column_name = 'room_nid' order by 1`,
  );
  const found: string[] = [];
  for (const { table } of tables) {
    if ((await rowsOf(db, `select from "${table}" where room_nid = ${roomNid} limit 1`)).length > 0) found.push(table);
  }
  return found;
}
