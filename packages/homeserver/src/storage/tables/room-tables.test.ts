// Every read of the room tables is accepted by PostgreSQL with the types it is given, and answers nothing about an empty database.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../../testkit/src/database.ts';
import { planOf } from '../../../../testkit/src/plan-of.ts';
import { storedResponse } from './client-transactions.ts';
import { relationsOf, threadCountsOf } from './event-relations.ts';
import * as events from './events.ts';
import { aliasesOfRoom, aliasRow } from './room-aliases.ts';
import * as members from './room-members.ts';
import * as state from './room-state.ts';
import * as rooms from './rooms.ts';

let test: TestDatabase;
beforeAll(async () => {
  test = await testDatabase();
});
afterAll(() => test.drop());

it('reads of rooms that are not there answer nothing', async () => {
  const { db } = test;
  const key = { type: 'm.room.member', stateKey: '@a:x' };
  const place = { line: 0, version: 3 };
  const transaction = { userId: '@a:x', deviceId: '', endpoint: 'sendMessage', txnId: '1' };
  const lists: (readonly unknown[])[] = [
    await rooms.roomsByNids(db, [1]),
    await rooms.publishedRooms(db, 10),
    await rooms.publishedRooms(db, 10, { joined: 3, roomNid: 4 }),
    await aliasesOfRoom(db, 1),
    await members.membersOf(db, 1, ['join']),
    await members.membershipsOf(db, 1, ['@a:x']),
    await members.roomsOfUser(db, '@a:x', ['join', 'invite']),
    await members.joinedRoomsOf(db, '@a:x'),
    await rooms.extremitiesOf(db, 1, [1, 2]),
    await relationsOf(db, 1, ['$a'], ['m.replace']),
    await threadCountsOf(db, 1, ['$a'], '@a:x'),
    await state.currentKeyValues(db, 1, [key]),
    await state.currentKeyValuesOfRooms(db, [1, 2], [key]),
    await state.stateChanges(db, 1, 0, 5),
    await state.keyValuesAt(db, 1, [place], [key]),
    await state.keyHistory(db, 1, key, 10),
    (await state.wholeStateAt(db, 1, place).next()).value ?? [],
    await events.eventsByNids(db, 1, [1]),
    await events.eventsBackwards(db, 1, { from: events.historyEnd, limit: 10 }),
    await events.eventsForwards(db, 1, { from: events.historyStart, limit: 10 }),
    await events.redactionTargets(db, 1, ['$a']),
    await events.relatedEvents(db, 1, {
      eventId: '$a',
      depthMax: 3,
      direction: 'b',
      from: events.historyEnd,
      to: events.historyStart,
      limit: 5,
    }),
  ];
  expect(lists.filter((list) => list.length > 0)).toEqual([]);
  const values = [
    await rooms.roomById(db, '!a'),
    await aliasRow(db, '#a:x'),
    await members.memberOf(db, 1, '@a:x'),
    await members.membershipInRoom(db, '!a', '@a:x'),
    await storedResponse(db, transaction, 1),
    await events.eventById(db, 1, '$a'),
    await events.eventNearest(db, 1, 5, 'b'),
    await events.eventNearest(db, 1, 5, 'f'),
    await events.positionOf(db, 1, '$a'),
    await events.eventText(db, '!a', '$a'),
  ];
  expect(values.filter((value) => value !== undefined)).toEqual([]);
  expect(await rooms.publishedRoomCount(db)).toBe(0);
  for (const list of ['all', { instanceId: 'irc|libera' }] as const)
    expect([await rooms.publishedRooms(db, 10, undefined, list), await rooms.publishedRoomCount(db, list)]).toEqual([
      [],
      0,
    ]);
  expect(await rooms.lastStreamPosition(db)).toBe(0);
  expect(await events.redactedSince(db, 1, 0)).toBe(false);
});

const key = [`array['m.room.name']`, `array['']`];
const byKey: [string, string[]][] = [
  ['room_state.current_keys', ['1::bigint', ...key]],
  ['room_state.keys_at_places', ['1::bigint', 'array[0]', 'array[7::bigint]', ...key]],
  ['room_state.values_of_key', ['1::bigint', `'m.room.name'`, `''`, '10']],
  ['events.by_id', ['1::bigint', `'$a'`]],
];

it.each(byKey)(
  '%s finds one key of a state by the primary key on tables that were never analysed',
  async (name, values) => {
    const lines = await planOf(test.db, name, values);
    expect(lines).toMatch(/Index Scan Backward using room_state_pkey.*\n *Index Cond: .*key_nid = /);
    expect(lines).not.toContain('room_state_by_version');
    expect(lines).not.toContain('Seq Scan');
  },
);
