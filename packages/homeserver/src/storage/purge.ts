// The other way in to the tables of the door: deletes, and nothing else. Each runs by itself, outside of any Commit, and only removes
// what nobody can ask for any more.

import type { Queryable } from './database.ts';

const acknowledged = {
  name: 'purge.to_device',
  text: `delete from to_device where user_id = $1 and device_id = $2 and position <= $3`,
};

/** Deletes the messages to a device that it has acknowledged. */
export async function purgeToDevice(
  db: Queryable,
  device: { readonly userId: string; readonly deviceId: string },
  upTo: number,
): Promise<void> {
  await db.query(acknowledged, [device.userId, device.deviceId, upTo]);
}

const ofDevices = {
  name: 'purge.to_device_of_devices',
  text: `delete from to_device where user_id = $1 and device_id = any($2::text[])`,
};

/** Deletes all messages to devices that are gone. */
export async function purgeToDeviceOf(db: Queryable, userId: string, deviceIds: readonly string[]): Promise<void> {
  await db.query(ofDevices, [userId, deviceIds]);
}
