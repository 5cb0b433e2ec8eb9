// Batches on a real PostgreSQL without HTTP: two processes that import the same at once, what is told to whom, and what a batch leaves of
// the lane's memory.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../testkit/src/database.ts';
import { testRoomLanes, testServerName, testUser } from '../../../testkit/src/room-lanes.ts';
import { createRoom } from '../actions/create-room.ts';
import type { Committed } from '../storage/group-commit.ts';
import type { Batch, ProposalResult } from './proposal.ts';

let test: TestDatabase;
const told: Committed[] = [];
const alice = testUser('alice');
const ghost = `@ghost:${testServerName}`;
const memberships = new Map([[ghost, { membership: 'join', displayname: 'Ghost' }]]);
let processes: ReturnType<typeof testRoomLanes>[] = [];
beforeAll(async () => {
  test = await testDatabase();
  processes = [1, 2].map(() => testRoomLanes(test.db, { onCommitted: (committed) => told.push(committed) }));
});
afterAll(async () => {
  for (const { close } of processes) await close();
  await test.drop();
});

const batchOf = (direction: Batch['direction'], names: readonly string[]): Batch => ({
  appserviceId: 'irc',
  host: alice.userId,
  direction,
  notify: false,
  memberships,
  events: names.map((name, index) => ({
    remoteIds: [name],
    draft: { type: 'm.room.message', sender: ghost, content: { body: name }, originServerTs: 1_000 + index },
  })),
});

function of(process: number) {
  const found = processes[process];
  if (found === undefined) throw new Error('no such process');
  return found;
}
const send = (process: number, roomId: string, batch: Batch): Promise<ProposalResult> =>
  of(process).lanes.propose({ roomId, drafts: [], batch });
const say = (process: number, roomId: string, body: string) =>
  of(process).lanes.propose({ roomId, drafts: [{ type: 'm.room.message', sender: alice.userId, content: { body } }] });

async function roomWithMessage(): Promise<string> {
  const roomId = await createRoom(of(0), alice, {
    invite: [],
    isDirect: false,
    creationContent: {},
    initialState: [],
    preset: 'private_chat',
  });
  await say(0, roomId, 'now');
  return roomId;
}
const ids = ({ events }: ProposalResult) => events.map(({ eventId }) => eventId);

describe('a batch', () => {
  it.each(['backward', 'forward'] as const)('that two processes import at once is one, %s', async (direction) => {
    const roomId = await roomWithMessage();
    const names = ['a', 'b', 'c'];
    const answers = await Promise.all([0, 1, 0, 1].map((process) => send(process, roomId, batchOf(direction, names))));
    expect(new Set(answers.map((answer) => ids(answer).join())).size).toBe(1);
    const overlapping = await Promise.all([
      send(0, roomId, batchOf(direction, ['c', 'd'])),
      send(1, roomId, batchOf(direction, ['d', 'c'])),
    ]);
    const [first = [], second = []] = overlapping.map(ids);
    expect(second).toEqual(first.toReversed());
    expect(first[0]).toBe(ids(answers[0] as ProposalResult)[2]);
    // Both lanes go on as if nothing had been.
    for (const process of [0, 1, 0]) await say(process, roomId, 'on');
    const [row] = await test.db.query<{ ends: number; messages: number }>(
      {
        name: `test.import_${direction}`,
        text: `select cardinality(r.extremities) as ends, (select count(*)::int from events e
          where e.room_nid = r.room_nid and e.type = 'm.room.message') as messages from rooms r where room_id = $1`,
      },
      [roomId],
    );
    expect(row).toEqual({ ends: 1, messages: 1 + 4 + 3 });
  });

  it('of history wakes nobody; a forward one wakes the room', async () => {
    const roomId = await roomWithMessage();
    told.length = 0;
    await send(0, roomId, batchOf('backward', ['x', 'y']));
    expect(told.map(({ roomNids, userIds }) => [...roomNids, ...userIds])).toEqual([[]]);
    expect(told[0]?.last).toBe((told[0]?.first ?? 0) + 1);
    await send(0, roomId, batchOf('forward', ['z']));
    expect(told[1]?.roomNids).toHaveLength(1);
  });

  it('that is known whole writes nothing', async () => {
    const roomId = await roomWithMessage();
    await send(0, roomId, batchOf('backward', ['x']));
    told.length = 0;
    await Promise.all([send(0, roomId, batchOf('backward', ['x'])), send(1, roomId, batchOf('forward', ['x']))]);
    await send(0, roomId, batchOf('backward', []));
    expect(told).toEqual([]);
    const other = await roomWithMessage();
    await send(0, other, batchOf('forward', ['x']));
    told.length = 0;
    expect(ids(await send(0, other, batchOf('backward', ['x'])))).toHaveLength(1);
    expect(told).toEqual([]);
  });

  it('is refused whole when the rules refuse one of its events, and leaves nothing', async () => {
    const roomId = await roomWithMessage();
    const batch = batchOf('backward', ['fine', 'huge']);
    const huge = { ...batch, events: batch.events.map((event, index) => (index === 0 ? event : tooLarge(event))) };
    told.length = 0;
    await expect(send(0, roomId, huge)).rejects.toMatchObject({ errcode: 'M_TOO_LARGE' });
    expect(told).toEqual([]);
    expect(ids(await send(0, roomId, batchOf('backward', ['fine'])))).toHaveLength(1);
  });
});

function tooLarge(event: Batch['events'][number]): Batch['events'][number] {
  return { ...event, draft: { ...event.draft, content: { body: 'x'.repeat(70_000) } } };
}
