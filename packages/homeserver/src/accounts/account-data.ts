// Account data: what a user's clients keep on the server, global or of a room. Every entry takes a position, since /sync tells of it, so
// it is a Commit through the door. Tags are the room entry `m.tag`; push rules are kept as the global entry `m.push_rules`.
// https://spec.matrix.org/v1.19/client-server-api/#client-config

import { isJsonObject, type JsonObject, MatrixError, parseJsonObject } from '@pons/spec';
import type { Lanes } from '../platform/lanes.ts';
import type { Door } from '../storage/commit.ts';
import type { Queryable } from '../storage/database.ts';
import { roomById } from '../storage/tables/rooms.ts';
import { countAccountData, findAccountData } from '../storage/tables/account-data.ts';

/** What account data needs of the house. */
export interface AccountDataParts {
  readonly db: Queryable;
  readonly door: Door;
  /** By user: what reads an entry and writes it back runs one after another. Between processes the last one wins. */
  readonly updates: Lanes<string>;
}

/** Which entry: `roomNid` 0 is global. */
export interface AccountDataKey {
  readonly userId: string;
  readonly roomNid: number;
  readonly type: string;
}

/** Entries of one user, all rooms together. */
const entriesMax = 50_000;
/** One entry, as JSON. */
const contentBytesMax = 65_536;
const typeBytesMax = 255;

/** The number of a room for its account data. @throws MatrixError M_INVALID_PARAM, M_NOT_FOUND */
export async function roomNidOf(db: Queryable, roomId: string): Promise<number> {
  if (!roomId.startsWith('!')) throw new MatrixError('M_INVALID_PARAM', 'this is not a room id');
  const room = await roomById(db, roomId);
  if (room === undefined) throw new MatrixError('M_NOT_FOUND', 'this server does not know that room');
  return room.roomNid;
}

/** The content of an entry; undefined when it was never set. */
export async function getAccountData(db: Queryable, key: AccountDataKey): Promise<JsonObject | undefined> {
  const row = await findAccountData(db, key.userId, key.roomNid, key.type);
  return row === undefined ? undefined : parseJsonObject(row.json, 'any');
}

/**
 * Stores an entry and answers once it is durable.
 *
 * @throws MatrixError M_TOO_LARGE, M_INVALID_PARAM, M_RESOURCE_LIMIT_EXCEEDED
 */
export async function setAccountData(parts: AccountDataParts, key: AccountDataKey, content: JsonObject): Promise<void> {
  const json = JSON.stringify(content);
  if (Buffer.byteLength(json) > contentBytesMax) {
    throw new MatrixError('M_TOO_LARGE', `one entry of account data has at most ${contentBytesMax} bytes`);
  }
  if (key.type === '' || key.type.includes('\0') || Buffer.byteLength(key.type) > typeBytesMax) {
    throw new MatrixError('M_INVALID_PARAM', `a type of account data has 1 to ${typeBytesMax} bytes and no NUL`);
  }
  const known = await findAccountData(parts.db, key.userId, key.roomNid, key.type);
  if (known === undefined && (await countAccountData(parts.db, key.userId)) >= entriesMax) {
    throw new MatrixError(
      'M_RESOURCE_LIMIT_EXCEEDED',
      `an account keeps at most ${entriesMax} entries of account data`,
    );
  }
  await parts.door.commit({
    accountData: [{ userId: key.userId, roomNid: key.roomNid, type: key.type, json, at: 0 }],
    positions: 1,
  });
}

/** The tags of a room: name → { order? }. */
export async function getTags(db: Queryable, userId: string, roomNid: number): Promise<JsonObject> {
  const content = await getAccountData(db, { userId, roomNid, type: 'm.tag' });
  const tags = content?.['tags'];
  return isJsonObject(tags) ? tags : {};
}

/** Sets one tag of a room, or removes it when `tag` is undefined. */
export async function setTag(
  parts: AccountDataParts,
  room: { userId: string; roomNid: number },
  name: string,
  tag: JsonObject | undefined,
): Promise<void> {
  await parts.updates.run(room.userId, async () => {
    const { [name]: _old, ...others } = await getTags(parts.db, room.userId, room.roomNid);
    const tags = tag === undefined ? others : { ...others, [name]: tag };
    await setAccountData(parts, { ...room, type: 'm.tag' }, { tags });
  });
}
