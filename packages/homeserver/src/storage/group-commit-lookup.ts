// What the door looks up when a statement did not simply succeed: which client transactions were done before, and, when the connection
// was lost with the statement, what of it is stored.
import { createBackoff } from '../platform/backoff.ts';
import { type Clock, sleep } from '../platform/clock.ts';
import type { Random } from '../platform/random.ts';
import type { Commit, CommitOutcome } from './commit.ts';
import { type Database, type Queryable, statement } from './database.ts';
import { binaryArray } from './group-commit-arrays.ts';

/** The database gets this long to come back before the outcome is given up as unknown. */
const lookUpTries = 40;
const lookUpFirstMs = 50;
const lookUpMaxMs = 1_000;

const storedTransactions = statement(
  'door.stored_transactions',
  `select t.place::int as place, c.response
  from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[])
    with ordinality as t(user_id, device_id, endpoint, room_nid, txn_id, place)
  join client_transactions c using (user_id, device_id, endpoint, room_nid, txn_id)`,
);

/** For each Commit the first of its client transactions that is stored, with the stored response. */
export async function findStored(
  db: Queryable,
  commits: readonly Commit[],
): Promise<({ readonly index: number; readonly response: string } | undefined)[]> {
  const keys = commits.flatMap((commit, place) =>
    (commit.clientTransactions ?? []).map((row, index) => ({ row, place, index })),
  );
  const found: ({ readonly index: number; readonly response: string } | undefined)[] = commits.map(() => undefined);
  if (keys.length === 0) return found;
  const rows = await db.query<{ place: number; response: string }>(storedTransactions, [
    binaryArray(
      'text',
      keys.map(({ row }) => row.userId),
    ),
    binaryArray(
      'text',
      keys.map(({ row }) => row.deviceId),
    ),
    binaryArray(
      'text',
      keys.map(({ row }) => row.endpoint),
    ),
    binaryArray(
      'bigint',
      keys.map(({ row }) => row.roomNid),
    ),
    binaryArray(
      'text',
      keys.map(({ row }) => row.txnId),
    ),
  ]);
  for (const { place, response } of rows.toSorted((a, b) => b.place - a.place)) {
    const key = keys[place - 1];
    if (key !== undefined) found[key.place] = { index: key.index, response };
  }
  return found;
}

/**
 * Waits for every writer before us and holds up those after us until the transaction ends. A process that falls asleep in it does so for
 * three seconds: then PostgreSQL ends its connection.
 */
export const awaitWriters = statement(
  'door.await_writers',
  `select set_config('idle_in_transaction_session_timeout', '3000', true) from position for update`,
);
const storedEvents = statement(
  'door.stored_events',
  `select t.place::int as place, e.position
  from unnest($1::bigint[], $2::bigint[]) with ordinality as t(room_nid, event_nid, place)
  join events e on e.room_nid = t.room_nid and e.event_nid = t.event_nid`,
);
const roomVersions = statement(
  'door.room_versions',
  'select room_nid as "roomNid", version from rooms where room_nid = any($1::bigint[])',
);

/**
 * What became of Commits whose statement was sent and not answered; undefined: nothing of it is stored, write it again.
 *
 * @throws StorageError when the database does not come back
 */
export async function lookUp(
  parts: { readonly db: Database; readonly clock: Clock; readonly random: Random },
  commits: readonly Commit[],
): Promise<(CommitOutcome | undefined)[]> {
  const backoff = createBackoff({ firstMs: lookUpFirstMs, maxMs: lookUpMaxMs, random: parts.random });
  for (;;) {
    try {
      return await parts.db.transaction(async (tx) => {
        // The lost statement may still run. It holds the counter or waits for it before us; then we see what it did.
        await tx.query(awaitWriters);
        return await outcomesOf(tx, commits);
      });
    } catch (error) {
      if (backoff.attempts >= lookUpTries) throw error;
      await sleep(parts.clock, backoff.nextMs());
    }
  }
}

async function outcomesOf(tx: Queryable, commits: readonly Commit[]): Promise<(CommitOutcome | undefined)[]> {
  // The first event of a part speaks for all of it.
  const firstEvents = commits.map(({ room }) => ({
    roomNid: room?.roomNid ?? 0,
    event: room?.events.find((event) => event.at !== undefined) ?? room?.events[0],
  }));
  const events = await tx.query<{ place: number; position: number | null }>(storedEvents, [
    binaryArray(
      'bigint',
      firstEvents.map(({ roomNid }) => roomNid),
    ),
    binaryArray(
      'bigint',
      firstEvents.map(({ event }) => event?.eventNid ?? 0),
    ),
  ]);
  const positions = new Map(events.map(({ place, position }) => [place - 1, position ?? 0]));
  const rooms = await tx.query<{ roomNid: number; version: number }>(roomVersions, [
    binaryArray(
      'bigint',
      firstEvents.map(({ roomNid }) => roomNid),
    ),
  ]);
  const versions = new Map(rooms.map(({ roomNid, version }) => [roomNid, version]));
  const transactions = await findStored(tx, commits);
  return commits.map((commit, index) => {
    const position = positions.get(index);
    if (position !== undefined) return { outcome: 'stored', first: position - (firstEvents[index]?.event?.at ?? 0) };
    const repeated = transactions[index];
    if (repeated !== undefined) return { outcome: 'duplicate', ...repeated };
    // Another process, or a part without events: the lane looks again for itself.
    const isMoved = commit.room !== undefined && (versions.get(commit.room.roomNid) ?? -1) !== commit.room.builtOn;
    return isMoved ? { outcome: 'refused' } : undefined;
  });
}
