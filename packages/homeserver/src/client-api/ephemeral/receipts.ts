// POST /rooms/{roomId}/receipt/{receiptType}/{eventId}.
// https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidreceiptreceipttypeeventid

import { MatrixError } from '@pons/spec';
import { endpoints } from '@pons/spec/endpoints';
import { joinedRoomNid } from '../../ephemeral/joined-room.ts';
import { markerTypeOf, type ReceiptsParts, setReadMarkers } from '../../ephemeral/receipts.ts';
import { requesterOf } from '../../http/requester.ts';
import type { Route } from '../../http/route.ts';
import { optionalString } from '../body-members.ts';

/** POST /rooms/{roomId}/receipt/{receiptType}/{eventId} */
export function postReceipt(parts: ReceiptsParts): Route {
  return {
    endpoint: endpoints.postReceipt,
    async handle(request) {
      const { userId } = requesterOf(request);
      const type = markerTypeOf(request.path['receiptType'] ?? '');
      const threadId = optionalString(request.body, 'thread_id');
      if (threadId === '') throw new MatrixError('M_INVALID_PARAM', 'thread_id must not be empty');
      const roomNid = await joinedRoomNid(parts.db, request.path['roomId'] ?? '', userId);
      const marker = { type, eventId: request.path['eventId'] ?? '', ...(threadId === undefined ? {} : { threadId }) };
      await setReadMarkers(parts, { userId, roomNid }, [marker]);
      return { json: {} };
    },
  };
}
