// PUT /rooms/{roomId}/redact/{eventId}/{txnId}
// https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3roomsroomidredacteventidtxnid
import { endpoints } from '@pons/spec/endpoints';
import { redactEvent as redact } from '../../actions/redact-event.ts';
import type { SendEventParts } from '../../actions/send-event.ts';
import { requesterOf } from '../../http/requester.ts';
import type { Route } from '../../http/route.ts';

/** PUT /rooms/{roomId}/redact/{eventId}/{txnId} */
export function redactEvent(parts: SendEventParts): Route {
  const endpoint = endpoints.redactEvent;
  return {
    endpoint,
    async handle(request) {
      const { roomId = '', eventId = '', txnId = '' } = request.path;
      const redaction = await redact(parts, requesterOf(request), {
        roomId,
        redacts: eventId,
        content: request.body,
        txnId,
        endpoint: endpoint.operation,
        trace: request.trace,
      });
      return { json: { event_id: redaction } };
    },
  };
}
