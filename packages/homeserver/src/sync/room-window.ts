// Which rooms a response speaks of, and the stretch of each room's history that it covers. A joined room is covered from `since` on, or
// from its newest events backwards when the client does not know it yet; a left room ends with the event by which the user left.

import { type JsonObject, type RoomVersionRules, roomVersionRules } from '@pons/spec';
import type { Queryable } from '../storage/database.ts';
import { type StreamRoomRow, streamLeavings, streamMembershipsAt } from '../storage/tables/stream.ts';
import { roomPasses } from './filter.ts';
import type { Reading } from './sync-request.ts';

/** What a window says of its room. */
export type WindowRoom = Pick<
  StreamRoomRow,
  'roomNid' | 'roomId' | 'stateVersion' | 'joined' | 'invited' | 'membership' | 'memberPosition'
>;

/** A room and the stretch of its history that a response covers: after `after`, up to `upTo`. */
export interface RoomWindow {
  readonly room: WindowRoom;
  readonly rules: RoomVersionRules;
  readonly section: 'join' | 'leave';
  /** The client does not know the room: it gets the whole state. */
  readonly isNew: boolean;
  /** False for a room that the user was never in: then its state is not theirs to see. */
  readonly showsState: boolean;
  readonly after: number;
  readonly upTo: number;
  /** Version of the room's state at the end of the stretch. */
  readonly endVersion: number;
}

/** Rooms of a response by what the user is in them. */
export interface RoomsOfResponse {
  readonly windows: readonly RoomWindow[];
  readonly invited: readonly StreamRoomRow[];
  readonly knocked: readonly StreamRoomRow[];
}

const beforeAll = Number.MIN_SAFE_INTEGER;

/** Sorts the rooms of a user into the sections of a response. */
export async function roomsOfResponse(
  db: Queryable,
  reading: Reading,
  rooms: readonly StreamRoomRow[],
): Promise<RoomsOfResponse> {
  const { filter, since, userId } = reading.request;
  const passing = rooms.filter((room) => roomPasses(filter, room.roomId));
  const after = since?.position;
  const changed = after === undefined ? [] : passing.filter((room) => room.memberPosition > after);
  const earlier = after === undefined ? new Map<number, string>() : await membershipsThen(db, changed, userId, after);
  const isFresh = (room: StreamRoomRow) => after === undefined || room.memberPosition > after;
  const left = passing.filter((room) => showsLeft(reading, room, earlier.get(room.roomNid)));
  const leavings = new Map((await streamLeavings(db, left)).map((leaving) => [leaving.roomNid, leaving]));
  const windows: RoomWindow[] = [];
  for (const room of passing) {
    const rules = roomVersionRules(room.roomVersion);
    if (rules === undefined) continue;
    const wasThere = after !== undefined && (!isFresh(room) || earlier.get(room.roomNid) === 'join');
    const from = { isNew: !wasThere, after: wasThere ? after : beforeAll };
    const leaving = leavings.get(room.roomNid);
    if (room.memberEventNid === null) {
      windows.push(tornOut(room, rules));
    } else if (room.membership === 'join') {
      const { stateVersion: endVersion } = room;
      windows.push({ room, rules, section: 'join', showsState: true, ...from, upTo: reading.position, endVersion });
    } else if (leaving !== undefined) {
      const { endVersion } = leaving;
      const showsState = wasThere || membershipIn(leaving.beforeJson) === 'join';
      // Who was only invited, knocked or banned from outside hears of that event alone.
      const stretch = showsState ? from : { ...from, after: room.memberPosition - 1 };
      windows.push({ room, rules, section: 'leave', showsState, ...stretch, upTo: room.memberPosition, endVersion });
    }
  }
  const outside = (membership: string) => passing.filter((room) => room.membership === membership && isFresh(room));
  const invited = outside('invite').filter((room) => !reading.ignored.has(room.memberSender));
  return { windows, invited, knocked: outside('knock') };
}

// No event says that they are gone, nor is anything of the room theirs to see any more.
function tornOut(room: StreamRoomRow, rules: RoomVersionRules): RoomWindow {
  const { memberPosition: at, stateVersion: endVersion } = room;
  return { room, rules, section: 'leave', isNew: false, showsState: false, after: at, upTo: at, endVersion };
}

/** A left room is news when the client may have thought otherwise, or when it asks for left rooms from the start. */
function showsLeft(reading: Reading, room: StreamRoomRow, earlier: string | undefined): boolean {
  if (room.membership !== 'leave' && room.membership !== 'ban') return false;
  const { since, filter } = reading.request;
  if (since === undefined) return !room.forgotten && filter.includeLeave;
  // News, even of a room that was forgotten at once: the user's other clients have to hear that it was left.
  if (room.memberPosition > since.position) return !(room.forgotten && earlier === undefined);
  return !room.forgotten && filter.includeLeave && reading.request.fullState;
}

async function membershipsThen(
  db: Queryable,
  rooms: readonly StreamRoomRow[],
  userId: string,
  position: number,
): Promise<ReadonlyMap<number, string>> {
  const rows = await streamMembershipsAt(
    db,
    rooms.map((room) => room.roomNid),
    userId,
    position,
  );
  return new Map(rows.map(({ roomNid, json }) => [roomNid, membershipIn(json) ?? 'leave']));
}

function membershipIn(json: string | null): string | undefined {
  if (json === null) return undefined;
  const { membership } = (JSON.parse(json) as { content: JsonObject }).content;
  return typeof membership === 'string' ? membership : undefined;
}
