// Sending an ephemeral event of a type of one's own: who is in the room and has the power may say what passes. The specification's own
// types have endpoints that check what they say; but what is encrypted has one type for all.
// https://spec.matrix.org/v1.19/client-server-api/#permissions (`com.beeper.ephemeral` beside `events`)

import { type JsonObject, MatrixError, roomVersionRules } from '@pons/spec';
import type { EphemeralEvents } from '../ephemeral/ephemeral-events.ts';
import { joinedRoom } from '../ephemeral/joined-room.ts';
import type { Requester } from '../platform/requester.ts';
import { powerIn } from '../rooms/power.ts';
import type { Database } from '../storage/database.ts';
import { checkEventKeys, checkTxnId } from './check-event.ts';

/** What it needs of the house. */
export interface SendEphemeralEventParts {
  readonly db: Database;
  readonly now: () => number;
  readonly ephemeralEvents: Pick<EphemeralEvents, 'put'>;
}

/** An event to be sent. */
export interface SendEphemeralEventRequest {
  readonly roomId: string;
  readonly type: string;
  readonly content: JsonObject;
  readonly txnId: string;
  /** Milliseconds; only application services give one. */
  readonly originServerTs?: number | undefined;
}

/** Of the event as it is shown, like an event of the room. */
const eventBytesMax = 65_536;

/**
 * Sends it. The same transaction again does nothing.
 *
 * @throws MatrixError M_FORBIDDEN, M_TOO_LARGE, M_INVALID_PARAM, M_LIMIT_EXCEEDED
 */
export async function sendEphemeralEvent(
  parts: SendEphemeralEventParts,
  { userId, deviceId = '' }: Requester,
  { roomId, type, content, txnId, originServerTs = parts.now() }: SendEphemeralEventRequest,
): Promise<void> {
  checkEventKeys(type);
  checkTxnId(txnId);
  if (type.startsWith('m.') && type !== 'm.room.encrypted') {
    throw new MatrixError('M_INVALID_PARAM', 'Types of the specification are sent by their own endpoints.');
  }
  const { roomNid, roomVersion } = await joinedRoom(parts.db, roomId, userId);
  const rules = roomVersionRules(roomVersion);
  const levels = rules === undefined ? undefined : await powerIn(parts.db, roomNid, rules);
  if (levels === undefined || levels.levelOf(userId) < levels.ephemeral(type)) {
    throw new MatrixError('M_FORBIDDEN', 'Your power level does not allow ephemeral events of that type.');
  }
  const event = { type, sender: userId, room_id: roomId, origin_server_ts: originServerTs, content };
  const json = JSON.stringify(event);
  if (Buffer.byteLength(json) > eventBytesMax) {
    throw new MatrixError('M_TOO_LARGE', `An ephemeral event has at most ${eventBytesMax} bytes.`);
  }
  await parts.ephemeralEvents.put({ roomNid, sender: userId, deviceId, txnId, type, json });
}
