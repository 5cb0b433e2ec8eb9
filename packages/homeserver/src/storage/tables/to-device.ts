// Table `to_device`, reading only: the door writes (Commit.toDevice), storage/purge.ts deletes what a device has acknowledged.

import { type Queryable, statement } from '../database.ts';

export interface ToDeviceRow {
  readonly position: number;
  /** {type, sender, content} */
  readonly json: string;
}

const waiting = statement(
  'to_device.waiting',
  `select position, json from to_device
         where user_id = $1 and device_id = $2 and position > $3 and position <= $4 order by position limit $5`,
);

/** Messages waiting for a device between two positions, oldest first. */
export async function toDeviceWaiting(
  db: Queryable,
  device: { userId: string; deviceId: string },
  range: { after: number; upTo: number; limit: number },
): Promise<ToDeviceRow[]> {
  return db.query<ToDeviceRow>(waiting, [device.userId, device.deviceId, range.after, range.upTo, range.limit]);
}

const known = statement(
  'to_device.known_devices',
  `select user_id, device_id from devices where user_id = any($1::text[])`,
);

/** All devices of some users: whom `*` means. */
export async function devicesOfUsers(
  db: Queryable,
  userIds: readonly string[],
): Promise<{ user_id: string; device_id: string }[]> {
  return db.query<{ user_id: string; device_id: string }>(known, [userIds]);
}
