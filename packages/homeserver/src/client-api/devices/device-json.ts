// A device as it goes over the wire.
// https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3devices

import type { JsonObject } from '@pons/spec';
import type { Device } from '../../accounts/devices.ts';

/** The wire form of a device. */
export function deviceJson(device: Device): JsonObject {
  return {
    device_id: device.deviceId,
    ...(device.displayName === undefined ? {} : { display_name: device.displayName }),
    ...(device.lastSeenTs === undefined ? {} : { last_seen_ts: device.lastSeenTs }),
    ...(device.lastSeenIp === undefined ? {} : { last_seen_ip: device.lastSeenIp }),
  };
}
