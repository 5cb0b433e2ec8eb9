// An application service deletes a room that it made, with all that is in it: everybody of this server leaves, and then nothing of it is
// left here. Only where the operator has said so in its registration, since what people wrote there goes too; and only rooms whose maker
// is its own user and nobody else's, so never those to which people have invited it.
import { MatrixError } from '@pons/spec';
import type { Requester } from '../platform/requester.ts';
import { creatorOf } from '../rooms/room-creator.ts';
import type { Queryable } from '../storage/database.ts';
import { purgeRoom, type PurgeRoomParts } from './purge-room.ts';
import type { NameOwners } from './room-action-parts.ts';

/** What it needs of the house. */
export interface DeleteOwnRoomParts extends PurgeRoomParts {
  readonly db: Queryable;
  readonly nameOwners: Pick<NameOwners, 'exclusiveOwner'>;
  /** Whether an application service may do that at all: `pons: {delete_rooms: true}`. */
  readonly deletesRooms: (appserviceId: string) => boolean;
}

/** Whether the requester may delete rooms at all. A narrowed token reaches no further than its user. */
export function mayDeleteRooms(
  { deletesRooms }: Pick<DeleteOwnRoomParts, 'deletesRooms'>,
  requester: Requester | undefined,
): boolean {
  const { appserviceId, narrowed } = requester ?? {};
  return appserviceId !== undefined && narrowed !== true && deletesRooms(appserviceId);
}

/**
 * Deletes a room. As whom the application service asks makes no difference.
 *
 * @throws MatrixError M_FORBIDDEN where it may not, M_NOT_FOUND for a room that is not here (any more), M_BAD_STATE when somebody came in
 *         meanwhile
 */
export async function deleteOwnRoom(parts: DeleteOwnRoomParts, requester: Requester, roomId: string): Promise<void> {
  const { appserviceId } = requester;
  if (appserviceId === undefined || !mayDeleteRooms(parts, requester)) {
    throw new MatrixError(
      'M_FORBIDDEN',
      'pons.delete_rooms in its registration lets an application service delete rooms.',
    );
  }
  const creator = await creatorOf(parts.db, roomId);
  if (creator === undefined) throw new MatrixError('M_NOT_FOUND', 'This server does not know that room.');
  if (parts.nameOwners.exclusiveOwner(creator, appserviceId) !== appserviceId) {
    throw new MatrixError(
      'M_FORBIDDEN',
      'That room was made by somebody who is not of your exclusive namespaces: leave it instead.',
    );
  }
  await purgeRoom(parts, roomId, { removeMembers: true });
}
