// The check of the database: every fault is made by SQL in a room that was whole, and named in plain words.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { alice, bob, purgeHouse } from '../../test/purge/purge-house.ts';
import { joinRoom } from '../actions/join-room.ts';
import { redactEvent } from '../actions/redact-event.ts';
import { sendState } from '../actions/send-state.ts';
import { systemClock } from '../platform/clock.ts';
import { createDatabaseChecks } from '../stream/check-database.ts';
import { createLeases } from '../stream/lease.ts';
import { checkAtLeisure, checkDatabase, checkSnapshot, type Finding } from './check.ts';
import { databaseRules, roomRules, thoroughRules, walkRules } from './check-rules.ts';
import { openSession } from './session.ts';

let house: Awaited<ReturnType<typeof purgeHouse>>;
let nid = 0;
let roomId = '';
beforeAll(async () => {
  house = await purgeHouse();
  // A room before the one that breaks, with every version's form of ids, and one that is whole and large beside it.
  for (const roomVersion of ['1', '3', '11']) await house.say(await house.room({ roomVersion }), 'fine');
  roomId = await house.room({ preset: 'public_chat', name: 'to be broken' });
  await joinRoom(house.rooms, bob, { roomIdOrAlias: roomId });
  for (const topic of ['old', 'new'])
    await sendState(house.rooms, alice, { roomId, type: 'm.room.topic', stateKey: '', content: { topic } });
  const first = await house.say(roomId, 'one');
  await house.say(roomId, 'two', { 'm.relates_to': { rel_type: 'm.thread', event_id: first } });
  const redacted = await house.say(roomId, 'to be redacted');
  await redactEvent(house.rooms, alice, {
    roomId,
    redacts: redacted,
    content: {},
    txnId: 'r',
    endpoint: 'redactEvent',
  });
  await house.say(roomId, 'last');
  [{ nid }] = (await house.sql<{ nid: number }>(`select room_nid as nid from rooms where room_id = '${roomId}'`)) as [
    { nid: number },
  ];
});
afterAll(async () => {
  await house.close();
});

it('finds nothing in rooms that are whole, at once and at leisure, hashing every event', async () => {
  expect(await checkDatabase(house.url, { deep: true })).toEqual([]);
  expect(await checkAtLeisure(house.url, async () => true)).toEqual([]);
  expect(await checkAtLeisure(house.url, async () => false)).toBeUndefined();
});

const topics = `key_nid = (select key_nid from state_keys where type = 'm.room.topic')`;
const lastNid = `(select max(event_nid) from events where room_nid = $nid)`;
const aMessage = `(select min(event_nid) from events where room_nid = $nid and type = 'm.room.message')`;

/** Rule, how it is broken in room $nid, and (where one statement breaks several things) what else is named. */
const faults: readonly (readonly [rule: string, sql: string, ...more: string[]])[] = [
  [
    'every event has its text, every text its event',
    `delete from event_json where room_nid = $nid and event_nid = ${lastNid}`,
    walkRules.leaves,
  ],
  ['every event has its text, every text its event', `insert into event_json values ($nid, 1, '{}')`],
  [
    'every room has its m.room.create in its state',
    `update room_state set event_nid = null where room_nid = $nid
      and key_nid = (select key_nid from state_keys where type = 'm.room.create')`,
  ],
  [
    'state points to events that are there and of that key',
    `update room_state set event_nid = 1 where room_nid = $nid and ${topics}`,
  ],
  [
    'state points to events that are there and of that key',
    `update room_state set event_nid = ${lastNid}
      where room_nid = $nid and ${topics} and to_version is null`,
  ],
  [
    'no rejected event is in a state',
    `update events set rejected = true, position = null where room_nid = $nid and type = 'm.room.topic'`,
  ],
  [
    'the intervals of a state key follow one another, and the last is open',
    `update room_state set to_version = to_version + 1
      where room_nid = $nid and ${topics} and to_version is not null`,
  ],
  [
    'the intervals of a state key follow one another, and the last is open',
    `update room_state set to_version = 1000
      where room_nid = $nid and ${topics} and to_version is null`,
  ],
  [
    'no state is newer than its room, no line is beyond the next one',
    `update rooms set state_version = 2 where room_nid = $nid`,
    'the state before an event is one that the room has or had',
  ],
  [
    'no state is newer than its room, no line is beyond the next one',
    `insert into room_state select room_nid, 1, key_nid, 0, null, event_nid
      from room_state where room_nid = $nid and ${topics} and to_version is null`,
  ],
  [
    'the state before an event is one that the room has or had',
    `update events set line = 5 where room_nid = $nid and event_nid = ${lastNid}`,
  ],
  [
    'members are those of the state',
    `delete from room_members where room_nid = $nid and user_id = '${bob.userId}'`,
    'the counts of members are right',
  ],
  [
    'members are those of the state',
    `insert into room_members select room_nid, '@ghost:x', 'leave', event_nid, sender, true, null, null, false, position
      from room_members where room_nid = $nid and user_id = '${bob.userId}'`,
  ],
  [
    'a membership is what its event says',
    `update room_members set membership = 'ban' where room_nid = $nid and user_id = '${bob.userId}'`,
    'the counts of members are right',
  ],
  ['the counts of members are right', `update rooms set joined = 7 where room_nid = $nid`],
  ['the counts of members are right', `update rooms set invited = 7 where room_nid = $nid`],
  [
    'the extremities of a room are events that it shows',
    `update rooms set extremities = array[1] where room_nid = $nid`,
    walkRules.leaves,
  ],
  [
    'the extremities of a room are events that it shows',
    `update events set soft_failed = true where room_nid = $nid and event_nid = ${lastNid}`,
    walkRules.leaves,
  ],
  [
    walkRules.leaves,
    `update rooms set extremities = array[${aMessage}], depth = (select depth from events where room_nid = $nid and event_nid = ${aMessage}) where room_nid = $nid`,
  ],
  [walkRules.leaves, `update rooms set extremities = extremities || ${aMessage} where room_nid = $nid`],
  ['a room is as deep as its deepest extremity', `update rooms set depth = depth + 1 where room_nid = $nid`],
  [
    'no two events are at the same place of a room, or at the same position',
    `update events e set position = m.position, order_major = m.order_major
      from events m where m.room_nid = $nid and m.event_nid = ${aMessage} and e.room_nid = $nid and e.event_nid = ${lastNid}`,
    'no position is taken twice',
  ],
  ['a relation belongs to an event that is there', `update event_relations set event_nid = 1 where room_nid = $nid`],
  [
    'what authorises a state event is there',
    `insert into event_auth select room_nid, event_nid, '$nowhere' from events
      where room_nid = $nid and type = 'm.room.topic'`,
  ],
  [
    'the events of an auth chain follow one another, and its links lead to events',
    `insert into auth_chain_links values ($nid, 1, 2, 3, 4)`,
  ],
  [
    'the events of an auth chain follow one another, and its links lead to events',
    `update events set auth_chain = 1, auth_chain_seq = 7 where room_nid = $nid and event_nid = ${aMessage}`,
  ],
  [
    'the state before an event is one that the room has or had',
    `update events set current_version = 1000 where room_nid = $nid and event_nid = ${lastNid}`,
  ],
  ['imported history goes in at an event that is there', `insert into batch_points values ($nid, 1, 0)`],
  [
    'no number is beyond the sequence',
    `with e as (insert into events select (jsonb_populate_record(e,
        '{"event_nid": 99999999, "event_id": "$copy", "position": null, "outlier": true}')).* from events e
        where room_nid = $nid and event_nid = ${aMessage})
      insert into event_json select room_nid, 99999999, json from event_json where room_nid = $nid and event_nid = ${aMessage}`,
    walkRules.ids,
  ],
  [walkRules.rows, `update events set sender = '@other:x' where room_nid = $nid and event_nid = ${aMessage}`],
  [walkRules.rows, `update events set depth = depth + 100 where room_nid = $nid and event_nid = ${aMessage}`],
  [
    walkRules.ids,
    `update event_json set json = replace(json, '"origin_server_ts":1', '"origin_server_ts":2') where room_nid = $nid and event_nid = ${aMessage}`,
    walkRules.rows,
  ],
  [
    walkRules.hashes,
    `update event_json set json = replace(json, '"body":"one"', '"body":"changed"') where room_nid = $nid and event_nid = ${aMessage}`,
  ],
  ['no position is beyond the counter', `update position set value = 1`],
  [
    'no position is taken twice',
    `insert into receipts select $nid, '@a:x', 'm.read', '', '$x', 0, max(position) from events`,
  ],
  ['everything of a room has its room', `insert into event_relations values (1, 1, '$x', 'm.thread', null)`],
  ['everything of a room has its room', `insert into room_aliases values ('#a:x', 1, '@a:x')`],
  [
    'an application service counts no more of its users in a room than local users have joined it',
    `with c as (insert into appservice_cursors (appservice_id, position, next_txn_id, counted_at, counted_for, began_at)
        select 'irc', value, 1, value, 'joined:', value from position)
      insert into appservice_interest values ($nid, 'irc', 3)`,
  ],
  [
    'a backup of room keys counts the keys in it',
    `with u as (insert into users (user_id, created_ts) values ('@keys:x', 0) returning user_id)
      insert into key_backups (user_id, version, algorithm, auth_data, keys) values ('@keys:x', 1, 'a', '{}', 3)`,
  ],
];

describe('names the fault that', () => {
  it.each(faults.map(([rule, sql, ...more], index) => ({ rule, sql, more, index })))(
    '$index breaks: $rule',
    async ({ rule, sql, more }) => {
      const session = await openSession(house.url, () => {});
      const run = (text: string) => session.query({ name: '', text });
      await run('begin');
      await run(sql.replaceAll('$nid', String(nid)));
      const found = new Set((await checkSnapshot(session, { deep: true })).map((finding) => finding.rule));
      await run('rollback');
      await session.close();
      expect([...found].sort()).toEqual([rule, ...more].sort());
    },
  );

  it('any rule is about', () => {
    const rules = [...roomRules, ...databaseRules, ...thoroughRules].map(({ rule }) => rule);
    const tried = new Set(faults.map(([rule]) => rule));
    expect([...rules, ...Object.values(walkRules)].filter((rule) => !tried.has(rule))).toEqual([]);
  });
});

it('the background check tells what it found, leaves a round to the process that has it, and can be stopped', async () => {
  const told: (readonly Finding[])[] = [];
  const [mine, others] = [0, 0].map(() => createLeases({ connection: house.url, clock: systemClock }));
  const open = () =>
    createDatabaseChecks({
      connection: house.url,
      leases: mine!,
      clock: systemClock,
      found: (findings) => told.push(findings),
      failed: () => expect.unreachable(),
    });
  const checks = open();
  const theirs = await others!.take('database-check', () => {});
  expect(await checks.run()).toBe(false);
  await theirs?.release();
  expect(await checks.run()).toBe(true);
  await house.sql(`update rooms set joined = joined + 1 where room_nid = ${nid}`);
  expect(await checks.run()).toBe(true);
  await house.sql(`update rooms set joined = joined - 1 where room_nid = ${nid}`);
  expect(told).toEqual([[], [{ rule: 'the counts of members are right', where: expect.stringContaining(roomId) }]]);
  await checks.stop();
  expect(await checks.run()).toBe(false);
  await Promise.all([mine!.stop(), others!.stop()]);
});
