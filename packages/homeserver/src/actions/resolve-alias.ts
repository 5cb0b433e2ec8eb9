// Which room an alias names. One of this server that names nothing yet may be one that an application service makes when asked.
// https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3directoryroomroomalias
import { MatrixError, parseRoomAlias, parseRoomId } from '@pons/spec';
import type { Requester } from '../platform/requester.ts';
import { findAlias } from '../rooms/aliases.ts';
import type { RoomActionParts } from './room-action-parts.ts';

/** What resolving needs of the house. */
export type ResolveAliasParts = Pick<RoomActionParts, 'db' | 'serverName' | 'queryAlias'>;

/**
 * The room that an alias names, and servers that know it.
 *
 * @param requester  who asks: an application service is not asked in turn about its own
 * @throws MatrixError M_NOT_FOUND, M_INVALID_PARAM for what is no alias
 */
export async function resolveAlias(
  parts: ResolveAliasParts,
  alias: string,
  requester: Requester | undefined,
): Promise<{ readonly roomId: string; readonly servers: readonly string[] }> {
  const parsed = parseRoomAlias(alias);
  if (parsed === undefined || alias.includes('\0')) {
    throw new MatrixError('M_INVALID_PARAM', 'A room alias has the form #name:server.');
  }
  if (parsed.serverName === parts.serverName) {
    const found =
      (await findAlias(parts.db, alias)) ??
      ((await parts.queryAlias(alias, requester?.appserviceId)) ? await findAlias(parts.db, alias) : undefined);
    if (found !== undefined) return { roomId: found.roomId, servers: [parts.serverName] };
  }
  throw new MatrixError('M_NOT_FOUND', `The alias ${alias} names no room.`);
}

/**
 * The room that an id or an alias names.
 *
 * @throws MatrixError M_NOT_FOUND, M_INVALID_PARAM for what is neither
 */
export async function roomIdOf(
  parts: ResolveAliasParts,
  roomIdOrAlias: string,
  requester: Requester | undefined,
): Promise<string> {
  if (roomIdOrAlias.startsWith('#')) return (await resolveAlias(parts, roomIdOrAlias, requester)).roomId;
  if (parseRoomId(roomIdOrAlias) !== undefined && !roomIdOrAlias.includes('\0')) return roomIdOrAlias;
  throw new MatrixError('M_INVALID_PARAM', 'A room is named by its id (!…) or an alias (#name:server).');
}
