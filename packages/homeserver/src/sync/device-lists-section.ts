// `device_lists`: users whose devices or keys changed, or who came to share a room with the viewer (changed), and users who share none any
// more (left). Nothing at the first /sync: then clients ask for everybody. A client that hears of somebody once too often asks once too
// often; one that misses somebody encrypts for devices of yesterday. So what is left out is only what cannot matter: the members of a large
// room without encryption that the viewer enters or leaves.
// https://spec.matrix.org/v1.19/client-server-api/#tracking-the-device-list-for-a-user

import type { JsonObject } from '@pons/spec';
import type { Queryable } from '../storage/database.ts';
import {
  type Between,
  changedDeviceListsFor,
  changesInRooms,
  membersWithDevices,
  sharingRooms,
} from '../storage/tables/device-lists.ts';
import { streamMembershipsAt, streamRooms } from '../storage/tables/stream.ts';
import type { WindowRoom } from './room-window.ts';

/** Whose devices to look up again, and whose to forget. */
export interface DeviceLists {
  readonly changed: readonly string[];
  readonly left: readonly string[];
  /** Of `changed` those who came to share a room. */
  readonly met: readonly string[];
}

/** Members of a room without encryption that is taken for one that may get it. */
const unencryptedMembersMax = 500;

/** The device lists of somebody at any time: GET /keys/changes. */
export async function deviceListsBetween(db: Queryable, viewer: string, between: Between): Promise<DeviceLists> {
  const { rooms } = await streamRooms(db, viewer, { after: between.after, initial: false, includeLeave: false });
  return deviceLists(db, viewer, rooms, between);
}

/**
 * The device lists of a response.
 *
 * @param rooms  rooms that the viewer is joined to, or whose membership of theirs changed since; those without news may be missing
 */
export async function deviceLists(
  db: Queryable,
  viewer: string,
  rooms: readonly Pick<WindowRoom, 'roomNid' | 'membership' | 'memberPosition'>[],
  between: Between,
): Promise<DeviceLists> {
  const { after } = between;
  const joined = rooms.filter((room) => room.membership === 'join').map((room) => room.roomNid);
  const [updated, moved, changes] = await Promise.all([
    changedDeviceListsFor(db, viewer, between),
    ownMoves(db, viewer, rooms, after),
    changesInRooms(db, joined, after),
  ]);
  const encrypted = changes.filter((change) => change.userId === null).map((change) => change.roomNid);
  const stayed = changes.filter((change) => !moved.entered.includes(change.roomNid));
  const [found, lost] = await Promise.all([
    membersWithDevices(db, [...moved.entered, ...encrypted], unencryptedMembersMax),
    membersWithDevices(db, moved.exited, unencryptedMembersMax),
  ]);
  const met = new Set(found);
  const maybeLeft = new Set(lost);
  for (const { userId, beforeJson, isJoined } of stayed) {
    if (userId === null || isJoined === wasJoined(beforeJson)) continue;
    (isJoined ? met : maybeLeft).add(userId);
  }
  met.delete(viewer);
  maybeLeft.delete(viewer);
  const still = new Set(await sharingRooms(db, viewer, [...maybeLeft]));
  const left = [...maybeLeft].filter((userId) => !still.has(userId) && !met.has(userId));
  return { changed: [...new Set([...updated, ...met])], left, met: [...met] };
}

/** Rooms that the viewer entered and left themselves. */
async function ownMoves(
  db: Queryable,
  viewer: string,
  rooms: readonly Pick<WindowRoom, 'roomNid' | 'membership' | 'memberPosition'>[],
  after: number,
) {
  const moved = rooms.filter((room) => room.memberPosition > after);
  const before = await streamMembershipsAt(
    db,
    moved.map((room) => room.roomNid),
    viewer,
    after,
  );
  const wasIn = new Set(before.filter(({ json }) => wasJoined(json)).map(({ roomNid }) => roomNid));
  const now = (isJoined: boolean) =>
    moved
      .filter(({ roomNid, membership }) => (membership === 'join') === isJoined && wasIn.has(roomNid) !== isJoined)
      .map(({ roomNid }) => roomNid);
  return { entered: now(true), exited: now(false) };
}

function wasJoined(json: string | null): boolean {
  return json !== null && (JSON.parse(json) as { readonly content: JsonObject }).content['membership'] === 'join';
}
