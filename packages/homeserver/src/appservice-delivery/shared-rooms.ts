// Which users share a room with an application service's users: those whose devices it has to know for encryption. Looked up by the
// rooms that a user has joined and the interest index, never by a list of members.

import type { InterestIndex } from '../appservices/interest.ts';
import type { Queryable } from '../storage/database.ts';
import { roomsWithAppservices } from '../storage/tables/appservice-devices.ts';

export interface SharedRoomsParts {
  readonly db: Queryable;
  readonly index: InterestIndex;
  /** Rooms whose count of members the table does not have yet. */
  readonly unwrittenRooms: () => readonly number[];
}

/** User → the rooms they have joined in which some application service may have users. */
export async function sharedRooms(
  { db, unwrittenRooms }: Pick<SharedRoomsParts, 'db' | 'unwrittenRooms'>,
  userIds: readonly string[],
): Promise<ReadonlyMap<string, readonly number[]>> {
  if (userIds.length === 0) return new Map();
  const rooms = new Map<string, number[]>();
  for (const { userId, roomNid } of await roomsWithAppservices(db, [...new Set(userIds)], unwrittenRooms()))
    rooms.set(userId, [...(rooms.get(userId) ?? []), roomNid]);
  return rooms;
}

/** Those of the users who share a room with users of this application service. */
export async function usersSharingWith(
  parts: SharedRoomsParts,
  appserviceId: string,
  userIds: readonly string[],
): Promise<ReadonlySet<string>> {
  const shared = await sharedRooms(parts, userIds);
  await parts.index.load([...shared.values()].flat());
  const sharing = new Set<string>();
  for (const [userId, rooms] of shared)
    if (rooms.some((roomNid) => parts.index.reasons(roomNid, appserviceId).members > 0)) sharing.add(userId);
  return sharing;
}
