// PUT /rooms/{roomId}/send/{eventType}/{txnId}
// An application service may say by `fi.mau.event_id` what it calls the event: an id of a bridge's own making, by which what comes twice
// from its network is sent once. The event's id is its hash as always. Of everybody else, and of
// narrowed tokens, the parameter is ignored.
// https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3roomsroomidsendeventtypetxnid
import { MatrixError } from '@pons/spec';
import { endpoints } from '@pons/spec/endpoints';
import { type SendEventParts, sendEvent } from '../../actions/send-event.ts';
import { requesterOf } from '../../http/requester.ts';
import type { ApiRequest, Route } from '../../http/route.ts';
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
        remoteId: chosenName(request),
        trace: request.trace,
      });
      return { json: { event_id: eventId } };
    },
  };
}

function chosenName(request: ApiRequest): string | undefined {
  const names = request.query.getAll('fi.mau.event_id');
  const { appserviceId, narrowed } = requesterOf(request);
  // Names are the service's own: whoever holds a narrowed token could take one before its event comes.
  if (names.length === 0 || appserviceId === undefined || narrowed === true) return undefined;
  if (names.length > 1) throw new MatrixError('M_INVALID_PARAM', 'fi.mau.event_id may be given once.');
  return names[0];
}
