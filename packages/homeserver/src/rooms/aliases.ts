// Aliases of this server: which room they name. Written through the room's lane like everything else of a room.
// https://spec.matrix.org/v1.19/client-server-api/#room-aliases
import { MatrixError, parseRoomAlias } from '@pons/spec';
import type { Queryable } from '../storage/database.ts';
import { type AliasRow, aliasesOfRoom, aliasRow } from '../storage/tables/room-aliases.ts';

/** What an alias of this server names, or undefined. */
export async function findAlias(db: Queryable, alias: string): Promise<AliasRow | undefined> {
  return aliasRow(db, alias);
}

/** Aliases of a room on this server, sorted. */
export async function localAliases(db: Queryable, roomNid: number): Promise<string[]> {
  return aliasesOfRoom(db, roomNid);
}

/**
 * The alias, if it is one that this server may give out.
 *
 * @throws MatrixError M_INVALID_PARAM
 */
export function checkLocalAlias(alias: string, serverName: string): string {
  const parsed = parseRoomAlias(alias);
  if (parsed === undefined || alias.includes('\0')) {
    throw new MatrixError('M_INVALID_PARAM', 'A room alias has the form #name:server and at most 255 bytes.');
  }
  if (parsed.serverName !== serverName) {
    throw new MatrixError('M_INVALID_PARAM', `Aliases of ${parsed.serverName} are given out by that server.`);
  }
  return alias;
}
