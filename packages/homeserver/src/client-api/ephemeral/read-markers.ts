// POST /rooms/{roomId}/read_markers: the fully-read marker and receipts in one call.
// https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidread_markers

import { endpoints } from '@pons/spec/endpoints';
import { joinedRoomNid } from '../../ephemeral/joined-room.ts';
import { type ReadMarker, type ReceiptsParts, setReadMarkers } from '../../ephemeral/receipts.ts';
import { requesterOf } from '../../http/requester.ts';
import type { Route } from '../../http/route.ts';
import { optionalString } from '../body-members.ts';

/** POST /rooms/{roomId}/read_markers */
export function setReadMarker(parts: ReceiptsParts): Route {
  return {
    endpoint: endpoints.setReadMarker,
    async handle(request) {
      const { userId } = requesterOf(request);
      const roomNid = await joinedRoomNid(parts.db, request.path['roomId'] ?? '', userId);
      const markers = (['m.fully_read', 'm.read', 'm.read.private'] as const).flatMap((type): ReadMarker[] => {
        const eventId = optionalString(request.body, type);
        return eventId === undefined ? [] : [{ type, eventId }];
      });
      await setReadMarkers(parts, { userId, roomNid }, markers);
      return { json: {} };
    },
  };
}
