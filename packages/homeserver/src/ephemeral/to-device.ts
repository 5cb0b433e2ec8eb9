// Messages from device to device of this server: stored for each device until its /sync acknowledges them. One Commit with the client's
// transaction key, so a repeated request sends nothing twice. Devices that do not exist get nothing.
// https://spec.matrix.org/v1.19/client-server-api/#send-to-device-messaging

import { isJsonObject, type JsonObject, MatrixError } from '@pons/spec';
import type { Door } from '../storage/commit.ts';
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

/** Messages of one request after `*` is spelt out. */
const messagesMax = 10_000;

/** Stores the messages for local devices. @throws MatrixError M_BAD_JSON, M_TOO_LARGE */
export async function sendToDevice(parts: ToDeviceParts, request: SendToDevice): Promise<void> {
  const ours = Object.entries(request.messages).filter(([userId]) => userId.endsWith(`:${parts.serverName}`));
  const known = await devicesOfUsers(
    parts.db,
    ours.map(([userId]) => userId),
  );
  const toDevice = known
    .map((device) => ({ device, content: contentFor(request.messages, device.user_id, device.device_id) }))
    .filter((message) => message.content !== undefined)
    .map(({ device, content }, at) => ({
      userId: device.user_id,
      deviceId: device.device_id,
      json: JSON.stringify({ type: request.type, sender: request.sender, content: content ?? {} }),
      at,
    }));
  if (toDevice.length > messagesMax) {
    throw new MatrixError('M_TOO_LARGE', `one request sends at most ${messagesMax} messages`);
  }
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

function contentFor(messages: JsonObject, userId: string, deviceId: string): JsonObject | undefined {
  const devices = messages[userId];
  if (!isJsonObject(devices)) throw new MatrixError('M_BAD_JSON', 'messages maps user ids to devices to contents');
  const content = Object.hasOwn(devices, deviceId) ? devices[deviceId] : devices['*'];
  if (content === undefined) return undefined;
  if (!isJsonObject(content)) throw new MatrixError('M_BAD_JSON', 'the content of a message must be an object');
  return content;
}
