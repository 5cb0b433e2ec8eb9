// A change of somebody's device list as the door takes it: whose, and the rooms whose members wait in /sync to hear of it. Accounts (devices
// come and go) and e2ee (keys come) both tell of it, in the Commit of what changed.
// https://spec.matrix.org/v1.19/client-server-api/#tracking-the-device-list-for-a-user

import type { DeviceListChangeRow } from '../storage/commit.ts';
import type { Queryable } from '../storage/database.ts';
import { joinedRoomNidsOf } from '../storage/tables/room-members.ts';

/** The row of a change of this user's devices or keys, the first position of its Commit. */
export async function deviceListChange(db: Queryable, userId: string): Promise<DeviceListChangeRow> {
  return { userId, roomNids: await joinedRoomNidsOf(db, userId), at: 0 };
}
