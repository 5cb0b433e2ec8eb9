// The server's published rooms, the largest first, and the short description of a room that the directory (and a hierarchy of spaces)
// shows. Read from the current state in one query per page; nothing is kept beside it that could grow stale.
// https://spec.matrix.org/v1.19/client-server-api/#published-room-directory
import { isJsonObject, type JsonObject, type JsonValue, MatrixError } from '@pons/spec';
import type { Queryable } from '../storage/database.ts';
import { currentKeyValuesOfRooms } from '../storage/tables/room-state.ts';
import { publishedRoomCount, publishedRooms, type RoomList, type RoomRow } from '../storage/tables/rooms.ts';

/** Rooms on a page. */
const pageDefault = 100;
const pageMax = 500;
/** Rooms that one filtered request looks through. */
const scannedMax = 5_000;

const describingTypes = [
  'm.room.canonical_alias',
  'm.room.name',
  'm.room.topic',
  'm.room.avatar',
  'm.room.history_visibility',
  'm.room.guest_access',
  'm.room.join_rules',
  'm.room.create',
];

/** What a client asks of the directory. */
export interface DirectoryQuery {
  readonly limit?: number | undefined;
  readonly since?: string | undefined;
  readonly searchTerm?: string | undefined;
  /** null: rooms without a type. */
  readonly roomTypes?: readonly (string | null)[] | undefined;
  /** Which directory; the server's own unless given. */
  readonly list?: RoomList;
}

/**
 * A page of the directory, in the form of the API.
 *
 * @throws MatrixError M_INVALID_PARAM for a token that is none
 */
export async function publicRooms(db: Queryable, query: DirectoryQuery): Promise<JsonObject> {
  const limit = Math.min(Math.max(query.limit ?? pageDefault, 1), pageMax);
  let after = query.since === undefined ? undefined : parseSince(query.since);
  const chunk: JsonObject[] = [];
  let more = true;
  for (let scanned = 0; more && chunk.length < limit && scanned < scannedMax; ) {
    const rooms = await publishedRooms(db, limit + 1, after, query.list);
    const descriptions = await describeRooms(db, rooms.slice(0, limit));
    scanned += rooms.length;
    more = rooms.length > limit;
    for (const [at, room] of rooms.slice(0, limit).entries()) {
      after = room;
      const description = descriptions.get(room.roomNid);
      if (description !== undefined && matches(description, query)) chunk.push(description);
      if (chunk.length === limit) {
        more ||= at < Math.min(rooms.length, limit) - 1;
        break;
      }
    }
  }
  return {
    chunk,
    total_room_count_estimate: await publishedRoomCount(db, query.list),
    ...(more && after !== undefined ? { next_batch: `p${after.joined}_${after.roomNid}` } : {}),
  };
}

/** Short descriptions of rooms by room number, in the form of the API. */
async function describeRooms(db: Queryable, rooms: readonly RoomRow[]): Promise<Map<number, JsonObject>> {
  const rows = await currentKeyValuesOfRooms(
    db,
    rooms.map((room) => room.roomNid),
    describingTypes.map((type) => ({ type, stateKey: '' })),
  );
  const contents = new Map(rooms.map((room) => [room.roomNid, new Map<string, JsonObject>()]));
  for (const { roomNid, type, json } of rows) {
    const { content } = JSON.parse(json) as { content: JsonObject };
    contents.get(roomNid)?.set(type, content);
  }
  return new Map(rooms.map((room) => [room.roomNid, describe(room, contents.get(room.roomNid) ?? new Map())]));
}

function describe(room: RoomRow, contents: ReadonlyMap<string, JsonObject>): JsonObject {
  const of = (type: string, key: string): JsonValue | undefined => contents.get(type)?.[key];
  const description: JsonObject = {
    room_id: room.roomId,
    num_joined_members: room.joined,
    world_readable: of('m.room.history_visibility', 'history_visibility') === 'world_readable',
    guest_can_join: of('m.room.guest_access', 'guest_access') === 'can_join',
  };
  const texts: Record<string, JsonValue | undefined> = {
    name: of('m.room.name', 'name'),
    topic: of('m.room.topic', 'topic'),
    canonical_alias: of('m.room.canonical_alias', 'alias'),
    avatar_url: of('m.room.avatar', 'url'),
    join_rule: of('m.room.join_rules', 'join_rule'),
    room_type: of('m.room.create', 'type'),
  };
  for (const [key, value] of Object.entries(texts)) {
    if (typeof value === 'string' && value !== '') description[key] = value;
  }
  return description;
}

function matches(description: JsonObject, { searchTerm, roomTypes }: DirectoryQuery): boolean {
  if (roomTypes !== undefined) {
    const type = description['room_type'];
    if (!roomTypes.includes(typeof type === 'string' ? type : null)) return false;
  }
  if (searchTerm === undefined || searchTerm === '') return true;
  const term = searchTerm.toLowerCase();
  return ['name', 'topic', 'canonical_alias'].some((key) => {
    const value = description[key];
    return typeof value === 'string' && value.toLowerCase().includes(term);
  });
}

function parseSince(since: string): { readonly joined: number; readonly roomNid: number } {
  const [, joined, roomNid] = /^p(\d{1,9})_(\d{1,15})$/.exec(since) ?? [];
  if (joined === undefined || roomNid === undefined) {
    throw new MatrixError('M_INVALID_PARAM', 'since is not a token of the room directory.');
  }
  return { joined: Number(joined), roomNid: Number(roomNid) };
}

/**
 * The directory that a client asks for: with neither of the two, the server's own.
 *
 * @throws MatrixError M_INVALID_PARAM for both at once
 */
export function directoryList(allNetworks: boolean, instanceId: string | undefined): RoomList {
  if (instanceId === undefined) return allNetworks ? 'all' : 'server';
  if (allNetworks) {
    throw new MatrixError('M_INVALID_PARAM', 'Give third_party_instance_id or include_all_networks, not both.');
  }
  if (instanceId.includes('\0')) {
    throw new MatrixError('M_INVALID_PARAM', 'third_party_instance_id is an instance_id of /thirdparty/protocols.');
  }
  return { instanceId };
}

/** The directory's filter as a client gives it. */
export function directoryFilter(filter: JsonValue | undefined): Pick<DirectoryQuery, 'searchTerm' | 'roomTypes'> {
  if (!isJsonObject(filter)) return {};
  const { generic_search_term: term, room_types: types } = filter;
  return {
    searchTerm: typeof term === 'string' ? term : undefined,
    roomTypes: Array.isArray(types)
      ? types.filter((type): type is string | null => type === null || typeof type === 'string')
      : undefined,
  };
}
