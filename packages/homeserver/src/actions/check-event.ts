// What a client may not send although the rules of a room would let it, or would refuse it in words that help nobody: identifiers too
// long, power levels that are no numbers, aliases that point elsewhere. Asked by send-event.ts, send-state.ts and create-room.ts.
// https://spec.matrix.org/v1.19/client-server-api/#size-limits
import { isJsonObject, isUserId, type JsonObject, type JsonValue, MatrixError, parseRoomAlias } from '@pons/spec';
import { findAlias } from '../rooms/aliases.ts';
import type { Queryable } from '../storage/database.ts';

/** Of a type and of a state key. */
const keyBytesMax = 255;

/**
 * Type and state key of an event that a client wants to send.
 *
 * @throws MatrixError M_INVALID_PARAM, M_TOO_LARGE
 */
export function checkEventKeys(type: string, stateKey?: string): void {
  if (type === '') throw new MatrixError('M_INVALID_PARAM', 'The type of an event is not empty.');
  for (const [name, value] of [
    ['type', type],
    ['state_key', stateKey ?? ''],
  ] as const) {
    if (value.includes('\0')) throw new MatrixError('M_INVALID_PARAM', `U+0000 cannot be in the ${name} of an event.`);
    if (Buffer.byteLength(value) > keyBytesMax) {
      throw new MatrixError('M_TOO_LARGE', `The ${name} of an event has at most ${keyBytesMax} bytes.`);
    }
  }
}

/** Of a transaction id, which is part of an indexed key. */
const txnIdBytesMax = 1_000;

/**
 * A transaction id.
 *
 * @throws MatrixError M_INVALID_PARAM
 */
export function checkTxnId(txnId: string): void {
  if (txnId.includes('\0') || Buffer.byteLength(txnId) > txnIdBytesMax) {
    throw new MatrixError('M_INVALID_PARAM', `A transaction id has at most ${txnIdBytesMax} bytes and no U+0000.`);
  }
}

/** Of a name that an application service gives an event. */
const remoteIdBytesMax = 255;

/**
 * A name that an application service gives an event, as it stands in `event_id` of a batch or in `fi.mau.event_id`.
 *
 * @throws MatrixError M_INVALID_PARAM
 */
export function checkRemoteId(remoteId: string): string {
  if (remoteId !== '' && !remoteId.includes('\0') && Buffer.byteLength(remoteId) <= remoteIdBytesMax) return remoteId;
  throw new MatrixError('M_INVALID_PARAM', `An event_id has 1 to ${remoteIdBytesMax} bytes and no U+0000.`);
}

/**
 * Content of a state event that a client wants to send.
 *
 * @throws MatrixError M_BAD_JSON for power levels and memberships of a wrong shape
 */
export function checkStateContent(type: string, content: JsonObject): void {
  if (type === 'm.room.power_levels') checkPowerLevels(content);
  if (type === 'm.room.member') {
    for (const key of ['displayname', 'avatar_url', 'reason']) {
      const value = content[key] ?? null;
      if (value !== null && typeof value !== 'string') throw new MatrixError('M_BAD_JSON', `${key} must be a string.`);
    }
  }
}

const levelKeys = ['ban', 'events_default', 'invite', 'kick', 'redact', 'state_default', 'users_default'];

/**
 * Power levels as room versions 10 and later want them: integers.
 *
 * @throws MatrixError M_BAD_JSON
 */
export function checkPowerLevels(content: JsonObject): void {
  for (const key of levelKeys) checkLevel(key, content[key]);
  for (const key of ['events', 'users', 'notifications']) {
    const levels = content[key];
    if (levels === undefined) continue;
    if (!isJsonObject(levels)) throw new MatrixError('M_BAD_JSON', `${key} must be an object of power levels.`);
    for (const [name, level] of Object.entries(levels)) {
      checkLevel(`each of ${key}`, level);
      if (key === 'users' && !isUserId(name)) throw new MatrixError('M_BAD_JSON', 'users must be keyed by user ids.');
    }
  }
}

function checkLevel(name: string, level: JsonValue | undefined): void {
  if (level !== undefined && !Number.isSafeInteger(level)) {
    throw new MatrixError('M_BAD_JSON', `Power levels are integers: ${name} is not.`);
  }
}

/**
 * Aliases in m.room.canonical_alias: those that were not there before must name this room.
 *
 * @throws MatrixError M_INVALID_PARAM, M_BAD_ALIAS
 * @see https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3roomsroomidstateeventtypestatekey
 */
export async function checkCanonicalAlias(
  db: Queryable,
  room: { readonly roomId: string; readonly before: JsonObject | undefined; readonly serverName: string },
  content: JsonObject,
): Promise<void> {
  const known = new Set(room.before === undefined ? [] : aliasesIn(room.before));
  for (const alias of aliasesIn(content)) {
    if (known.has(alias)) continue;
    const parsed = typeof alias === 'string' ? parseRoomAlias(alias) : undefined;
    if (parsed === undefined || typeof alias !== 'string' || alias.includes('\0')) {
      throw new MatrixError('M_INVALID_PARAM', 'A room alias has the form #name:server.');
    }
    const named = parsed.serverName === room.serverName ? await findAlias(db, alias) : undefined;
    if (named?.roomId !== room.roomId) {
      throw new MatrixError('M_BAD_ALIAS', `The alias ${alias} does not point to this room.`);
    }
  }
}

function aliasesIn(content: JsonObject): JsonValue[] {
  const { alias, alt_aliases: others } = content;
  if (others !== undefined && others !== null && !Array.isArray(others)) {
    throw new MatrixError('M_INVALID_PARAM', 'alt_aliases must be a list of room aliases.');
  }
  return [...(alias === undefined || alias === null || alias === '' ? [] : [alias]), ...(others ?? [])];
}

/**
 * A user id that a request names.
 *
 * @throws MatrixError M_INVALID_PARAM
 */
export function checkUserId(userId: string): string {
  if (isUserId(userId) && !userId.includes('\0')) return userId;
  throw new MatrixError('M_INVALID_PARAM', 'A user id has the form @name:server.');
}
