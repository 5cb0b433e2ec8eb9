// Redacting an event: an event of its own, which takes effect in the same commit.
// https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3roomsroomidredacteventidtxnid
import { type JsonObject, MatrixError, type Pdu } from '@pons/spec';
import type { Requester } from '../platform/requester.ts';
import { accountSuspended } from '../platform/restricted-account.ts';
import type { RoomLanes } from '../rooms/lanes.ts';
import type { EventName } from '../rooms/proposal.ts';
import { eventIdOfName } from '../rooms/remote-ids.ts';
import { findEventText } from '../rooms/timeline.ts';
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
 * @throws MatrixError M_FORBIDDEN, M_NOT_FOUND when the room has no such event, M_USER_SUSPENDED for the event of another
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
  const target = await eventIdOfName(parts.db, { roomId, appserviceId: requester.appserviceId }, redacts);
  if (requester.suspended === true) await assertOwn(parts.db, requester, { roomId, eventId: target });
  const result = await parts.lanes.propose({
    roomId,
    drafts: [
      {
        type: 'm.room.redaction',
        sender: requester.userId,
        content: rest,
        redacts: target,
        ...(originServerTs === undefined ? {} : { originServerTs }),
      },
    ],
    clientTransaction: { userId: requester.userId, deviceId: requester.deviceId ?? '', endpoint, txnId },
    ...(named === undefined ? {} : { named }),
    ...(trace === undefined ? {} : { trace }),
  });
  return result.events[0]?.eventId ?? '';
}

// What one has said oneself may be taken back by a suspended account too. What is not there is answered like what is another's.
async function assertOwn(
  db: Queryable,
  { userId }: Requester,
  { roomId, eventId }: { readonly roomId: string; readonly eventId: string },
): Promise<void> {
  const text = await findEventText(db, roomId, eventId);
  if (text === undefined || (JSON.parse(text) as Pdu).sender !== userId) throw accountSuspended();
}
