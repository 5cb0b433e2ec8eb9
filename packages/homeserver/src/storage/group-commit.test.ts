// The door on a real PostgreSQL: what it writes, what it refuses, what it repeats, and two of them on one database.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../testkit/src/database.ts';
import { systemClock } from '../platform/clock.ts';
import { armFailpoints } from '../platform/failpoint.ts';
import { systemRandom } from '../platform/random.ts';
import type { Commit, CommitOutcome, EventRow, RoomPart } from './commit.ts';
import { type Database, StorageError } from './database.ts';
import { type Committed, createDoor } from './group-commit.ts';
import { createNids } from './nids.ts';
import { openDatabase } from './postgres.ts';

let test: TestDatabase;
let second: Database;
let nextNid: () => number | Promise<number>;
beforeAll(async () => {
  test = await testDatabase();
  second = await openDatabase({ connection: test.url, poolSize: 2, clock: systemClock });
  nextNid = createNids(test.db);
});
afterAll(async () => {
  await second.close();
  await test.drop();
});

function doorOf(db: Database, onCommitted: (committed: Committed) => void = () => {}) {
  return createDoor(db, { clock: systemClock, random: systemRandom, onCommitted });
}

async function rows<Row extends object>(text: string): Promise<Row[]> {
  return test.db.query<Row>({ name: `test.${text}`.slice(0, 60), text });
}

async function event(more: Partial<EventRow> = {}): Promise<EventRow> {
  const eventNid = await nextNid();
  return {
    eventNid,
    eventId: `$${eventNid}`,
    at: 0,
    type: 'm.room.message',
    sender: '@a:x',
    keyNid: null,
    depth: 1,
    originServerTs: 1,
    line: 0,
    stateVersion: 0,
    outlier: false,
    rejected: false,
    softFailed: false,
    authChain: null,
    authChainSeq: null,
    transactionKey: null,
    trace: null,
    json: `{"nid":${eventNid}}`,
    authEventIds: [],
    ...more,
  };
}

function roomPart(roomNid: number, builtOn: number, more: Partial<RoomPart> = {}): RoomPart {
  return {
    roomNid,
    builtOn,
    stateVersion: 0,
    extremities: [],
    depth: 1,
    joined: 0,
    invited: 0,
    nextLine: 1,
    events: [],
    state: [],
    members: [],
    relations: [],
    redactions: [],
    ...more,
  };
}

async function newRoom(): Promise<number> {
  const roomNid = await nextNid();
  const room = roomPart(roomNid, -1, { create: { roomId: `!${roomNid}:x`, roomVersion: '12' } });
  expect(await doorOf(test.db).commit({ room, positions: 0 })).toMatchObject({ outcome: 'stored' });
  return roomNid;
}

const transaction = (txnId: string, roomNid: number, response = `{"event_id":"$${txnId}"}`) => ({
  userId: '@a:x',
  deviceId: 'D',
  endpoint: 'sendMessage',
  roomNid,
  txnId,
  response,
  createdTs: 1,
});

describe('the door', () => {
  it('writes what waits together, each row at its own position, and tells of it once', async () => {
    const [one, two] = [await newRoom(), await newRoom()];
    const told: Committed[] = [];
    const door = doorOf(test.db, (committed) => told.push(committed));
    const events = [await event(), await event({ at: 1 }), await event()];
    const outcomes = await Promise.all([
      door.commit({ room: roomPart(one, 0, { events: events.slice(0, 2), extremities: [7, 8] }), positions: 2 }),
      door.commit({ room: roomPart(two, 0, { events: events.slice(2) }), positions: 1 }),
      door.commit({ toDevice: [{ userId: '@b:x', deviceId: 'E', json: '{}', at: 0 }], positions: 1 }),
    ]);
    const first = (outcomes[0] as { first: number }).first;
    expect(outcomes).toEqual([first, first + 2, first + 3].map((position) => ({ outcome: 'stored', first: position })));
    expect(told).toMatchObject([{ first, last: first + 3, roomNids: [one, two], userIds: ['@b:x'] }]);
    expect(
      await rows(
        `select event_nid, position, order_major from events where room_nid in (${one}, ${two}) order by position`,
      ),
    ).toEqual(
      events.map(({ eventNid }, index) => ({
        event_nid: eventNid,
        position: first + index,
        order_major: first + index,
      })),
    );
    expect(await rows(`select version, extremities from rooms where room_nid = ${one}`)).toEqual([
      { version: 1, extremities: [7, 8] },
    ]);
    expect(await rows(`select json from event_json where room_nid = ${two}`)).toEqual([{ json: events[2]?.json }]);
    expect(await rows(`select user_id from to_device where position = ${first + 3}`)).toEqual([{ user_id: '@b:x' }]);
  });

  it('refuses a part that was built on another version, with everything in it, and writes the others', async () => {
    const [stale, fresh] = [await newRoom(), await newRoom()];
    const door = doorOf(test.db);
    const outcomes = await Promise.all([
      door.commit({
        room: roomPart(stale, 7, { events: [await event()] }),
        clientTransactions: [transaction('stale', stale)],
        accountData: [{ userId: '@stale:x', roomNid: 0, type: 't', json: '{}', at: 1 }],
        positions: 2,
      }),
      door.commit({ room: roomPart(fresh, 0, { events: [await event()] }), positions: 1 }),
    ]);
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['refused', 'stored']);
    expect(await rows(`select from events where room_nid = ${stale}`)).toEqual([]);
    expect(await rows(`select from client_transactions where txn_id = 'stale'`)).toEqual([]);
    expect(await rows(`select from account_data where user_id = '@stale:x'`)).toEqual([]);
    expect(await rows(`select version from rooms where room_nid = ${stale}`)).toEqual([{ version: 0 }]);
  });

  it('answers a client transaction that was done before with what is stored, and writes nothing of it', async () => {
    const [room, other] = [await newRoom(), await newRoom()];
    const door = doorOf(test.db);
    const send = async (version: number): Promise<Commit> => ({
      room: roomPart(room, version, { events: [await event()] }),
      clientTransactions: [transaction('new', room), transaction('again', room, '{"event_id":"$first"}')].slice(
        1 - version,
      ),
      positions: 1,
    });
    expect(await door.commit(await send(0))).toMatchObject({ outcome: 'stored' });
    const outcomes = await Promise.all([
      door.commit(await send(1)),
      door.commit({ room: roomPart(other, 0, { events: [await event()] }), positions: 1 }),
    ]);
    expect(outcomes).toEqual([
      { outcome: 'duplicate', index: 1, response: '{"event_id":"$first"}' },
      { outcome: 'stored', first: expect.any(Number) as number },
    ]);
    expect(await rows(`select count(*)::int as count from events where room_nid = ${room}`)).toEqual([{ count: 1 }]);
  });

  it('two that come at once with the same client transaction: one is stored, the other answered like it', async () => {
    const door = doorOf(test.db);
    const outcomes = await Promise.all(
      ['$1', '$2'].map((id) =>
        door.commit({ clientTransactions: [transaction('twin', 0, `{"event_id":"${id}"}`)], positions: 0 }),
      ),
    );
    expect(outcomes.map(({ outcome }) => outcome).toSorted()).toEqual(['duplicate', 'stored']);
  });

  it('one part that cannot be stored fails alone', async () => {
    const [good, poison] = [await newRoom(), await newRoom()];
    const door = doorOf(test.db);
    const [stored, failed] = await Promise.allSettled([
      door.commit({ room: roomPart(good, 0, { events: [await event()] }), positions: 1 }),
      door.commit({ room: roomPart(poison, 0, { events: [await event({ json: 'a\0b' })] }), positions: 1 }),
    ]);
    expect(stored).toMatchObject({ status: 'fulfilled', value: { outcome: 'stored' } });
    expect(failed).toMatchObject({ status: 'rejected', reason: { code: '22021' } });
    expect(await rows(`select version from rooms where room_nid = ${poison}`)).toEqual([{ version: 0 }]);
  });

  it('closes the open interval of a state key and opens the next, also twice in one part', async () => {
    const room = await newRoom();
    const door = doorOf(test.db);
    const state = (fromVersion: number) => ({ line: 0, keyNid: 5, fromVersion, eventNid: fromVersion * 10 });
    await door.commit({ room: roomPart(room, 0, { stateVersion: 1, state: [state(1)] }), positions: 0 });
    await door.commit({ room: roomPart(room, 1, { stateVersion: 3, state: [state(2), state(3)] }), positions: 0 });
    expect(
      await rows(`select from_version, to_version, event_nid from room_state where room_nid = ${room} order by 1`),
    ).toEqual([
      { from_version: 1, to_version: 2, event_nid: 10 },
      { from_version: 2, to_version: 3, event_nid: 20 },
      { from_version: 3, to_version: null, event_nid: 30 },
    ]);
  });

  it('writes members, aliases, relations, auth edges, forks and the directory entry with their room', async () => {
    const room = await newRoom();
    const door = doorOf(test.db);
    const created = await event({ keyNid: 3, authEventIds: ['$c', '$p'], authChain: 1, authChainSeq: 2 });
    const outlier = await event({ outlier: true });
    delete (outlier as { at?: number }).at;
    const late = await event({ at: 1, order: { major: 4, minor: -2 }, line: 1, stateVersion: 9 });
    const member = (userId: string, membership: string) => ({
      userId,
      membership,
      eventNid: created.eventNid,
      sender: '@a:x',
      local: true,
      displayname: 'A',
      avatarUrl: null,
      at: 0,
    });
    await door.commit({
      room: roomPart(room, 0, {
        events: [created, outlier, late],
        members: [member('@a:x', 'join'), member('@gone:x', 'leave')],
        relations: [{ eventNid: late.eventNid, relatesTo: '$c', relType: 'm.annotation', key: '👍' }],
        lines: [{ line: 1, baseVersion: 3 }],
        aliases: [{ alias: `#${room}:x`, creator: '@a:x' }],
        joined: 1,
        nextLine: 2,
        published: true,
      }),
      positions: 2,
    });
    const removed = roomPart(room, 1, {
      aliasesRemoved: [`#${room}:x`],
      forgotten: ['@gone:x'],
      joined: 1,
      nextLine: 2,
    });
    await door.commit({ room: removed, positions: 0 });
    expect(
      await rows(`select position is null as bare, order_minor, outlier, line, key_nid, auth_chain_seq from events
        where room_nid = ${room} order by event_nid`),
    ).toEqual([
      { bare: false, order_minor: 0, outlier: false, line: 0, key_nid: 3, auth_chain_seq: 2 },
      { bare: true, order_minor: 0, outlier: true, line: 0, key_nid: null, auth_chain_seq: null },
      { bare: false, order_minor: -2, outlier: false, line: 1, key_nid: null, auth_chain_seq: null },
    ]);
    expect(await rows(`select auth_event_id from event_auth where room_nid = ${room} order by 1`)).toHaveLength(2);
    expect(
      await rows(`select user_id, membership, forgotten from room_members where room_nid = ${room} order by 1`),
    ).toEqual([
      { user_id: '@a:x', membership: 'join', forgotten: false },
      { user_id: '@gone:x', membership: 'leave', forgotten: true },
    ]);
    expect(await rows(`select key from event_relations where room_nid = ${room}`)).toEqual([{ key: '👍' }]);
    expect(await rows(`select base_version from state_lines where room_nid = ${room}`)).toEqual([{ base_version: 3 }]);
    expect(await rows(`select from room_aliases where room_nid = ${room}`)).toEqual([]);
    expect(await rows(`select joined, next_line, published from rooms where room_nid = ${room}`)).toEqual([
      { joined: 1, next_line: 2, published: true },
    ]);
  });

  it('redacts an event that is stored and one that comes in the same part', async () => {
    const room = await newRoom();
    const door = doorOf(test.db);
    const old = await event();
    await door.commit({ room: roomPart(room, 0, { events: [old] }), positions: 1 });
    const [young, redaction] = [await event(), await event({ at: 1, type: 'm.room.redaction' })];
    const redactions = [old, young].map(({ eventNid }) => ({ eventNid, redactedBy: redaction.eventNid, json: '{}' }));
    await door.commit({ room: roomPart(room, 1, { events: [young, redaction], redactions }), positions: 2 });
    expect(
      await rows(`select redacted_by, json from events join event_json using (room_nid, event_nid)
        where room_nid = ${room} order by event_nid`),
    ).toEqual([
      { redacted_by: redaction.eventNid, json: '{}' },
      { redacted_by: redaction.eventNid, json: '{}' },
      { redacted_by: null, json: redaction.json },
    ]);
  });

  it('of two values of the same account data or receipt in one batch the later stays', async () => {
    const door = doorOf(test.db);
    const data = (json: string): Commit => ({
      accountData: [{ userId: '@data:x', roomNid: 0, type: 'm.direct', json, at: 0 }],
      receipts: [{ roomNid: 1, userId: '@data:x', type: 'm.read', threadId: '', eventId: json, ts: 1, at: 1 }],
      deviceListChanges: [{ userId: '@data:x', at: 2 }],
      profileChanges: [{ userId: '@data:x', at: 3 }],
      positions: 4,
    });
    const outcomes = await Promise.all([door.commit(data('{"a":1}')), door.commit(data('{"a":2}'))]);
    const last = (outcomes[1] as { first: number }).first;
    expect(await rows(`select json, position from account_data where user_id = '@data:x'`)).toEqual([
      { json: '{"a":2}', position: last },
    ]);
    expect(await rows(`select event_id from receipts where user_id = '@data:x'`)).toEqual([{ event_id: '{"a":2}' }]);
    expect(await rows(`select position from profile_changes where user_id = '@data:x' order by 1`)).toHaveLength(2);
  });

  it('after a lost connection it looks what was stored and writes only the rest', async () => {
    const [before, after] = [await newRoom(), await newRoom()];
    const flaky = lossy(second);
    const door = doorOf(flaky.db);
    flaky.loseNext('after');
    const kept: Commit = { room: roomPart(before, 0, { events: [await event()] }), positions: 1 };
    expect(await door.commit(kept)).toMatchObject({ outcome: 'stored' });
    flaky.loseNext('before');
    const again: Commit = { room: roomPart(after, 0, { events: [await event()] }), positions: 1 };
    expect(await door.commit(again)).toMatchObject({ outcome: 'stored' });
    for (const room of [before, after]) {
      expect(await rows(`select version from rooms where room_nid = ${room}`)).toEqual([{ version: 1 }]);
    }
  });

  it('a backend that is ended while it waits costs a try, not the commit', async () => {
    const room = await newRoom();
    const told: Committed[] = [];
    const door = doorOf(test.db, (committed) => told.push(committed));
    let answer: Promise<CommitOutcome> | undefined;
    await second.transaction(async (tx) => {
      await tx.query({ name: 'test.hold', text: 'select from position for update' });
      const one = await event();
      answer = door.commit({ room: roomPart(room, 0, { events: [one] }), positions: 1 });
      const end = {
        name: 'test.end_writer',
        text: `select pg_terminate_backend(pid) from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock' and query like 'with p as%'`,
      };
      while ((await second.query(end)).length === 0) await new Promise((resolve) => setImmediate(resolve));
    });
    expect(await answer).toMatchObject({ outcome: 'stored' });
    expect(await rows(`select version from rooms where room_nid = ${room}`)).toEqual([{ version: 1 }]);
    expect(told.filter(({ roomNids }) => roomNids.includes(room))).toHaveLength(1);
  });

  it('answers its callers although whoever is told of the commit throws', async () => {
    const failures: unknown[] = [];
    const door = createDoor(test.db, {
      clock: systemClock,
      random: systemRandom,
      onCommitted: () => {
        throw new TypeError('a follower');
      },
      observe: () => {
        throw new TypeError('a metric');
      },
      failed: (error) => failures.push(String(error)),
    });
    const room = await newRoom();
    const commit: Commit = { room: roomPart(room, 0, { events: [await event()] }), positions: 1 };
    expect(await door.commit(commit)).toMatchObject({ outcome: 'stored' });
    expect(failures).toEqual(['TypeError: a follower', 'TypeError: a metric']);
    expect(await door.commit({ positions: 1 })).toMatchObject({ outcome: 'stored' });
  });

  it('written alone, it is found and told of although the answer to its commit was lost', async () => {
    const told: Committed[] = [];
    let lose = true;
    const flaky: Database = {
      ...second,
      transaction: async (work) => {
        const result = await second.transaction(work);
        if (lose) {
          lose = false;
          throw new StorageError('unreachable', 'Connection terminated unexpectedly');
        }
        return result;
      },
    };
    const room = await newRoom();
    const commit: Commit = { room: roomPart(room, 0, { events: [await event()] }), positions: 1 };
    const outcome = await doorOf(flaky, (committed) => told.push(committed)).commitAlone(() => Promise.resolve(commit));
    expect(outcome).toMatchObject({ outcome: 'stored' });
    expect(told).toMatchObject([{ roomNids: [room], first: (outcome as { first: number }).first }]);
    expect(await rows(`select version from rooms where room_nid = ${room}`)).toEqual([{ version: 1 }]);
  });

  it('tries again what loses against others, unseen by its caller', async () => {
    await rows('create sequence losses');
    await rows(`create function lose() returns trigger language plpgsql as $$ begin
      if nextval('losses') <= 3 then raise exception 'lost' using errcode = '40001'; end if;
      return new; end $$`);
    await rows('create trigger lose before insert on profile_changes for each row execute function lose()');
    const door = doorOf(test.db);
    const change: Commit = { profileChanges: [{ userId: '@loses:x', at: 0 }], positions: 1 };
    expect(await door.commit(change)).toMatchObject({ outcome: 'stored' });
    expect(await rows(`select from profile_changes where user_id = '@loses:x'`)).toHaveLength(1);
    await rows('drop trigger lose on profile_changes');
  });

  it('waits no longer than seconds for a writer that fell asleep with the position counter in its hand', async () => {
    const asleep = doorOf(second);
    let wakeUp = () => {};
    const sleeping = asleep.commitAlone(async () => {
      await new Promise<void>((resolve) => (wakeUp = resolve));
      return { positions: 1 };
    });
    sleeping.catch(() => {});
    await rows(`select pg_sleep(0.2)`);
    const startedMs = performance.now();
    expect(await doorOf(test.db).commit({ positions: 1 })).toMatchObject({ outcome: 'stored' });
    expect(performance.now() - startedMs).toBeLessThan(60_000);
    wakeUp();
    await expect(sleeping).rejects.toBeInstanceOf(StorageError);
  });

  it('gives up a commit that breaks each connection it is sent over, and writes those beside it', async () => {
    const [innocent, guilty] = [await newRoom(), await newRoom()];
    const poison = await event({ json: '{"poison":true}' });
    const lost = () => new StorageError('unreachable', 'Connection terminated unexpectedly');
    const breaking: Database = {
      ...second,
      query: (text, values) =>
        values?.some((value) => Buffer.isBuffer(value) && value.includes('poison')) === true
          ? Promise.reject(lost())
          : second.query(text, values),
    };
    const door = doorOf(breaking);
    const outcomes = await Promise.allSettled([
      door.commit({ room: roomPart(innocent, 0, { events: [await event()] }), positions: 1 }),
      door.commit({ room: roomPart(guilty, 0, { events: [poison] }), positions: 1 }),
    ]);
    expect(outcomes).toMatchObject([
      { status: 'fulfilled', value: { outcome: 'stored' } },
      { status: 'rejected', reason: { code: 'unreachable' } },
    ]);
  });

  it('two processes on one database: followers miss no position, nothing deadlocks, one part of each version wins', async () => {
    const rooms = await Promise.all(Array.from({ length: 4 }, newRoom));
    const doors = [doorOf(test.db), doorOf(second)];
    const versions = new Map(rooms.map((room) => [room, 0]));
    const stored: number[] = [];
    let writing = true;
    const seen: number[] = [];
    const [start] = await rows<{ value: number }>('select value from position');
    const follow = async () => {
      let cursor = start?.value ?? 0;
      for (let last = false; !last; ) {
        last = !writing;
        const found = await test.db.query<{ position: number }>(
          { name: 'test.follow', text: 'select position from events where position > $1 order by position' },
          [cursor],
        );
        seen.push(...found.map(({ position }) => position));
        cursor = found.at(-1)?.position ?? cursor;
      }
    };
    const write = async (writer: number) => {
      for (let count = 0; count < 60; count += 1) {
        const room = rooms[(writer + count) % rooms.length] ?? 0;
        const built = versions.get(room) ?? 0;
        const commit = { room: roomPart(room, built, { events: [await event()] }), positions: 1 };
        const outcome: CommitOutcome = await (doors[writer % 2] ?? doorOf(test.db)).commit(commit);
        if (outcome.outcome !== 'stored') continue;
        versions.set(room, Math.max(versions.get(room) ?? 0, built + 1));
        stored.push(outcome.first);
      }
    };
    const following = follow();
    await Promise.all(Array.from({ length: 8 }, (_, writer) => write(writer)));
    writing = false;
    await following;
    expect(stored.length).toBeGreaterThan(60);
    expect(seen).toEqual(stored.toSorted((a, b) => a - b));
    const total = await rows<{ version: number }>(`select version from rooms where room_nid in (${rooms.join(', ')})`);
    expect(total.reduce((sum, { version }) => sum + version, 0)).toBe(stored.length);
  });

  it('a failpoint before the statement fails what waits, and the next goes through', async () => {
    const door = doorOf(test.db);
    armFailpoints('door.beforeStatement=throw@1');
    await expect(door.commit({ positions: 1 })).rejects.toThrow('failpoint door.beforeStatement');
    armFailpoints(undefined);
    expect(await door.commit({ positions: 1 })).toMatchObject({ outcome: 'stored' });
  });
});

/** A database whose connection breaks once, before a door's statement is sent or after it was committed. */
function lossy(db: Database): { readonly db: Database; loseNext(when: 'before' | 'after'): void } {
  let lose: 'before' | 'after' | undefined;
  const lost = () => new StorageError('unreachable', 'Connection terminated unexpectedly');
  return {
    loseNext: (when) => {
      lose = when;
    },
    db: {
      ...db,
      query: async (text, values) => {
        const when = lose;
        lose = undefined;
        if (when === 'before') throw lost();
        const result = await db.query(text, values);
        if (when === 'after') throw lost();
        return result as never;
      },
    },
  };
}
