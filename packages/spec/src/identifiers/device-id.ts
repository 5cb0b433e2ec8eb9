// Device IDs: any text a client likes, within the limits all identifiers share.
// https://spec.matrix.org/v1.19/client-server-api/#relationship-between-access-tokens-and-devices

import { isIdText } from './id-length.ts';

/** Name of one device of one user. */
export type DeviceId = string;

/** Whether a string can be a device ID: not empty, at most 255 bytes, no U+0000. */
export function isDeviceId(id: string): boolean {
  return id.length > 0 && isIdText(id);
}
