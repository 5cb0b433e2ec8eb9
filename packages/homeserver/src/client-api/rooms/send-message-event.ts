// PUT /rooms/{roomId}/send/{eventType}/{txnId}
// https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3roomsroomidsendeventtypetxnid
import { endpoints } from '@pons/spec/endpoints';
import { type SendEventParts, sendEvent } from '../../actions/send-event.ts';
import { requesterOf } from '../../http/requester.ts';
import type { Route } from '../../http/route.ts';
import { massagedTimestamp } from './timestamp-massaging.ts';

/** PUT /rooms/{roomId}/send/{eventType}/{txnId} */
export function sendMessageEvent(parts: SendEventParts): Route {
  const endpoint = endpoints.sendMessage;
  return {
    endpoint,
    async handle(request) {
      const { roomId = '', eventType = '', txnId = '' } = request.path;
      const eventId = await sendEvent(parts, requesterOf(request), {
        roomId,
        type: eventType,
        content: request.body,
        txnId,
        endpoint: endpoint.operation,
        originServerTs: massagedTimestamp(request),
        trace: request.trace,
      });
      return { json: { event_id: eventId } };
    },
  };
}
