// Devices: one per login. Logging in again with a known device id ends the device's earlier tokens. What others see of a device goes through
// the door together with the change of the device list that tells them: a deleted device is never one that nobody heard of.
// https://spec.matrix.org/v1.19/client-server-api/#relationship-between-access-tokens-and-devices

import { MatrixError } from '@pons/spec';
import type { Door, KeyRows } from '../storage/commit.ts';
import type { Database, Queryable } from '../storage/database.ts';
import { deleteTokensOfDevices } from '../storage/tables/access-tokens.ts';
import { purgeToDeviceOf } from '../storage/purge.ts';
import { deviceKeysOf } from '../storage/tables/device-keys.ts';
import { type DeviceRow, devicesOfUser, ensureDevice, findDevice } from '../storage/tables/devices.ts';
import { deviceListChange } from '../stream/device-list-change.ts';
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
): Promise<{ tokens: IssuedTokens; ended: readonly Buffer[]; created: boolean }> {
  const { userId, deviceId } = session;
  const created = await ensureDevice(tx, {
    userId,
    deviceId,
    displayName: session.displayName,
    createdTs: parts.now(),
  });
  const ended = created ? [] : await deleteTokensOfDevices(tx, userId, [deviceId]);
  await parts.accessTokens.revoked(tx, ended);
  const tokens = await parts.accessTokens.issue(tx, { userId, deviceId, refreshable: session.refreshable });
  return { tokens, ended, created };
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
  checkDisplayName(displayName);
  const { displayName: before } = await getDevice(parts.db, userId, deviceId);
  if (before === displayName) return;
  const keys = { deviceNames: [{ userId, deviceId, displayName }] };
  await tellOfDevices(parts, userId, { deviceIds: [deviceId], keys });
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
  if (created) await tellOfDevices(parts, userId, { deviceIds: [deviceId] });
  else await updateDevice(parts, userId, deviceId, displayName);
  return created;
}

/** Deletes devices with their tokens and keys; those that do not exist count as deleted. */
export async function removeDevices(parts: DevicesParts, userId: string, deviceIds: readonly string[]): Promise<void> {
  const { db, accessTokens } = parts;
  const known = new Set((await devicesOfUser(db, userId)).map((row) => row.device_id));
  const removed = [...new Set(deviceIds)].filter((deviceId) => known.has(deviceId));
  if (removed.length === 0) return;
  // First nobody can act as them any more, then they go. What ends in between leaves devices without a session, to be deleted again.
  const ended = await db.transaction(async (tx) => {
    const hashes = await deleteTokensOfDevices(tx, userId, removed);
    await accessTokens.revoked(tx, hashes);
    return hashes;
  });
  for (const tokenHash of ended) accessTokens.forget('token', tokenHash.toString('hex'));
  const keys = {
    devicesRemoved: removed.map((deviceId) => ({ userId, deviceId })),
    signaturesRemoved: removed.map((keyId) => ({ userId, keyId })),
  };
  await tellOfDevices(parts, userId, { deviceIds: removed, keys });
  await purgeToDeviceOf(db, userId, removed);
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

/**
 * Tells of a user's devices that are others now, together with what changed of them: those who share a room when one of them has published
 * keys; else it is nothing to others, and the user's own devices hear of it. Of removed devices everybody hears, at the latest with other
 * news: keys may have come in the same moment.
 */
export async function tellOfDevices(
  { db, door }: Pick<DevicesParts, 'db' | 'door'>,
  userId: string,
  changed: { readonly deviceIds: readonly string[]; readonly keys?: KeyRows },
): Promise<void> {
  const { deviceIds, keys } = changed;
  const published = await deviceKeysOf(
    db,
    deviceIds.map((deviceId) => ({ userId, deviceId })),
  );
  const unheard = keys?.devicesRemoved === undefined ? { userId, onlyFor: userId, at: 0 } : { userId, at: 0 };
  const change = published.length > 0 ? await deviceListChange(db, userId) : unheard;
  await door.commit({ ...(keys === undefined ? {} : { keys }), deviceListChanges: [change], positions: 1 });
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
