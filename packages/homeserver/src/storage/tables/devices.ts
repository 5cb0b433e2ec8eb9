// Table `devices`. Access and refresh tokens and keys hang on a device and go with it (foreign keys cascade). Names and ends are for the door
// to write (Commit.keys), with the change of the device list that tells of them.

import { type Queryable, statement } from '../database.ts';

export interface DeviceRow {
  readonly user_id: string;
  readonly device_id: string;
  readonly display_name: string | null;
  readonly created_ts: number;
  readonly last_seen_ts: number | null;
  readonly last_seen_ip: string | null;
}

const upsert = statement(
  'devices.upsert',
  `insert into devices (user_id, device_id, display_name, created_ts) values ($1, $2, $3, $4)
         on conflict (user_id, device_id) do nothing returning device_id`,
);

/** Makes a device where there is none; a known one keeps its name. True when it is new. */
export async function ensureDevice(
  db: Queryable,
  device: { userId: string; deviceId: string; displayName: string | null; createdTs: number },
): Promise<boolean> {
  const rows = await db.query<{ device_id: string }>(upsert, [
    device.userId,
    device.deviceId,
    device.displayName,
    device.createdTs,
  ]);
  return rows.length === 1;
}

const byUser = statement(
  'devices.by_user',
  `select user_id, device_id, display_name, created_ts, last_seen_ts, last_seen_ip from devices
         where user_id = $1 order by created_ts, device_id`,
);

/** A user's devices, oldest first. */
export async function devicesOfUser(db: Queryable, userId: string): Promise<DeviceRow[]> {
  return db.query<DeviceRow>(byUser, [userId]);
}

const byId = statement(
  'devices.by_id',
  `select user_id, device_id, display_name, created_ts, last_seen_ts, last_seen_ip from devices
         where user_id = $1 and device_id = $2`,
);

/** One device of a user. */
export async function findDevice(db: Queryable, userId: string, deviceId: string): Promise<DeviceRow | undefined> {
  return (await db.query<DeviceRow>(byId, [userId, deviceId]))[0];
}

const seen = statement(
  'devices.seen',
  `update devices d set last_seen_ts = s.ts, last_seen_ip = s.ip
         from unnest($1::text[], $2::text[], $3::bigint[], $4::text[]) as s (user_id, device_id, ts, ip)
         where d.user_id = s.user_id and d.device_id = s.device_id`,
);

/** Notes when and from where devices were last seen, many in one statement. */
export async function setLastSeen(
  db: Queryable,
  rows: readonly { userId: string; deviceId: string; ts: number; ip: string }[],
): Promise<void> {
  await db.query(seen, [
    rows.map((row) => row.userId),
    rows.map((row) => row.deviceId),
    rows.map((row) => row.ts),
    rows.map((row) => row.ip),
  ]);
}
