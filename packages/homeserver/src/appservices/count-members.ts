// Counts anew, for one application service, the members of all rooms that are in its users namespace: when it is followed for the first
// time, and when its namespaces have changed. Everything is read in one snapshot together with the stream's position; from there on the
// follower counts by the events themselves.

import { createHash } from 'node:crypto';
import type { Database, Queryable } from '../storage/database.ts';
import { type CursorRow, findCursor, putCursor } from '../storage/tables/appservice-cursors.ts';
import { inOneSnapshot, localMembersAfter, replaceInterest } from '../storage/tables/appservice-interest.ts';
import { streamHead } from '../storage/tables/appservice-stream.ts';
import type { Appservice } from './registry.ts';

/** Matched in one go: some 10 ms. */
const pageRows = 1000;

/** Whether the cursor of an application service is there and its interest counted: opening it is quick. */
export async function isCounted(db: Queryable, appservice: Appservice): Promise<boolean> {
  return (await findCursor(db, appservice.id))?.countedFor === fingerprint(appservice);
}

/**
 * The cursor of an application service, with its interest counted. A new one begins at the present: what happened before it was
 * registered is not sent.
 *
 * @param now  milliseconds: the first transaction id, so that a new database never repeats one that the application service knows
 */
export async function openCursor(db: Database, appservice: Appservice, now: number): Promise<CursorRow> {
  const countedFor = fingerprint(appservice);
  const known = await findCursor(db, appservice.id);
  if (known !== undefined && known.countedFor === countedFor) return known;
  await db.transaction(async (tx) => {
    await inOneSnapshot(tx);
    const position = await streamHead(tx);
    await replaceInterest(tx, appservice.id, await countMembers(tx, appservice));
    await putCursor(tx, { appserviceId: appservice.id, position, firstTxnId: now, countedFor });
  });
  const opened = await findCursor(db, appservice.id);
  if (opened === undefined) throw new Error(`no cursor for ${appservice.id} although it was just written`);
  return opened;
}

function fingerprint({ sender, registration }: Appservice): string {
  const regexes = registration.namespaces.users.map(({ regex }) => regex);
  return createHash('sha256')
    .update(JSON.stringify([sender, regexes]))
    .digest('hex');
}

async function countMembers(tx: Queryable, { namespaces }: Appservice): Promise<Map<number, number>> {
  const members = new Map<number, number>();
  let after = { roomNid: -1, userId: '' };
  for (;;) {
    const rows = await localMembersAfter(tx, after, pageRows);
    for (const { roomNid, userId } of rows)
      if (namespaces.user(userId) !== 'outside') members.set(roomNid, (members.get(roomNid) ?? 0) + 1);
    const last = rows.at(-1);
    if (last === undefined || rows.length < pageRows) return members;
    after = last;
  }
}
