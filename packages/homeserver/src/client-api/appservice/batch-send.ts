// POST /_matrix/client/unstable/com.beeper.backfill/rooms/{roomId}/batch_send: an application service imports events, in the form that
// mautrix bridges use where /versions announces com.beeper.batch_sending.
import { isJsonObject, type JsonValue, MatrixError } from '@pons/spec';
import { beeperEndpoints } from '@pons/spec/endpoints';
import { batchSend, type BatchSendParts, type ImportedEvent } from '../../actions/batch-send.ts';
import { requesterOf } from '../../http/requester.ts';
import type { Route } from '../../http/route.ts';
import { booleanOr, optionalString } from '../body-members.ts';

/** POST …/com.beeper.backfill/rooms/{roomId}/batch_send */
export function batchSendRoute(parts: BatchSendParts): Route {
  return {
    endpoint: beeperEndpoints.batchSend,
    async handle(request) {
      const { body } = request;
      const markReadBy = optionalString(body, 'mark_read_by');
      const eventIds = await batchSend(parts, requesterOf(request), {
        roomId: request.path['roomId'] ?? '',
        forward: booleanOr(body, 'forward', false),
        forwardIfNoMessages: booleanOr(body, 'forward_if_no_messages', false),
        sendNotification: booleanOr(body, 'send_notification', false),
        markReadBy: markReadBy === '' ? undefined : markReadBy,
        events: importedEvents(body['events']),
        trace: request.trace,
      });
      return { json: { event_ids: eventIds } };
    },
  };
}

function importedEvents(value: JsonValue | undefined): ImportedEvent[] {
  if (!Array.isArray(value)) throw new MatrixError('M_BAD_JSON', 'events must be a list of events.');
  return value.map(importedEvent);
}

function importedEvent(event: JsonValue): ImportedEvent {
  const {
    type,
    sender,
    content,
    origin_server_ts: ts,
    event_id: id,
    state_key: stateKey,
  } = isJsonObject(event) ? event : {};
  if (typeof type !== 'string' || typeof sender !== 'string' || !isJsonObject(content)) {
    throw new MatrixError('M_BAD_JSON', 'Each of events has a type, a sender and a content.');
  }
  if (stateKey !== undefined && stateKey !== null) {
    throw new MatrixError('M_INVALID_PARAM', 'A batch holds no state events: set state by itself, with `ts`.');
  }
  if (typeof ts !== 'number' || !Number.isSafeInteger(ts) || ts < 0) {
    throw new MatrixError('M_INVALID_PARAM', 'origin_server_ts must be a time in milliseconds.');
  }
  if (id !== undefined && id !== null && typeof id !== 'string') {
    throw new MatrixError('M_BAD_JSON', 'event_id must be a string.');
  }
  const redacts = isJsonObject(event) ? (event['redacts'] ?? content['redacts']) : undefined;
  const isRedaction = type === 'm.room.redaction' && typeof redacts === 'string';
  return {
    type,
    sender,
    content,
    originServerTs: ts,
    remoteId: typeof id === 'string' && id !== '' ? id : undefined,
    redacts: isRedaction ? redacts : undefined,
  };
}
