// Giving out and taking back aliases, and listing rooms in the directory: changes of a room that are no events, written by its lane.
// https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3directoryroomroomalias
import { isJsonObject, MatrixError } from '@pons/spec';
import type { Requester } from '../platform/requester.ts';
import { checkLocalAlias, findAlias } from '../rooms/aliases.ts';
import { currentContent } from '../rooms/current-state.ts';
import { powerIn } from '../rooms/power.ts';
import { findRoom, viewJoinedRoom } from '../rooms/room-view.ts';
import type { RoomActionParts } from './room-action-parts.ts';

/**
 * Refuses an alias that is reserved for an application service other than the one that asks, and to an application service one outside
 * its own namespaces. https://spec.matrix.org/v1.19/application-service-api/#server-admin-style-permissions
 *
 * @throws MatrixError M_EXCLUSIVE
 */
export function checkAliasFree(parts: Pick<RoomActionParts, 'nameOwners'>, requester: Requester, alias: string): void {
  const { appserviceId } = requester;
  if (appserviceId !== undefined && !parts.nameOwners.covers(appserviceId, alias)) {
    throw new MatrixError('M_EXCLUSIVE', `${alias} is outside the namespaces of this application service.`);
  }
  const owner = parts.nameOwners.exclusiveOwner(alias, appserviceId);
  if (owner !== undefined && owner !== appserviceId) {
    throw new MatrixError('M_EXCLUSIVE', `${alias} is reserved for an application service.`);
  }
}

/**
 * Makes an alias name a room.
 *
 * @throws MatrixError M_INVALID_PARAM, M_EXCLUSIVE, M_UNKNOWN with 409 when it is taken, M_NOT_FOUND, M_FORBIDDEN for a room the user is not in
 */
export async function setAlias(
  parts: RoomActionParts,
  requester: Requester,
  alias: string,
  roomId: string,
): Promise<void> {
  checkLocalAlias(alias, parts.serverName);
  checkAliasFree(parts, requester, alias);
  const taken = new MatrixError('M_UNKNOWN', `The alias ${alias} exists already.`, { status: 409 });
  if ((await findAlias(parts.db, alias)) !== undefined) throw taken;
  if ((await findRoom(parts.db, roomId)) === undefined) {
    throw new MatrixError('M_NOT_FOUND', 'This server does not know that room.');
  }
  // An application service names rooms of its namespace without being in them; what was narrowed from its token does not.
  if (requester.appserviceId === undefined || requester.narrowed === true)
    await viewJoinedRoom(parts.db, roomId, requester.userId);
  try {
    await parts.lanes.propose({ roomId, drafts: [], aliases: [{ alias, creator: requester.userId }] });
  } catch (error) {
    if (error instanceof MatrixError && error.errcode === 'M_ROOM_IN_USE') throw taken;
    throw error;
  }
}

/**
 * Takes an alias back: who made it may, who may set the room's canonical alias, administrators, and an application service in its
 * namespaces. One that is reserved for an application service is taken back by it, or by an administrator, alone.
 *
 * @throws MatrixError M_NOT_FOUND, M_EXCLUSIVE, M_FORBIDDEN
 */
export async function removeAlias(parts: RoomActionParts, requester: Requester, alias: string): Promise<void> {
  checkLocalAlias(alias, parts.serverName);
  const found = await findAlias(parts.db, alias);
  if (found === undefined) throw new MatrixError('M_NOT_FOUND', `The alias ${alias} names no room.`);
  const { appserviceId } = requester;
  const owner = parts.nameOwners.exclusiveOwner(alias, appserviceId);
  if (owner !== undefined && owner !== appserviceId && !requester.admin)
    throw new MatrixError('M_EXCLUSIVE', `${alias} is reserved for an application service.`);
  const isCovered =
    appserviceId !== undefined && requester.narrowed !== true && parts.nameOwners.covers(appserviceId, alias);
  const isOwn = found.creator === requester.userId || isCovered;
  if (!isOwn && !requester.admin) await mayChangeAliases(parts, requester, found.roomNid, found.roomId);
  await parts.lanes.propose({ roomId: found.roomId, drafts: [], aliasesRemoved: [alias] });
  await dropFromCanonical(parts, requester, found, alias);
}

async function mayChangeAliases(parts: RoomActionParts, requester: Requester, roomNid: number, roomId: string) {
  const { rules } = await viewJoinedRoom(parts.db, roomId, requester.userId);
  const levels = await powerIn(parts.db, roomNid, rules);
  if (levels.levelOf(requester.userId) >= levels.needed('m.room.canonical_alias', true)) return;
  throw new MatrixError('M_FORBIDDEN', 'That alias was made by somebody else.');
}

// The canonical alias should not name what is gone; where the user may not change it, it stays, as the specification allows.
async function dropFromCanonical(
  parts: RoomActionParts,
  { userId }: Requester,
  room: { readonly roomNid: number; readonly roomId: string },
  alias: string,
): Promise<void> {
  const type = 'm.room.canonical_alias';
  const content = await currentContent(parts.db, room.roomNid, type);
  if (content === undefined || !isJsonObject(content)) return;
  const { alias: main, alt_aliases: others, ...rest } = content;
  const list = Array.isArray(others) ? others : [];
  if (main !== alias && !list.includes(alias)) return;
  const next = {
    ...rest,
    ...(main === undefined || main === alias ? {} : { alias: main }),
    ...(others === undefined ? {} : { alt_aliases: list.filter((other) => other !== alias) }),
  };
  try {
    await parts.lanes.propose({
      roomId: room.roomId,
      drafts: [{ type, stateKey: '', sender: userId, content: next }],
    });
  } catch (error) {
    if (!(error instanceof MatrixError) || error.errcode !== 'M_FORBIDDEN') throw error;
  }
}

/**
 * Lists a room in the directory, or takes it out.
 *
 * @throws MatrixError M_NOT_FOUND, M_FORBIDDEN for who may not set its canonical alias
 */
export async function setDirectoryVisibility(
  parts: RoomActionParts,
  requester: Requester,
  roomId: string,
  published: boolean,
): Promise<void> {
  const room = await findRoom(parts.db, roomId);
  if (room === undefined) throw new MatrixError('M_NOT_FOUND', 'This server does not know that room.');
  if (!requester.admin) await mayChangeAliases(parts, requester, room.roomNid, roomId);
  if (room.published !== published) await parts.lanes.propose({ roomId, drafts: [], published });
}
