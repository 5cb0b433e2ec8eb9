// Filters: what a client wants to hear of. Checked when stored and when given inline, so that whoever applies one (sync, /messages)
// meets only well-formed ones. An identical filter keeps its id.
// https://spec.matrix.org/v1.19/client-server-api/#filtering

import { canonicalJson, isJsonObject, type JsonObject, type JsonValue, MatrixError, parseJsonObject } from '@pons/spec';
import { LRUCache } from 'lru-cache';
import { atMost } from '../platform/at-most.ts';
import type { Queryable } from '../storage/database.ts';
import { findFilter, findSameFilter, insertFilter } from '../storage/tables/filters.ts';

/** Which events pass, by sender and type. Types may hold `*`. */
export interface EventFilter {
  readonly limit?: number;
  readonly senders?: readonly string[];
  readonly notSenders?: readonly string[];
  readonly types?: readonly string[];
  readonly notTypes?: readonly string[];
}

/** Which events of rooms pass. */
export interface RoomEventFilter extends EventFilter {
  readonly rooms?: readonly string[];
  readonly notRooms?: readonly string[];
  readonly containsUrl?: boolean;
  readonly lazyLoadMembers: boolean;
  readonly includeRedundantMembers: boolean;
}

/** A whole filter, parsed. */
export interface Filter {
  readonly eventFields?: readonly string[];
  readonly eventFormat: 'client' | 'federation';
  readonly presence: EventFilter;
  readonly accountData: EventFilter;
  readonly rooms?: readonly string[];
  readonly notRooms?: readonly string[];
  readonly includeLeave: boolean;
  readonly ephemeral: RoomEventFilter;
  readonly state: RoomEventFilter;
  readonly timeline: RoomEventFilter;
  readonly roomAccountData: RoomEventFilter;
}

const filterBytesMax = 65_536;
/** Entries of one list in a filter. */
const listMax = 10_000;
/** Filters are numbered by counting; a race for the number is lost to another request of the same user, seldom twice. */
const attemptsMax = 10;

const cachedFiltersMax = 10_000;

/** Stored filters never change, so those in use stay in memory, parsed. */
export class StoredFilters {
  readonly #db: Queryable;
  readonly #parsed = new LRUCache<string, Filter>(atMost(cachedFiltersMax));

  constructor(db: Queryable) {
    this.#db = db;
  }

  /** A stored filter, parsed. @throws MatrixError M_NOT_FOUND */
  async get(userId: string, filterId: string): Promise<Filter> {
    const key = `${userId} ${filterId}`;
    const known = this.#parsed.get(key);
    if (known !== undefined) return known;
    const filter = parseFilter(await getFilter(this.#db, userId, filterId));
    this.#parsed.set(key, filter);
    return filter;
  }
}

/** @throws MatrixError M_BAD_JSON naming the part that is malformed */
export function parseFilter(json: JsonObject): Filter {
  const room = objectAt(json, 'room');
  const eventFormat = json['event_format'] ?? 'client';
  if (eventFormat !== 'client' && eventFormat !== 'federation') {
    throw new MatrixError('M_BAD_JSON', 'filter: `event_format` must be client or federation');
  }
  return {
    ...optional('eventFields', listAt(json, 'event_fields')),
    eventFormat,
    presence: eventFilter(objectAt(json, 'presence')),
    accountData: eventFilter(objectAt(json, 'account_data')),
    ...optional('rooms', listAt(room, 'rooms', '!')),
    ...optional('notRooms', listAt(room, 'not_rooms', '!')),
    includeLeave: flagAt(room, 'include_leave') ?? false,
    ephemeral: parseRoomEventFilter(objectAt(room, 'ephemeral')),
    state: parseRoomEventFilter(objectAt(room, 'state')),
    timeline: parseRoomEventFilter(objectAt(room, 'timeline')),
    roomAccountData: parseRoomEventFilter(objectAt(room, 'account_data')),
  };
}

/** @throws MatrixError M_BAD_JSON naming the part that is malformed */
export function parseRoomEventFilter(json: JsonObject): RoomEventFilter {
  return {
    ...eventFilter(json),
    ...optional('rooms', listAt(json, 'rooms', '!')),
    ...optional('notRooms', listAt(json, 'not_rooms', '!')),
    ...optional('containsUrl', flagAt(json, 'contains_url')),
    lazyLoadMembers: flagAt(json, 'lazy_load_members') ?? false,
    includeRedundantMembers: flagAt(json, 'include_redundant_members') ?? false,
  };
}

/**
 * Stores a filter and answers its id.
 *
 * @throws MatrixError M_BAD_JSON, M_TOO_LARGE
 */
export async function defineFilter(db: Queryable, userId: string, json: JsonObject): Promise<string> {
  parseFilter(json);
  const text = canonicalJson(json);
  if (Buffer.byteLength(text) > filterBytesMax) {
    throw new MatrixError('M_TOO_LARGE', `a filter has at most ${filterBytesMax} bytes`);
  }
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    const id = (await findSameFilter(db, userId, text)) ?? (await insertFilter(db, userId, text));
    if (id !== undefined) return String(id);
  }
  throw new MatrixError('M_LIMIT_EXCEEDED', 'too many filters are being stored at once: try again');
}

/** A stored filter as its client gave it. @throws MatrixError M_NOT_FOUND */
export async function getFilter(db: Queryable, userId: string, filterId: string): Promise<JsonObject> {
  const number = /^\d{1,15}$/.test(filterId) ? Number(filterId) : undefined;
  const json = number === undefined ? undefined : await findFilter(db, userId, number);
  if (json === undefined) throw new MatrixError('M_NOT_FOUND', 'you have no filter with this id');
  return parseJsonObject(json, 'any');
}

function eventFilter(json: JsonObject): EventFilter {
  const limit = json['limit'];
  if (limit !== undefined && (typeof limit !== 'number' || !Number.isSafeInteger(limit) || limit < 0)) {
    throw new MatrixError('M_BAD_JSON', 'filter: `limit` must be an integer greater than 0');
  }
  return {
    ...optional('limit', limit),
    ...optional('senders', listAt(json, 'senders', '@')),
    ...optional('notSenders', listAt(json, 'not_senders', '@')),
    ...optional('types', listAt(json, 'types')),
    ...optional('notTypes', listAt(json, 'not_types')),
  };
}

function objectAt(json: JsonObject, key: string): JsonObject {
  const value = json[key] ?? {};
  if (!isJsonObject(value)) throw new MatrixError('M_BAD_JSON', `filter: \`${key}\` must be an object`);
  return value;
}

function flagAt(json: JsonObject, key: string): boolean | undefined {
  const value = json[key] ?? undefined;
  if (value !== undefined && typeof value !== 'boolean') {
    throw new MatrixError('M_BAD_JSON', `filter: \`${key}\` must be true or false`);
  }
  return value;
}

/** A list of strings; with a sigil, of ids that begin with it and name a server or, since room version 12, none. */
function listAt(json: JsonObject, key: string, sigil?: '!' | '@'): readonly string[] | undefined {
  const value: JsonValue | undefined = json[key] ?? undefined;
  if (value === undefined) return undefined;
  if (!Array.isArray(value) || value.length > listMax) {
    throw new MatrixError('M_BAD_JSON', `filter: \`${key}\` must be a list of at most ${listMax} strings`);
  }
  return value.map((entry) => {
    if (typeof entry !== 'string' || (sigil !== undefined && !entry.startsWith(sigil))) {
      throw new MatrixError(
        'M_BAD_JSON',
        `filter: \`${key}\` must hold ${sigil === undefined ? 'strings' : `ids that begin with ${sigil}`}`,
      );
    }
    return entry;
  });
}

function optional<Key extends string, Value>(key: Key, value: Value | undefined): { [K in Key]?: Value } {
  return value === undefined ? {} : ({ [key]: value } as { [K in Key]?: Value });
}
