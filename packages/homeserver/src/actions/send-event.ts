// Sending an event that is not state. The lane does the work; here is what must be known before: that a redaction is one, that a thread
// hangs on an event that can carry one, and that what an application service names has not been sent under that name already.
// https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3roomsroomidsendeventtypetxnid
import { isJsonObject, type JsonObject, MatrixError, type Pdu } from '@pons/spec';
import type { Requester } from '../platform/requester.ts';
import { accountSuspended } from '../platform/restricted-account.ts';
import type { RoomLanes } from '../rooms/lanes.ts';
import type { EventName } from '../rooms/proposal.ts';
import { contentOfNames, eventNamed } from '../rooms/remote-ids.ts';
import { findEventText } from '../rooms/timeline.ts';
import { type Database, StorageError } from '../storage/database.ts';
import { checkEventKeys, checkRemoteId, checkTxnId } from './check-event.ts';
import { redactEvent } from './redact-event.ts';

/** What sending needs of the house. */
export interface SendEventParts {
  readonly db: Database;
  readonly lanes: RoomLanes;
}

/** An event to be sent. */
export interface SendEventRequest {
  readonly roomId: string;
  readonly type: string;
  readonly content: JsonObject;
  readonly txnId: string;
  /** Operation of the endpoint: part of what makes a transaction id unique. */
  readonly endpoint: string;
  /** Milliseconds; only application services give one. */
  readonly originServerTs?: number | undefined;
  /** What an application service calls the event: the same again is the same event. */
  readonly remoteId?: string | undefined;
  readonly trace?: string | undefined;
}

/**
 * Sends an event. The same transaction again answers the same id, and so does the same name of the same application service.
 *
 * @returns its id
 * @throws MatrixError M_FORBIDDEN, M_TOO_LARGE, M_INVALID_PARAM, M_BAD_JSON, M_LIMIT_EXCEEDED, M_USER_SUSPENDED for all but redactions
 *   of one's own
 */
export async function sendEvent(
  parts: SendEventParts,
  requester: Requester,
  request: SendEventRequest,
): Promise<string> {
  const { appserviceId } = requester;
  const { roomId, remoteId } = request;
  if (appserviceId === undefined || remoteId === undefined) return send(parts, requester, request, undefined);
  const named = { appserviceId, remoteId: checkRemoteId(remoteId) };
  const known = await eventNamed(parts.db, roomId, named);
  if (known !== undefined) return known;
  try {
    return await send(parts, requester, request, named);
  } catch (error) {
    // Twice at once: the other was first.
    const isTaken = error instanceof StorageError && error.constraint === 'batch_events_pkey';
    const first = isTaken ? await eventNamed(parts.db, roomId, named) : undefined;
    if (first === undefined) throw error;
    return first;
  }
}

async function send(
  parts: SendEventParts,
  requester: Requester,
  request: SendEventRequest,
  named: EventName | undefined,
): Promise<string> {
  const { roomId, type, txnId, endpoint, originServerTs, trace } = request;
  const { appserviceId } = requester;
  const related = request.content['m.relates_to'] !== undefined;
  const content = related ? await contentOfNames(parts.db, { roomId, appserviceId }, request.content) : request.content;
  checkEventKeys(type);
  checkTxnId(txnId);
  if (type === 'm.room.redaction') {
    const redacts = content['redacts'];
    if (typeof redacts !== 'string') throw new MatrixError('M_BAD_JSON', 'redacts must be the id of an event.');
    return redactEvent(parts, requester, { roomId, redacts, content, txnId, endpoint, originServerTs, named, trace });
  }
  if (requester.suspended === true) throw accountSuspended();
  const relation = content['m.relates_to'];
  if (isJsonObject(relation) && relation['rel_type'] === 'm.thread') await checkThreadRoot(parts, roomId, relation);
  const result = await parts.lanes.propose({
    roomId,
    drafts: [{ type, sender: requester.userId, content, ...(originServerTs === undefined ? {} : { originServerTs }) }],
    clientTransaction: transactionKey(requester, endpoint, txnId),
    ...(named === undefined ? {} : { named }),
    ...(trace === undefined ? {} : { trace }),
  });
  return eventIdOf(result);
}

/** Scope of a transaction id. */
function transactionKey({ userId, deviceId = '' }: Requester, endpoint: string, txnId: string) {
  return { userId, deviceId, endpoint, txnId };
}

/** The id of the only event of a proposal. */
export function eventIdOf(result: { readonly events: readonly { readonly eventId: string }[] }): string {
  const [event] = result.events;
  if (event === undefined) throw new Error('a proposal of one event answers none');
  return event.eventId;
}

// https://spec.matrix.org/v1.19/client-server-api/#validation-of-mthread-relationships
async function checkThreadRoot({ db }: SendEventParts, roomId: string, relation: JsonObject): Promise<void> {
  const root = relation['event_id'];
  const text = typeof root === 'string' ? await findEventText(db, roomId, root) : undefined;
  if (text === undefined) return;
  const above = (JSON.parse(text) as Pdu).content['m.relates_to'];
  if (isJsonObject(above) && above['rel_type'] !== undefined) {
    throw new MatrixError('M_UNKNOWN', 'A thread cannot begin at an event that relates to another.', { status: 400 });
  }
}
