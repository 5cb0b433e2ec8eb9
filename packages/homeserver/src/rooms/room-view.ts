// What a user may know of a room at all: who is in it sees it as it is now, who has left sees it as it was then, anybody sees it where
// its history is world readable. Every read of a room by a client starts here.
// https://spec.matrix.org/v1.19/client-server-api/#room-history-visibility
import { type JsonObject, MatrixError, type Pdu, type RoomVersionRules, roomVersionRules } from '@pons/spec';
import { historyVisibilityOf } from '../rules/history-visibility.ts';
import type { Requester } from '../platform/requester.ts';
import type { Queryable } from '../storage/database.ts';
import { type HistoryPlace, historyEnd } from '../storage/tables/events.ts';
import { joinedUserOfAppservice, memberOf } from '../storage/tables/room-members.ts';
import { currentKeyValues, keyHistory, type StatePlace } from '../storage/tables/room-state.ts';
import { type RoomRow, roomById } from '../storage/tables/rooms.ts';

/** Changes of one membership that are looked through for the last time the user was in the room. */
const membershipChangesMax = 200;

/** A room as one user may see it. */
export interface RoomView {
  readonly room: RoomRow;
  readonly rules: RoomVersionRules;
  readonly userId: string;
  /** Now; `leave` for somebody who never was there. */
  readonly membership: string;
  /** Up to here they joined later: the event that made them a member the last time, or the end while they are. Absent: never. */
  readonly joinedAt?: HistoryPlace;
  /** Where their view ends: the event by which they left. Absent: it does not. */
  readonly until?: HistoryPlace;
  /** The state they see. */
  readonly statePlace: StatePlace;
}

/** Who looks. */
export type Viewer = Pick<Requester, 'userId' | 'readsRoomsOf'>;

/**
 * The room as the user may see it; where they were never in it, as a user of theirs in it may, if they read what those may.
 *
 * @throws MatrixError M_FORBIDDEN when they may not; an unknown room answers the same
 */
export async function viewRoom(db: Queryable, roomId: string, { userId, readsRoomsOf }: Viewer): Promise<RoomView> {
  const { room, rules } = await knownRoom(db, roomId);
  const member = await memberOf(db, room.roomNid, userId);
  const membership = member?.membership ?? 'leave';
  const now: StatePlace = { line: 0, version: room.stateVersion };
  if (membership === 'join') return { room, rules, userId, membership, joinedAt: historyEnd, statePlace: now };
  // https://github.com/matrix-org/matrix-spec-proposals/pull/3547
  const inside = readsRoomsOf === undefined ? undefined : await joinedUserOfAppservice(db, room.roomNid, readsRoomsOf);
  if (inside !== undefined) return viewRoom(db, roomId, { userId: inside });
  const stay = member === undefined || member.forgotten ? undefined : await lastStay(db, room.roomNid, userId);
  if (stay !== undefined) return { room, rules, userId, membership, ...stay };
  const [visibility] = await currentKeyValues(db, room.roomNid, [{ type: 'm.room.history_visibility', stateKey: '' }]);
  if (historyVisibilityOf(contentOf(visibility?.json)) !== 'world_readable') throw notInRoom();
  return { room, rules, userId, membership, statePlace: now };
}

/**
 * The room in which the user is now.
 *
 * @throws MatrixError M_FORBIDDEN when they are not
 */
export async function viewJoinedRoom(
  db: Queryable,
  roomId: string,
  userId: string,
): Promise<{ readonly room: RoomRow; readonly rules: RoomVersionRules }> {
  const known = await knownRoom(db, roomId);
  const member = await memberOf(db, known.room.roomNid, userId);
  if (member?.membership !== 'join') throw notInRoom();
  return known;
}

/** The room with this id, whoever asks; undefined when this server does not know it. For checks, never for showing. */
export async function findRoom(db: Queryable, roomId: string): Promise<RoomRow | undefined> {
  return roomId.includes('\0') ? undefined : roomById(db, roomId);
}

async function knownRoom(db: Queryable, roomId: string) {
  const room = await findRoom(db, roomId);
  const rules = room === undefined ? undefined : roomVersionRules(room.roomVersion);
  if (room === undefined || rules === undefined) throw notInRoom();
  return { room, rules };
}

// The last time that somebody who is not there now was joined: from which event, and until which.
async function lastStay(db: Queryable, roomNid: number, userId: string) {
  const key = { type: 'm.room.member', stateKey: userId };
  const history = await keyHistory(db, roomNid, key, membershipChangesMax);
  const isJoin = history.map((row) => contentOf(row.json)?.['membership'] === 'join');
  const last = isJoin.indexOf(true);
  const ended = history[last - 1];
  if (last === -1 || ended === undefined) return undefined;
  // Changes of name while being there are joins too; the first of them began the stay.
  const before = isJoin.indexOf(false, last);
  const first = history[before === -1 ? history.length - 1 : before - 1] ?? ended;
  return {
    joinedAt: { major: first.orderMajor, minor: first.orderMinor },
    until: { major: ended.orderMajor, minor: ended.orderMinor },
    statePlace: { line: 0, version: ended.fromVersion },
  };
}

function contentOf(json: string | undefined): JsonObject | undefined {
  return json === undefined ? undefined : (JSON.parse(json) as Pdu).content;
}

function notInRoom(): MatrixError {
  return new MatrixError('M_FORBIDDEN', 'You are not in that room.');
}
