// Devices: one per login. Logging in again with a known device id ends the device's earlier tokens. Deleting a device ends its tokens
// and tells those who share a room (a device-list change, through the door).
// https://spec.matrix.org/v1.19/client-server-api/#relationship-between-access-tokens-and-devices

import { MatrixError } from '@pons/spec';
import type { Door } from '../storage/commit.ts';
import type { Database, Queryable } from '../storage/database.ts';
import { deleteTokensOfDevice, tokenHashesOfDevices } from '../storage/tables/access-tokens.ts';
import { purgeToDeviceOf } from '../storage/purge.ts';
import {
  type DeviceRow,
  deleteDevices,
  devicesOfUser,
  ensureDevice,
  findDevice,
  renameDevice,
} from '../storage/tables/devices.ts';
import type { AccessTokens, IssuedTokens } from './access-tokens.ts';

/** A device as clients see it. */
export interface Device {
  readonly deviceId: string;
  readonly displayName?: string;
  readonly lastSeenTs?: number;
  readonly lastSeenIp?: string;
}

/** What devices need of the house. */
export interface DevicesParts {
  readonly db: Database;
  readonly door: Door;
  readonly accessTokens: AccessTokens;
  readonly now: () => number;
}

const deviceIdLetters = 10;
/** Characters of a device id that a client chooses, and of a display name. */
const deviceIdMax = 255;
const displayNameMax = 100;
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** A device id for a client that chose none. */
export function generateDeviceId(randomBytes: (size: number) => Buffer): string {
  return Array.from(randomBytes(deviceIdLetters), (byte) => alphabet[byte % alphabet.length]).join('');
}

/** @throws MatrixError M_INVALID_PARAM for a device id that cannot be stored */
export function checkDeviceId(deviceId: string): string {
  if (deviceId === '' || deviceId.length > deviceIdMax || deviceId.includes('\0')) {
    throw new MatrixError('M_INVALID_PARAM', `a device id has 1 to ${deviceIdMax} characters and no NUL`);
  }
  return deviceId;
}

/** @throws MatrixError M_INVALID_PARAM for a display name that is too long */
export function checkDisplayName(name: string): string {
  if (name.length > displayNameMax || name.includes('\0')) {
    throw new MatrixError('M_INVALID_PARAM', `a device's display name has at most ${displayNameMax} characters`);
  }
  return name;
}

/** What a login or registration asks for. */
export interface SessionRequest {
  readonly userId: string;
  readonly deviceId: string;
  readonly displayName: string | null;
  readonly refreshable: boolean;
}

/**
 * Makes the device where it is new, ends what tokens it had, and issues new ones: in the caller's transaction.
 * `ended` are the access tokens to `forget` once it has committed.
 */
export async function openSession(
  tx: Queryable,
  parts: DevicesParts,
  session: SessionRequest,
): Promise<{ tokens: IssuedTokens; ended: readonly Buffer[] }> {
  const { userId, deviceId } = session;
  const created = await ensureDevice(tx, {
    userId,
    deviceId,
    displayName: session.displayName,
    createdTs: parts.now(),
  });
  const ended = created ? [] : await deleteTokensOfDevice(tx, userId, deviceId);
  await parts.accessTokens.revoked(tx, ended);
  const tokens = await parts.accessTokens.issue(tx, { userId, deviceId, refreshable: session.refreshable });
  return { tokens, ended };
}

/** All devices of a user, oldest first. */
export async function listDevices(db: Queryable, userId: string): Promise<Device[]> {
  return (await devicesOfUser(db, userId)).map(toDevice);
}

/** One device. @throws MatrixError M_NOT_FOUND */
export async function getDevice(db: Queryable, userId: string, deviceId: string): Promise<Device> {
  const row = await findDevice(db, userId, deviceId);
  if (row === undefined) throw noSuchDevice(deviceId);
  return toDevice(row);
}

/** Whether a device is this user's (appservices/masquerade.ts asks). */
export async function hasDevice(db: Queryable, userId: string, deviceId: string): Promise<boolean> {
  return (await findDevice(db, userId, deviceId)) !== undefined;
}

/** Changes a device's display name. @throws MatrixError M_NOT_FOUND */
export async function updateDevice(
  parts: DevicesParts,
  userId: string,
  deviceId: string,
  displayName: string | undefined,
): Promise<void> {
  if (displayName === undefined) {
    await getDevice(parts.db, userId, deviceId);
    return;
  }
  if (!(await renameDevice(parts.db, userId, deviceId, checkDisplayName(displayName)))) throw noSuchDevice(deviceId);
  await announceDevices(parts.door, userId);
}

/** Makes a device without a session (application services, v1.17), or renames it. True when it is new. */
export async function createOrUpdateDevice(
  parts: DevicesParts,
  userId: string,
  deviceId: string,
  displayName: string | undefined,
): Promise<boolean> {
  const created = await ensureDevice(parts.db, {
    userId,
    deviceId: checkDeviceId(deviceId),
    displayName: displayName === undefined ? null : checkDisplayName(displayName),
    createdTs: parts.now(),
  });
  if (created) await announceDevices(parts.door, userId);
  else await updateDevice(parts, userId, deviceId, displayName);
  return created;
}

/** Deletes devices with their tokens; those that do not exist count as deleted. */
export async function removeDevices(parts: DevicesParts, userId: string, deviceIds: readonly string[]): Promise<void> {
  const ended: Buffer[] = [];
  const deleted = await parts.db.transaction(async (tx) => {
    ended.push(...(await tokenHashesOfDevices(tx, userId, deviceIds)));
    const devices = await deleteDevices(tx, userId, deviceIds);
    await parts.accessTokens.revoked(tx, ended);
    return devices;
  });
  for (const tokenHash of ended) parts.accessTokens.forget('token', tokenHash.toString('hex'));
  if (deleted.length === 0) return;
  await purgeToDeviceOf(parts.db, userId, deleted);
  await announceDevices(parts.door, userId);
}

/** Deletes all devices of a user (logout/all, deactivation, a changed password with `logout_devices`), but perhaps one. */
export async function removeAllDevices(parts: DevicesParts, userId: string, except?: string): Promise<void> {
  const all = (await devicesOfUser(parts.db, userId)).map((row) => row.device_id);
  await removeDevices(
    parts,
    userId,
    all.filter((deviceId) => deviceId !== except),
  );
}

async function announceDevices(door: Door, userId: string): Promise<void> {
  await door.commit({ deviceListChanges: [{ userId, at: 0 }], positions: 1 });
}

function noSuchDevice(deviceId: string): MatrixError {
  return new MatrixError('M_NOT_FOUND', `you have no device ${JSON.stringify(deviceId.slice(0, deviceIdMax))}`);
}

function toDevice(row: DeviceRow): Device {
  return {
    deviceId: row.device_id,
    ...(row.display_name === null ? {} : { displayName: row.display_name }),
    ...(row.last_seen_ts === null ? {} : { lastSeenTs: row.last_seen_ts }),
    ...(row.last_seen_ip === null ? {} : { lastSeenIp: row.last_seen_ip }),
  };
}
