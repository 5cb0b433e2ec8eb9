// Users whose devices changed and who share a room with the viewer. Nothing at the first /sync: then clients ask for everybody.
// https://spec.matrix.org/v1.19/client-server-api/#tracking-the-device-list-for-a-user

import type { Queryable } from '../storage/database.ts';
import { deviceListChanges } from '../storage/tables/stream.ts';
import type { SyncRequest } from './sync-request.ts';

/** The users of `device_lists.changed`. */
export async function changedDeviceLists(db: Queryable, request: SyncRequest, upTo: number): Promise<string[]> {
  if (request.since === undefined) return [];
  return deviceListChanges(db, request.userId, request.since.position, upTo);
}
