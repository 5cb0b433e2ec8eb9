import { testDatabase } from '/work/main/packages/testkit/src/database.ts';
import { openDatabase } from '/work/main/packages/homeserver/src/storage/postgres.ts';
import { systemClock } from '/work/main/packages/homeserver/src/platform/clock.ts';
import { testRoomLanes, testUser } from '/work/main/packages/testkit/src/room-lanes.ts';
import { createRoom } from '/work/main/packages/homeserver/src/actions/create-room.ts';
import { joinRoom } from '/work/main/packages/homeserver/src/actions/join-room.ts';
import type { Database, Queryable } from '/work/main/packages/homeserver/src/storage/database.ts';
const t = await testDatabase();
const real = await openDatabase({ connection: t.url, clock: systemClock, ...(process.argv[2] === 'fixed' ? { fixedPlans: true } : {}) });
const stats = new Map<string, { n: number; ms: number }>();
const db: Database = { ...real, query: async (s, v) => { const st = performance.now(); const r = await real.query(s, v); const e = stats.get(s.name) ?? { n: 0, ms: 0 }; e.n++; e.ms += performance.now() - st; stats.set(s.name, e); return r as never; } };
const house = testRoomLanes(db);
const roomId = await createRoom(house, testUser('alice'), { invite: [], isDirect: false, creationContent: {}, initialState: [], preset: 'public_chat' });
let i = 0;
for (const [from, to] of [[0, 300], [300, 1700], [1700, 2000]] as const) {
  stats.clear();
  for (i = from; i < to; i++) await joinRoom(house, testUser(`irc_${i}`), { roomIdOrAlias: roomId });
  console.log(from, to); for (const [k, v] of stats) console.log('  ', k.padEnd(35), v.n, (v.ms / v.n).toFixed(3));
}
await house.close(); await real.close(); await t.drop();
