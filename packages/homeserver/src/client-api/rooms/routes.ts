// The endpoints of rooms, listed once: sending, reading, membership, aliases and the directory.
import type { RoomActionParts } from '../../actions/room-action-parts.ts';
import type { Route } from '../../http/route.ts';
import { getPublicRooms, getRoomVisibility, queryPublicRooms, setRoomVisibility } from '../directory/public-rooms.ts';
import { deleteRoomAlias, getLocalAliases, getRoomAlias, putRoomAlias } from '../directory/room-alias.ts';
import { forget } from '../membership/forget.ts';
import { invite } from '../membership/invite.ts';
import { join } from '../membership/join.ts';
import { joinedRooms } from '../membership/joined-rooms.ts';
import { knock } from '../membership/knock.ts';
import { leave } from '../membership/leave.ts';
import { mutualRooms } from '../membership/mutual-rooms.ts';
import { remove } from '../membership/remove.ts';
import { getContext } from './context.ts';
import { createRoom } from './create-room.ts';
import { getEvent } from './get-event.ts';
import { getState, getStateEvent } from './get-state.ts';
import { getJoinedMembers, getMembers, type JoinedMembersParts } from './members.ts';
import { getMessages } from './messages.ts';
import { redactEvent } from './redact-event.ts';
import { getRelations } from './relations.ts';
import { getThreads } from './threads.ts';
import { sendMessageEvent } from './send-message-event.ts';
import { sendStateEvent } from './send-state-event.ts';
import { timestampToEvent } from './timestamp-to-event.ts';
import { upgradeRoom } from './upgrade-room.ts';

/** What the endpoints of rooms need of the house. */
export interface RoomRouteParts extends RoomActionParts, JoinedMembersParts {
  readonly db: RoomActionParts['db'];
  readonly clock: RoomActionParts['clock'];
  /** Whether the directory is shown to who has not logged in. */
  readonly withoutLogin: boolean;
  /** See DirectoryParts. */
  readonly directoryOf: (instanceId: string) => string;
}

/** Every endpoint of rooms. */
export function roomRoutes(parts: RoomRouteParts): Route[] {
  return [
    createRoom(parts),
    sendMessageEvent(parts),
    sendStateEvent(parts),
    redactEvent(parts),
    getState(parts),
    getStateEvent(parts),
    getEvent(parts),
    getMessages(parts),
    getContext(parts),
    getMembers(parts),
    getJoinedMembers(parts),
    ...getRelations(parts),
    getThreads(parts),
    timestampToEvent(parts),
    upgradeRoom(parts),
    ...join(parts),
    knock(parts),
    invite(parts),
    leave(parts),
    forget(parts),
    ...remove(parts),
    joinedRooms(parts),
    mutualRooms(parts),
    getRoomAlias(parts),
    putRoomAlias(parts),
    deleteRoomAlias(parts),
    getLocalAliases(parts),
    getPublicRooms(parts),
    queryPublicRooms(parts),
    getRoomVisibility(parts),
    setRoomVisibility(parts),
  ];
}
