// What a transaction says of devices, for application services that encrypt (`org.matrix.msc3202`): whose device lists changed or are of
// no use any more, and how many keys are left of the devices that somebody wrote to. Computed when the transaction is frozen, from what is
// in it, so that it is the same bytes on every retry. As in /sync, changed are also those who come to share an encrypted room: who joins one of
// ours, and all who are there when the first of ours joins or the room becomes encrypted (met-users.ts), since what they did to their devices
// while no room was shared was not told.
// https://github.com/matrix-org/matrix-spec-proposals/pull/3202

import type { JsonObject } from '@pons/spec';
import type { Appservice } from '../appservices/registry.ts';
import { joinedUsersOf, usersWithKeysIn } from '../storage/tables/appservice-devices.ts';
import { type DeviceRef, type KeyCounts, keyCountsOf } from '../storage/tables/one-time-keys.ts';
import { devicesOfUsers } from '../storage/tables/to-device.ts';
import type { WaitingEvent, WaitingItem } from './feed.ts';
import { metBy } from './met-users.ts';
import { type SharedRoomsParts, usersSharingWith } from './shared-rooms.ts';

/** The parts of a transaction that speak of devices; undefined: nothing to say. */
export interface DeviceExtensions {
  readonly lists: { readonly changed: string[]; readonly left: string[] } | undefined;
  /** User → device → algorithm → number. */
  readonly oneTimeKeys: JsonObject | undefined;
  /** User → device → algorithms. */
  readonly fallbackTypes: JsonObject | undefined;
}

/**
 * Of the rooms that the first of a service's users have joined, or the last have left, members who are listed in one transaction. Beyond, who
 * was met is told of with the next change of his devices, and of who was left is told in vain.
 */
const listedWithRoomsMax = 10_000;
/** Said even when it is none: who counts on the key being there would not notice. */
const noneLeft = { signed_curve25519: 0 };

/** What to say of devices together with these items. */
export async function deviceExtensions(
  parts: SharedRoomsParts,
  appservice: Appservice,
  items: readonly WaitingItem[],
): Promise<DeviceExtensions | undefined> {
  if (!appservice.registration.deviceExtensions) return undefined;
  const lists = await deviceLists(parts, appservice, items);
  const keys = await keyCountsOf(parts.db, await devicesTouched(parts, appservice, items));
  if (lists === undefined && keys.length === 0) return undefined;
  return {
    lists,
    oneTimeKeys: byDevice(keys, ({ oneTimeKeys }) => ({ ...noneLeft, ...oneTimeKeys })),
    fallbackTypes: byDevice(keys, ({ unusedFallbackTypes }) => [...unusedFallbackTypes]),
  };
}

// A key that was claimed is told of with the first message that uses it, and with what its owner does to his devices.
async function devicesTouched(
  { db }: SharedRoomsParts,
  { namespaces }: Appservice,
  items: readonly WaitingItem[],
): Promise<DeviceRef[]> {
  const touched = new Map<string, DeviceRef>();
  const add = (userId: string, deviceId: string) => touched.set(`${userId} ${deviceId}`, { userId, deviceId });
  for (const item of items)
    if (item.kind === 'toDevice' && item.deviceId !== undefined) add(item.userId, item.deviceId);
  const users = items.flatMap((item) =>
    item.kind === 'deviceList' && namespaces.user(item.userId) !== 'outside' ? [item.userId] : [],
  );
  if (users.length > 0)
    for (const { user_id, device_id } of await devicesOfUsers(db, [...new Set(users)])) add(user_id, device_id);
  return [...touched.values()];
}

function byDevice(
  keys: readonly KeyCounts[],
  value: (keys: KeyCounts) => JsonObject | string[],
): JsonObject | undefined {
  if (keys.length === 0) return undefined;
  const users = new Map<string, [string, JsonObject | string[]][]>();
  for (const one of keys) users.set(one.userId, [...(users.get(one.userId) ?? []), [one.deviceId, value(one)]]);
  return Object.fromEntries([...users].map(([userId, devices]) => [userId, Object.fromEntries(devices)]));
}

async function deviceLists(
  parts: SharedRoomsParts,
  appservice: Appservice,
  items: readonly WaitingItem[],
): Promise<DeviceExtensions['lists']> {
  const changed = new Set<string>();
  const gone = new Set<string>();
  const lastGhostLeft = new Set<number>();
  const events = items.filter((item): item is WaitingEvent => item.kind === 'event' && mayMeet(item));
  const metIn = items.flatMap((item) =>
    item.kind === 'deviceList' && item.roomNid !== undefined ? [item.roomNid] : [],
  );
  await parts.index.load([...metIn, ...events.map(({ roomNid }) => roomNid)]);
  const ghostsIn = (roomNid: number) => parts.index.reasons(roomNid, appservice.id).members;
  for (const item of items) if (item.kind === 'deviceList' && item.roomNid === undefined) changed.add(item.userId);
  for (const event of events) {
    const met = event.met ?? metBy(appservice, event, { members: ghostsIn(event.roomNid) });
    if (met === 'room') metIn.push(event.roomNid);
  }
  const entered = [...new Set(metIn)].filter((roomNid) => ghostsIn(roomNid) > 0);
  for (const userId of await usersWithKeysIn(parts.db, entered, listedWithRoomsMax))
    if (appservice.namespaces.user(userId) === 'outside') changed.add(userId);
  for (const { membership, stateKey, roomNid } of events) {
    if (membership === undefined || stateKey === null) continue;
    const ghosts = ghostsIn(roomNid);
    const joins = membership.is === 'join' && membership.was !== 'join';
    const leaves = membership.was === 'join' && membership.is !== 'join';
    if (appservice.namespaces.user(stateKey) !== 'outside') {
      if (leaves && ghosts === 0) lastGhostLeft.add(roomNid);
    } else if (joins && ghosts > 0) changed.add(stateKey);
    else if (leaves) gone.add(stateKey);
  }
  if (lastGhostLeft.size > 0)
    for (const userId of await joinedUsersOf(parts.db, [...lastGhostLeft], listedWithRoomsMax))
      if (appservice.namespaces.user(userId) === 'outside') gone.add(userId);
  const sharing = await usersSharingWith(parts, appservice.id, [...gone]);
  const left = [...gone].filter((userId) => !sharing.has(userId));
  for (const userId of left) changed.delete(userId);
  return changed.size + left.length === 0 ? undefined : { changed: [...changed], left };
}

// By anything else somebody comes or goes only where forks are merged, which is said by `met`.
function mayMeet({ membership, type, met }: WaitingEvent): boolean {
  return membership !== undefined || type === 'm.room.encryption' || met !== undefined;
}
