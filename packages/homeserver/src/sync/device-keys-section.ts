// What a device must know to upload more keys in time: how many of its one-time keys nobody has claimed yet, and which of its fallback keys
// have not been handed out. In every response, also in one that has no other news.
// https://spec.matrix.org/v1.19/client-server-api/#e2e-extensions-to-sync

import type { JsonObject } from '@pons/spec';
import type { KeyCountMemory } from '../e2ee/key-counts.ts';
import type { SyncRequest } from './sync-request.ts';

/** The two members of the response. */
export async function deviceKeyCounts(
  keyCounts: Pick<KeyCountMemory, 'of'>,
  { userId, deviceId }: Pick<SyncRequest, 'userId' | 'deviceId'>,
): Promise<JsonObject> {
  const counts = deviceId === undefined ? undefined : await keyCounts.of({ userId, deviceId });
  return {
    device_one_time_keys_count: { ...counts?.oneTimeKeys },
    device_unused_fallback_key_types: [...(counts?.unusedFallbackTypes ?? [])],
  };
}
