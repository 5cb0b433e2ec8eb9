// What waits besides events, in the form in which it is sent: receipts, ephemeral events of other types, messages to devices, changed device lists, typing, presence. And
// who may be told of a receipt or such an event.
// https://spec.matrix.org/v1.19/application-service-api/#pushing-ephemeral-data

import type { JsonObject } from '@pons/spec';
import type { StreamExtraRow } from '../storage/tables/appservice-stream.ts';
import type { Feed, WaitingExtra } from './feed.ts';
import type { Met } from './met-users.ts';
import type { StreamEvent } from './read-stream.ts';

type Item = Omit<WaitingExtra, 'readAtMs'>;

/** Under how many keys of a body a thing stands at most: what it counts for in bytes. */
const copies = 2;

/** A receipt, in the form of /sync with its room. */
export function receiptItem({ position, userId, type, threadId, eventId, ts }: StreamExtraRow, roomId: string): Item {
  const whose = threadId === '' ? { ts } : { ts, thread_id: threadId };
  const text = JSON.stringify({
    type: 'm.receipt',
    room_id: roomId,
    content: { [eventId]: { [type]: { [userId]: whose } } },
  });
  const key = `${type} ${roomId} ${userId} ${threadId}`;
  return { kind: 'ephemeral', position, key, userId, text, bytes: copies * Buffer.byteLength(text) };
}

/** Whether an application service with an interest in its room is told of a receipt. */
export function receiptSent(feed: Feed, { type, userId }: StreamExtraRow, roomId: string): boolean {
  if (!feed.wantsEphemeral) return false;
  // What a user has read in private is told only to whom the user belongs.
  if (type === 'm.read.private' && feed.appservice.namespaces.user(userId) === 'outside') return false;
  return feed.filter?.({ type: 'm.receipt', sender: userId, roomId }, 0) === undefined;
}

/** An ephemeral event of a type of somebody's own. Each is one, however many there are of a type. */
export function ephemeralItem({ position, userId, json: text, ts: expiresTs }: StreamExtraRow): Item {
  const key = `event ${position}`;
  return { kind: 'ephemeral', position, key, userId, text, bytes: copies * Buffer.byteLength(text), expiresTs };
}

/** Whether an application service with an interest in its room is sent an ephemeral event. */
export function ephemeralSent(feed: Feed, { type, userId: sender }: StreamExtraRow, roomId: string): boolean {
  return feed.wantsEphemeral && feed.filter?.({ type, sender, roomId }, 0) === undefined;
}

/** A message to a device: as it was sent, and to whom. */
export function toDeviceItem({ position, userId, deviceId, json }: StreamExtraRow): Item {
  const to = `{"to_user_id":${JSON.stringify(userId)},"to_device_id":${JSON.stringify(deviceId)},`;
  const text = to + json.slice(1);
  return { kind: 'toDevice', position, key: '', userId, deviceId, text, bytes: copies * Buffer.byteLength(text) };
}

/** A changed device list: its user alone is told. */
export function deviceListItem({ position, userId }: StreamExtraRow): Item {
  return { kind: 'deviceList', position, key: userId, userId, text: '', bytes: copies * (userId.length + 3) };
}

/** Device lists of those who were met by an event that is not sent itself: it was filtered, or made in bulk by who would be told. */
export function metItem({ position, roomNid, stateKey }: StreamEvent, met: Exclude<Met, 'nobody'>): Item {
  const whose = met === 'room' ? { userId: '', roomNid } : { userId: stateKey ?? '' };
  const key = `met ${position}`;
  return {
    kind: 'deviceList',
    position,
    key,
    ...whose,
    text: '',
    bytes: copies * (whose.userId.length + 3),
    isUnsent: true,
  };
}

/** How a user is, in the form of /sync. */
export function presenceText(userId: string, content: JsonObject): string {
  return JSON.stringify({ type: 'm.presence', sender: userId, content });
}

/** Who types in a room. */
export function typingText(roomId: string, userIds: readonly string[]): string {
  return JSON.stringify({ type: 'm.typing', room_id: roomId, content: { user_ids: userIds } });
}
