// Who wants an event: by sender, target, members, alias and room id; and what deciding costs.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { fakeClock } from '../../../testkit/src/clock.ts';
import { type TestDatabase, testDatabase } from '../../../testkit/src/database.ts';
import { registrationOf, serverName } from '../../test/application-service/delivery-fixture.ts';
import type { Database } from '../storage/database.ts';
import { openCursor } from './count-members.ts';
import { createInterestIndex } from './interest.ts';
import { createRegistry, toAppservice } from './registry.ts';

let test: TestDatabase;
let statements = 0;
let db: Database;
beforeAll(async () => {
  test = await testDatabase();
  db = {
    ...test.db,
    query: (statement, values) => {
      statements += 1;
      return test.db.query(statement, values);
    },
  };
});
afterAll(() => test.drop());

let names = 0;
const run = (text: string) => test.db.query({ name: `test.${(names += 1)}`, text });
const insertRoom = (nid: number, id: string) =>
  run(
    `insert into rooms (room_nid, room_id, room_version, version, state_version, extremities, depth) values (${nid}, '${id}', '11', 0, 0, '{}', 0)`,
  );
const event = (roomNid: number, sender: string, stateKey: string | null = null) => ({
  roomNid,
  type: stateKey === null ? 'm.room.message' : 'm.room.member',
  sender,
  stateKey,
});

it('is decided by sender, target, members, alias and room id, without looking at members', async () => {
  const registry = createRegistry(serverName);
  registry.replace(
    [
      registrationOf('irc', 'http://a'),
      registrationOf('alias', 'http://a', { namespaces: { aliases: [{ regex: '#x', exclusive: false }] } }),
      registrationOf('room', 'http://a', { namespaces: { rooms: [{ regex: '!two', exclusive: false }] } }),
    ].map((registration) => toAppservice(registration, serverName, { live: registration.id })),
  );
  await insertRoom(1, '!one:example.org');
  await insertRoom(2, '!two:example.org');
  await insertRoom(3, '!large:example.org');
  await run(`insert into room_aliases values ('#x:example.org', 1, '@a:example.org')`);
  const member = (nid: string, user: string) =>
    `insert into room_members (room_nid, user_id, membership, event_nid, sender, local, position) select ${nid}, ${user}, 'join', 1, 'x', true, 0`;
  await run(`${member('3', `'@_irc_' || g || ':example.org'`)} from generate_series(1, 20000) g`);
  await run(`${member('2', `'@human' || g || ':example.org'`)} from generate_series(1, 20000) g`);
  for (const appservice of registry.all()) await openCursor(test.db, appservice, 1);

  const index = createInterestIndex(db, registry, () => [], fakeClock());
  statements = 0;
  await index.load([1, 2, 3]);
  const of = (...args: Parameters<typeof event>) => [...index.of(event(...args))].sort();
  expect(of(1, '@a:example.org')).toEqual(['alias']);
  expect(of(2, '@a:example.org')).toEqual(['room']);
  expect(of(3, '@a:example.org')).toEqual(['irc']);
  expect(of(2, '@_irc_a:example.org')).toEqual(['irc', 'room']);
  expect(of(2, '@a:example.org', '@_irc_a:example.org')).toEqual(['irc', 'room']);
  expect(of(2, '@a:example.org', '@_irc_a:elsewhere.example')).toEqual(['room']);
  expect(index.reasons(3, 'irc')).toEqual({ members: 20_000, alias: false, roomId: false });
  for (let i = 0; i < 1000; i++) await index.load([1, 2, 3]);
  expect(statements).toBe(1);

  await run(`delete from room_aliases`);
  index.forgetRoom(1);
  // Whoever had it loaded goes on with it; the next load sees the change.
  expect(of(1, '@a:example.org')).toEqual(['alias']);
  index.clear();
  expect(of(2, '@a:example.org')).toEqual(['room']);
  await index.load([1]);
  expect(of(1, '@a:example.org')).toEqual([]);
});

it('in a deleted room is that of who was known to have it, and else nobody', async () => {
  const registry = createRegistry(serverName);
  registry.replace([toAppservice(registrationOf('irc', 'http://a'), serverName, { live: 'irc' })]);
  await insertRoom(11, '!known:example.org');
  await insertRoom(12, '!unknown:example.org');
  await run(`insert into appservice_interest values (11, 'irc', 1), (12, 'irc', 1)`);
  const index = createInterestIndex(db, registry, () => [], fakeClock());
  await index.load([11]);
  await run('delete from rooms where room_nid in (11, 12)');
  index.clear();
  await index.load([11, 12]);
  expect([...index.of(event(11, '@a:example.org'))]).toEqual(['irc']);
  expect(index.roomId(11)).toBe('!known:example.org');
  expect([...index.of(event(12, '@_irc_ghost:example.org'))]).toEqual([]);
  expect(index.hasInterest(12)).toBe(false);
});
