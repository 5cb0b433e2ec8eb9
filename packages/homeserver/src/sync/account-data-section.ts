// Account data that changed: global, and of rooms. Read before everything else, because whom the user ignores decides what the other
// sections show. Push rules are shown merged with the predefined ones, also to a user who has never changed any.
// https://spec.matrix.org/v1.19/client-server-api/#client-config

import { isJsonObject, type JsonObject } from '@pons/spec';
import { pushRulesFrom } from '../accounts/push-rules.ts';
import type { Queryable } from '../storage/database.ts';
import { type StreamAccountDataRow, streamAccountData } from '../storage/tables/stream.ts';
import { eventPasses, roomPasses } from './filter.ts';
import type { SyncRequest } from './sync-request.ts';

/** Account data as read. */
export interface AccountDataRead {
  readonly rows: readonly StreamAccountDataRow[];
  readonly ignored: ReadonlySet<string>;
}

/** Account data that is new, and the position up to which nothing of it is missing. */
export type NewAccountData = Awaited<ReturnType<typeof streamAccountData>>;

/** Reads what changed since the client's token; may run ahead of the position that the response ends with, or stay behind it. */
export function newAccountData(db: Queryable, request: SyncRequest): Promise<NewAccountData> {
  const after = request.since?.position ?? 0;
  return streamAccountData(db, request.userId, { after, wholeRooms: [] });
}

/**
 * What of it belongs to a response, and all of the rooms that the client does not know yet. Read again where it stayed behind.
 *
 * @param upTo  position of the response: what is newer comes with the next
 */
export async function accountDataOf(
  db: Queryable,
  request: SyncRequest,
  news: NewAccountData,
  { upTo, newRooms }: { readonly upTo: number; readonly newRooms: readonly number[] },
): Promise<AccountDataRead> {
  const after = request.since?.position ?? 0;
  const { rows: all } =
    newRooms.length === 0 && news.head >= upTo
      ? news
      : await streamAccountData(db, request.userId, { after, wholeRooms: newRooms });
  const rows = all.filter((row) => row.position <= upTo);
  const list = all.find((row) => row.roomNid === 0 && row.type === 'm.ignored_user_list');
  const users = list === undefined ? undefined : (JSON.parse(list.json) as JsonObject)['ignored_users'];
  return { rows, ignored: new Set(isJsonObject(users) ? Object.keys(users) : []) };
}

/** The events of the top-level `account_data`. */
export function globalAccountData(request: SyncRequest, { rows }: AccountDataRead): JsonObject[] {
  const after = request.since?.position ?? 0;
  const changed = rows.filter((row) => row.roomNid === 0 && row.position > after);
  const events = changed.map((row) => {
    const content = JSON.parse(row.json) as JsonObject;
    if (row.type !== 'm.push_rules') return { type: row.type, content };
    return { type: row.type, content: { global: pushRulesFrom(request.userId, content) } };
  });
  const isMissing = request.since === undefined && !events.some((event) => event.type === 'm.push_rules');
  if (isMissing) {
    events.push({ type: 'm.push_rules', content: { global: pushRulesFrom(request.userId, undefined) } });
  }
  return events.filter((event) => eventPasses(request.filter.accountData, event));
}

/** The events of the rooms' `account_data`, by room number. */
export function roomAccountData(request: SyncRequest, { rows }: AccountDataRead): ReadonlyMap<number, JsonObject[]> {
  const filter = request.filter.roomAccountData;
  const passing = rows.filter((row) => row.roomNid !== 0 && eventPasses(filter, row) && roomPasses(filter, row.roomId));
  return new Map(
    [...Map.groupBy(passing, (row) => row.roomNid)].map(([roomNid, own]) => [
      roomNid,
      own.map((row) => ({ type: row.type, content: JSON.parse(row.json) as JsonObject })),
    ]),
  );
}
