// GET /rooms/{roomId}/members and GET /rooms/{roomId}/joined_members.
// https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidmembers
import { type JsonObject, MatrixError } from '@pons/spec';
import { endpoints } from '@pons/spec/endpoints';
import { requesterOf } from '../../http/requester.ts';
import type { Route } from '../../http/route.ts';
import { joinedMembers, memberEventsAt, memberEventsNow, statePlaceAt } from '../../rooms/members.ts';
import { presentState, type RoomReadParts } from '../../rooms/present-events.ts';
import { findRoom, viewRoom } from '../../rooms/room-view.ts';
import { placeParameter } from './read-query.ts';

/** GET /rooms/{roomId}/members */
export function getMembers(parts: RoomReadParts): Route {
  return {
    endpoint: endpoints.getMembersByRoom,
    async handle(request) {
      const viewer = requesterOf(request);
      const { roomId = '' } = request.path;
      const at = placeParameter(request, 'at', parts);
      const view = await viewRoom(parts.db, roomId, viewer);
      const { roomNid } = view.room;
      const filter = {
        is: request.query.get('membership') ?? undefined,
        isNot: request.query.get('not_membership') ?? undefined,
      };
      const place = at === undefined ? undefined : await statePlaceAt(parts.db, roomNid, at);
      // Before its first event nobody is in a room.
      if (at !== undefined && place === undefined) return { json: { chunk: [] } };
      const rows =
        place === undefined && view.until === undefined
          ? await memberEventsNow(parts.db, roomNid, filter)
          : await memberEventsAt(parts.db, roomNid, earlier(place, view), filter);
      return { json: { chunk: await presentState(parts, { roomId, rules: view.rules, viewer }, rows) } };
    },
  };
}

// Who has left sees nothing later than that.
function earlier(
  place: { readonly line: number; readonly version: number } | undefined,
  { statePlace, until }: Pick<Awaited<ReturnType<typeof viewRoom>>, 'statePlace' | 'until'>,
) {
  if (place === undefined) return statePlace;
  return until !== undefined && place.version > statePlace.version ? statePlace : place;
}

/** What listing joined members needs besides. */
export interface JoinedMembersParts extends RoomReadParts {
  /** Whether that application service may act as that user. */
  readonly covers: (appserviceId: string, userId: string) => boolean;
}

/** GET /rooms/{roomId}/joined_members */
export function getJoinedMembers(parts: JoinedMembersParts): Route {
  return {
    endpoint: endpoints.getJoinedMembersByRoom,
    async handle(request) {
      const { userId, appserviceId, narrowed } = requesterOf(request);
      const room = await findRoom(parts.db, request.path['roomId'] ?? '');
      const members = room === undefined ? [] : await joinedMembers(parts.db, room.roomNid);
      // For an application service any of its users in the room is enough.
      const mayAsk = members.some(
        (member) =>
          member.userId === userId ||
          (appserviceId !== undefined && narrowed !== true && parts.covers(appserviceId, member.userId)),
      );
      if (!mayAsk) throw new MatrixError('M_FORBIDDEN', 'You are not in that room.');
      const joined = members.map(({ userId: id, displayname, avatarUrl }): [string, JsonObject] => [
        id,
        { display_name: displayname, avatar_url: avatarUrl },
      ]);
      return { json: { joined: Object.fromEntries(joined) } };
    },
  };
}
