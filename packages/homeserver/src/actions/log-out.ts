// Logging out: the device goes with its tokens, here and in every other process.
// https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3logout

import { type DevicesParts, removeAllDevices, removeDevices } from '../accounts/devices.ts';
import type { Requester } from '../platform/requester.ts';

/** Ends the session of this request. An application service that acts without a device has none to end. */
export async function logOut(parts: DevicesParts, requester: Requester): Promise<void> {
  if (requester.deviceId !== undefined) await removeDevices(parts, requester.userId, [requester.deviceId]);
}

/** Ends all sessions of a user. */
export async function logOutEverywhere(parts: DevicesParts, userId: string): Promise<void> {
  await removeAllDevices(parts, userId);
}
