// Messages from device to device of this server: stored for each device until its /sync acknowledges them. One Commit with the client's
// transaction key, so a repeated request sends nothing twice. Devices that do not exist get nothing.
// https://spec.matrix.org/v1.19/client-server-api/#send-to-device-messaging

import { isJsonObject, type JsonObject, MatrixError } from '@pons/spec';
import type { Door, ToDeviceRow } from '../storage/commit.ts';
import type { Queryable } from '../storage/database.ts';
import { devicesOfUsers } from '../storage/tables/to-device.ts';

/** What to-device messages need of the house. */
export interface ToDeviceParts {
  readonly db: Queryable;
  readonly door: Door;
  readonly now: () => number;
  readonly serverName: string;
}

/** A request to send. */
export interface SendToDevice {
  readonly sender: string;
  /** '' for a requester without a device. */
  readonly deviceId: string;
  readonly txnId: string;
  readonly type: string;
  /** User → device or `*` → content. */
  readonly messages: JsonObject;
}

/** Messages of one request after `*` is spelt out, and their bytes. */
const messagesMax = 10_000;
const bytesMax = 64 * 1024 * 1024;

/** Stores the messages for local devices. @throws MatrixError M_BAD_JSON, M_TOO_LARGE */
export async function sendToDevice(parts: ToDeviceParts, request: SendToDevice): Promise<void> {
  const ours = Object.entries(request.messages).filter(
    ([userId]) => userId.endsWith(`:${parts.serverName}`) && !userId.includes('\0'),
  );
  const known = await devicesOfUsers(
    parts.db,
    ours.map(([userId]) => userId),
  );
  const toDevice = messagesTo(known, request);
  const transaction = {
    userId: request.sender,
    deviceId: request.deviceId,
    endpoint: 'sendToDevice',
    roomNid: 0,
    txnId: request.txnId,
    response: '{}',
    createdTs: parts.now(),
  };
  await parts.door.commit({ toDevice, clientTransactions: [transaction], positions: toDevice.length });
}

function messagesTo(devices: readonly { user_id: string; device_id: string }[], request: SendToDevice): ToDeviceRow[] {
  const { type, sender, messages } = request;
  const rows: ToDeviceRow[] = [];
  // What goes to many devices is one text.
  const texts = new Map<JsonObject, string>();
  let bytes = 0;
  for (const { user_id: userId, device_id: deviceId } of devices) {
    const content = contentFor(messages, userId, deviceId);
    if (content === undefined) continue;
    const json = texts.get(content) ?? JSON.stringify({ type, sender, content });
    texts.set(content, json);
    bytes += json.length;
    if (rows.length >= messagesMax || bytes > bytesMax) {
      throw new MatrixError('M_TOO_LARGE', `one request sends at most ${messagesMax} messages and ${bytesMax} bytes`);
    }
    rows.push({ userId, deviceId, json, at: rows.length });
  }
  return rows;
}

function contentFor(messages: JsonObject, userId: string, deviceId: string): JsonObject | undefined {
  const devices = messages[userId];
  if (!isJsonObject(devices)) throw new MatrixError('M_BAD_JSON', 'messages maps user ids to devices to contents');
  const content = Object.hasOwn(devices, deviceId) ? devices[deviceId] : devices['*'];
  if (content === undefined) return undefined;
  if (!isJsonObject(content)) throw new MatrixError('M_BAD_JSON', 'the content of a message must be an object');
  return content;
}
