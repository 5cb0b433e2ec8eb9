// Counts anew, for one application service, who of its users namespace has joined which room: when it is followed for the first time, and
// when its namespaces, or what counts, have changed. Everything is read in one snapshot, and as it was where the cursor stands, not as it is
// now: what still waits is decided by who was there then. From there on the follower counts by the events themselves.
// https://spec.matrix.org/v1.19/application-service-api/#registration

import { createHash } from 'node:crypto';
import type { Database, Queryable } from '../storage/database.ts';
import { type CursorRow, findCursor, putCursor } from '../storage/tables/appservice-cursors.ts';
import {
  inOneSnapshot,
  type LocalMemberRow,
  localMembersAfter,
  memberEventsAt,
  replaceInterest,
} from '../storage/tables/appservice-interest.ts';
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
    const position = (await findCursor(tx, appservice.id))?.position ?? (await streamHead(tx));
    await replaceInterest(tx, appservice.id, await countMembers(tx, appservice, position));
    await putCursor(tx, { appserviceId: appservice.id, position, firstTxnId: now, countedFor });
  });
  const opened = await findCursor(db, appservice.id);
  if (opened === undefined) throw new Error(`no cursor for ${appservice.id} although it was just written`);
  return opened;
}

// What is counted stands in front: databases from when the invited counted too are counted anew.
function fingerprint({ sender, registration }: Appservice): string {
  const regexes = registration.namespaces.users.map(({ regex }) => regex);
  const hash = createHash('sha256').update(JSON.stringify([sender, regexes]));
  return `joined:${hash.digest('hex')}`;
}

async function countMembers(tx: Queryable, { namespaces }: Appservice, position: number): Promise<Map<number, number>> {
  const members = new Map<number, number>();
  let after: LocalMemberRow = { roomNid: -1, userId: '' };
  for (;;) {
    const rows = await localMembersAfter(tx, after, { upTo: position, limit: pageRows });
    const own = rows.filter(({ userId }) => namespaces.user(userId) !== 'outside');
    const later = await memberEventsAt(
      tx,
      own.filter(({ isLater }) => isLater),
      position,
    );
    const joined = [...own.filter(({ isLater }) => !isLater), ...later.filter(({ json }) => isJoin(json))];
    for (const { roomNid } of joined) members.set(roomNid, (members.get(roomNid) ?? 0) + 1);
    const last = rows.at(-1);
    if (last === undefined || rows.length < pageRows) return members;
    after = last;
  }
}

function isJoin(memberEvent: string): boolean {
  const { content } = JSON.parse(memberEvent) as { readonly content?: { readonly membership?: unknown } };
  return content?.membership === 'join';
}
