// PUT /unstable/com.beeper.ephemeral/rooms/{roomId}/ephemeral/{eventType}/{txnId}
// https://github.com/matrix-org/matrix-spec-proposals/pull/2477

import { beeperEndpoints } from '@pons/spec/endpoints';
import { type SendEphemeralEventParts, sendEphemeralEvent } from '../../actions/send-ephemeral-event.ts';
import { requesterOf } from '../../http/requester.ts';
import type { Route } from '../../http/route.ts';
import { massagedTimestamp } from '../rooms/timestamp-massaging.ts';

/** PUT …/rooms/{roomId}/ephemeral/{eventType}/{txnId} */
export function putEphemeralEvent(parts: SendEphemeralEventParts): Route {
  return {
    endpoint: beeperEndpoints.sendEphemeralEvent,
    async handle(request) {
      const { roomId = '', eventType: type = '', txnId = '' } = request.path;
      const originServerTs = massagedTimestamp(request);
      await sendEphemeralEvent(parts, requesterOf(request), {
        roomId,
        type,
        content: request.body,
        txnId,
        originServerTs,
      });
      return { json: {} };
    },
  };
}
