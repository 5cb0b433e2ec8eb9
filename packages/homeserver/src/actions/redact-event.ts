// Redacting an event: an event of its own, which takes effect in the same commit.
// https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3roomsroomidredacteventidtxnid
import { type JsonObject, MatrixError } from '@pons/spec';
import type { Requester } from '../platform/requester.ts';
import type { RoomLanes } from '../rooms/lanes.ts';
import type { EventName } from '../rooms/proposal.ts';
import { eventIdOfName } from '../rooms/remote-ids.ts';
import type { Queryable } from '../storage/database.ts';
import { checkTxnId } from './check-event.ts';

/** A redaction to be made. */
export interface RedactEventRequest {
  readonly roomId: string;
  /** Id of the event to be redacted. */
  readonly redacts: string;
  /** Content of the redaction: a reason, and what else a client puts there. */
  readonly content: JsonObject;
  readonly txnId: string;
  readonly endpoint: string;
  readonly originServerTs?: number | undefined;
  /** What an application service calls the redaction. */
  readonly named?: EventName | undefined;
  readonly trace?: string | undefined;
}

/**
 * Redacts an event.
 *
 * @returns the id of the redaction
 * @throws MatrixError M_FORBIDDEN, M_NOT_FOUND when the room has no such event
 */
export async function redactEvent(
  parts: { readonly db: Queryable; readonly lanes: RoomLanes },
  requester: Requester,
  request: RedactEventRequest,
): Promise<string> {
  const { roomId, redacts, content, txnId, endpoint, originServerTs, named, trace } = request;
  checkTxnId(txnId);
  if (redacts.includes('\0')) throw new MatrixError('M_INVALID_PARAM', 'An event id holds no U+0000.');
  const { redacts: _written, ...rest } = content;
  const result = await parts.lanes.propose({
    roomId,
    drafts: [
      {
        type: 'm.room.redaction',
        sender: requester.userId,
        content: rest,
        redacts: await eventIdOfName(parts.db, { roomId, appserviceId: requester.appserviceId }, redacts),
        ...(originServerTs === undefined ? {} : { originServerTs }),
      },
    ],
    clientTransaction: { userId: requester.userId, deviceId: requester.deviceId ?? '', endpoint, txnId },
    ...(named === undefined ? {} : { named }),
    ...(trace === undefined ? {} : { trace }),
  });
  return result.events[0]?.eventId ?? '';
}
