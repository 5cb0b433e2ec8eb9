// Deleting history and rooms: what goes, what stays, and that nothing can go which is still needed.

import { readFileSync } from 'node:fs';
import { MatrixError } from '@pons/spec';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { joinRoom } from '../../src/actions/join-room.ts';
import { leaveRoom } from '../../src/actions/leave-room.ts';
import { purgeHistory } from '../../src/actions/purge-history.ts';
import { purgeRoom } from '../../src/actions/purge-room.ts';
import { sendState } from '../../src/actions/send-state.ts';
import { armFailpoints } from '../../src/platform/failpoint.ts';
import { viewRoom } from '../../src/rooms/room-view.ts';
import { historyPage, visibleEvent } from '../../src/rooms/timeline.ts';
import { roomById } from '../../src/storage/tables/rooms.ts';
import { alice, bob, purgeHouse, rowsOf, tablesOf } from './purge-house.ts';

let house: Awaited<ReturnType<typeof purgeHouse>>;
beforeAll(async () => {
  house = await purgeHouse({ appserviceIds: ['slow'] });
});
afterAll(async () => {
  await house.close();
});

async function bodies(roomId: string): Promise<string[]> {
  const { events } = await historyPage(house.db, await viewRoom(house.db, roomId, alice), {
    direction: 'f',
    limit: 200,
  });
  return events.flatMap(({ row }) => (JSON.parse(row.json) as { content: { body?: string } }).content.body ?? []);
}

async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof MatrixError) return error.errcode;
    throw error;
  }
  return 'allowed';
}

const nidOf = async (roomId: string) => (await roomById(house.db, roomId))?.roomNid ?? 0;

describe('history', () => {
  it('goes up to an event: messages before it with their relations, nothing after it, and no state', async () => {
    const roomId = await house.room({ name: 'kept' });
    const first = await house.say(roomId, 'one');
    await house.say(roomId, 'two', { 'm.relates_to': { rel_type: 'm.thread', event_id: first } });
    await sendState(house.rooms, alice, { roomId, type: 'm.room.topic', stateKey: '', content: { topic: 'old' } });
    await sendState(house.rooms, alice, { roomId, type: 'm.room.topic', stateKey: '', content: { topic: 'new' } });
    const kept = await house.say(roomId, 'three');
    await house.say(roomId, 'four', { 'm.relates_to': { rel_type: 'm.thread', event_id: first } });
    const nid = await nidOf(roomId);
    const states = `select count(*) as count from events where room_nid = ${nid} and key_nid is not null`;
    const before = await house.sql(states);

    await purgeHistory(house.purges, roomId, { beforeEventId: kept });
    await house.settled(house.purges);

    expect(await bodies(roomId)).toEqual(['three', 'four']);
    const view = await viewRoom(house.db, roomId, alice);
    expect(await refusal(visibleEvent(house.db, view, first))).toBe('M_NOT_FOUND');
    expect(await house.sql(states)).toEqual(before);
    expect(await rowsOf(house.db, `select event_nid from event_relations where room_nid = ${nid}`)).toHaveLength(1);
    await house.say(roomId, 'five', { 'm.relates_to': { rel_type: 'm.annotation', event_id: first, key: '+' } });
    expect(await bodies(roomId)).toEqual(['three', 'four', 'five']);
    expect(await house.findings()).toEqual([]);
  });

  it('goes up to a time, whatever the number of slices, but never the end of the room', async () => {
    const roomId = await house.room();
    const result = await house.rooms.lanes.propose({
      roomId,
      drafts: Array.from({ length: 950 }, (_, at) => ({
        type: 'm.room.message',
        sender: alice.userId,
        content: { body: `old ${at}` },
        originServerTs: 1_000 + at,
      })),
    });
    expect(result.events).toHaveLength(950);
    await house.rooms.lanes.propose({
      roomId,
      drafts: Array.from({ length: 150 }, (_, at) => ({
        type: 'm.room.message',
        sender: alice.userId,
        content: { body: `young ${at}` },
        originServerTs: 5_000 + at,
      })),
    });
    // The room's first events are younger than the massaged times: before the first of those nothing is older.
    await purgeHistory(house.purges, roomId, { beforeTs: 4_000 });
    await house.settled(house.purges);
    expect(await bodies(roomId)).toHaveLength(194);
    await purgeHistory(house.purges, roomId, { beforeTs: Number.MAX_SAFE_INTEGER });
    await house.settled(house.purges);
    expect(await bodies(roomId)).toEqual(['young 149']);
    await house.say(roomId, 'goes on');
    expect(await bodies(roomId)).toEqual(['young 149', 'goes on']);
    expect(await house.findings()).toEqual([]);
  });

  it('that an application service has not got yet stays, and so does what was set aside for it', async () => {
    const roomId = await house.room();
    for (const body of ['aside', 'got', 'waits', 'last']) await house.say(roomId, body);
    const positions = await rowsOf<{ position: number }>(
      house.db,
      `select position from events where room_nid = ${await nidOf(roomId)} and type = 'm.room.message' order by 1`,
    );
    const [aside, got] = positions.map(({ position }) => position);
    await house.sql(`insert into appservice_cursors (appservice_id, position, next_txn_id, counted_at, counted_for)
      values ('slow', ${got}, 1, 0, ''), ('removed', 0, 1, 0, '')`);
    await house.sql(`insert into appservice_set_aside (appservice_id, position, reason, created_ts)
      values ('slow', ${aside}, 'refused', 0)`);
    await purgeHistory(house.purges, roomId, { beforeTs: Number.MAX_SAFE_INTEGER });
    await house.settled(house.purges);
    expect(await bodies(roomId)).toEqual(['aside', 'waits', 'last']);
    await house.sql(`delete from appservice_cursors`);
    await house.sql(`delete from appservice_set_aside`);
  });

  it('of a room or up to an event that is not known is refused, an event of another room included', async () => {
    const [roomId, other] = [await house.room(), await house.room()];
    const foreign = await house.say(other, 'elsewhere');
    expect(await refusal(purgeHistory(house.purges, '!none:x', { beforeTs: 1 }))).toBe('M_NOT_FOUND');
    expect(await refusal(purgeHistory(house.purges, roomId, { beforeEventId: foreign }))).toBe('M_NOT_FOUND');
    expect(await refusal(purgeHistory(house.purges, roomId, { beforeEventId: '$none' }))).toBe('M_NOT_FOUND');
  });
});

describe('a room', () => {
  it('goes with everything that belongs to it, and nothing of another room, no frozen transaction and no medium', async () => {
    const [roomId, other] = [await house.room({ aliasName: 'gone', name: 'gone' }), await house.room()];
    const eventId = await house.say(roomId, 'one');
    await house.say(roomId, 'two', { 'm.relates_to': { rel_type: 'm.thread', event_id: eventId } });
    await house.say(other, 'stays');
    const [nid, otherNid] = [await nidOf(roomId), await nidOf(other)];
    for (const room of [nid, otherNid]) {
      await house.rooms.door.commit({
        positions: 2,
        receipts: [{ roomNid: room, userId: '@a:x', type: 'm.read', threadId: '', eventId, ts: 1, at: 0 }],
        accountData: [{ userId: '@a:x', roomNid: room, type: 'm.tag', json: '{}', at: 1 }],
      });
      await house.sql(`insert into appservice_set_aside select 'slow', max(position), 'refused', 0 from events
        where room_nid = ${room}`);
      await house.sql(`insert into appservice_rooms values ('slow', 'net', ${room})`);
      await house.sql(`insert into appservice_interest values (${room}, 'slow', 1)`);
      await house.sql(`insert into batch_events values (${room}, 'slow', 'r', '$x')`);
      await house.sql(`insert into auth_chain_links values (${room}, 1, 2, 3, 4)`);
    }
    await house.sql(
      `insert into appservice_transactions select 'slow', 7, 'bytes', array[max(position)], 0 from events`,
    );
    await house.sql(`insert into media (media_id, origin, content_type, created_ts) values ('m', 'x', 'a/b', 0)`);
    const others = await tablesOf(house.db, otherNid);

    expect(await refusal(purgeRoom({ ...house, ...house.rooms }, roomId, { removeMembers: false }))).toBe(
      'M_BAD_STATE',
    );
    expect((await tablesOf(house.db, nid)).length).toBeGreaterThan(12);
    await purgeRoom({ ...house, ...house.rooms }, roomId, { removeMembers: true });
    await house.settled(house.purges);

    expect(await tablesOf(house.db, nid)).toEqual([]);
    expect(await tablesOf(house.db, otherNid)).toEqual(others);
    expect(await bodies(other)).toEqual(['stays']);
    const left = `select (select count(*) from appservice_set_aside) as aside, (select count(*) from media) as media,
      (select count(*) from appservice_transactions) as frozen, (select count(*) from room_aliases where alias like '#gone%') as aliases`;
    expect(await house.sql(left)).toEqual([{ aside: 1, media: 1, frozen: 1, aliases: 0 }]);
    expect(house.invalidated).toContain(`room ${roomId}`);
    expect(await refusal(purgeRoom({ ...house, ...house.rooms }, roomId, { removeMembers: true }))).toBe('M_NOT_FOUND');
    await house.sql('delete from auth_chain_links');
    expect(await house.findings()).toEqual([]);
  });

  it('is in no table that its deletion does not know', async () => {
    const tables = await house.sql<{ name: string }>(
      `select table_name as name from information_schema.columns where table_schema = 'public' and column_name = 'room_nid'`,
    );
    const purge = readFileSync(new URL('../../src/storage/purge.ts', import.meta.url), 'utf8');
    const unknown = tables.filter(
      ({ name }) => !purge.includes(`'${name}'`) && !purge.includes(`delete from ${name} `),
    );
    expect(unknown).toEqual([{ name: 'room_purges' }]);
  });

  it('stays while somebody is in it, invited or knocking, however that came about', async () => {
    const roomId = await house.room({ invite: [bob.userId] });
    await leaveRoom(house.rooms, alice, { roomId });
    expect(await house.purges.room(roomId)).toBe('inhabited');
    await leaveRoom(house.rooms, bob, { roomId });
    expect(await house.purges.room(roomId)).toBe('asked');
    await house.settled(house.purges);
  });

  it('is refused to a lane that still knows it, and to whoever joins while it goes', async () => {
    const { testRoomLanes } = await import('../../../testkit/src/room-lanes.ts');
    const elsewhere = testRoomLanes(house.db);
    const roomId = await house.room({ preset: 'public_chat' });
    await joinRoom(elsewhere, bob, { roomIdOrAlias: roomId });
    await leaveRoom(elsewhere, bob, { roomId });
    await leaveRoom(house.rooms, alice, { roomId });
    const draft = { type: 'm.room.member', stateKey: bob.userId, sender: bob.userId, content: { membership: 'join' } };
    const [joined, deleted] = await Promise.all([
      refusal(elsewhere.lanes.propose({ roomId, drafts: [draft] })),
      house.purges.room(roomId),
    ]);
    expect([
      ['allowed', 'inhabited'],
      ['M_NOT_FOUND', 'asked'],
    ]).toContainEqual([joined, deleted]);
    if (deleted === 'inhabited') {
      await leaveRoom(elsewhere, bob, { roomId });
      expect(await house.purges.room(roomId)).toBe('asked');
    }
    expect(await refusal(elsewhere.lanes.propose({ roomId, drafts: [draft] }))).toBe('M_NOT_FOUND');
    await house.settled(house.purges);
    expect(await house.findings()).toEqual([]);
    await elsewhere.close();
  });

  it('whose deletion was cut off is deleted after the restart', async () => {
    const roomId = await house.room();
    await house.say(roomId, 'one');
    const nid = await nidOf(roomId);
    await leaveRoom(house.rooms, alice, { roomId });
    armFailpoints('purge.afterSlice=throw');
    const dying = house.open();
    expect(await dying.room(roomId)).toBe('asked');
    await expect.poll(() => house.failures.length, { timeout: 60_000 }).toBe(1);
    armFailpoints(undefined);
    await dying.stop();
    expect(String(house.failures.pop())).toContain('failpoint purge.afterSlice');
    expect(await nidOf(roomId)).toBe(0);
    expect(await tablesOf(house.db, nid)).toContain('events');
    const restarted = house.open();
    restarted.start();
    await expect.poll(() => tablesOf(house.db, nid), { timeout: 60_000 }).toEqual([]);
    await restarted.stop();
  });
});

describe('the database itself refuses', () => {
  it.each([
    [
      'a forward extremity',
      `event_nid = any((select extremities from rooms r where r.room_nid = e.room_nid)::bigint[])`,
    ],
    ['the state of the room', `type = 'm.room.create'`],
    ['who is in it', `type = 'm.room.member'`],
    ['a state that was replaced, and is that of some event', `type = 'm.room.topic'`],
  ])('to delete %s', async (_what, where) => {
    const roomId = await house.room();
    for (const topic of ['old', 'new'])
      await sendState(house.rooms, alice, { roomId, type: 'm.room.topic', stateKey: '', content: { topic } });
    await house.say(roomId, 'last');
    const text = `delete from events e where room_nid = ${await nidOf(roomId)} and ${where}`;
    await expect(house.sql(text)).rejects.toThrow('event is still needed');
  });
});
