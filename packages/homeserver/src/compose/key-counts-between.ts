// Processes tell each other of which devices the counts of keys have changed (e2ee/key-counts.ts). By NOTIFY alone: what is lost is counted
// anew in half a minute.

import type { Database } from '../storage/database.ts';
import type { DeviceRef } from '../storage/tables/one-time-keys.ts';

const channel = 'pons_key_counts';
/** PostgreSQL's limit is 8,000 bytes. */
const payloadMaxBytes = 7_900;

/** Telling and hearing, for one process. */
export function keyCountsBetween(db: Database, processId: string) {
  return {
    tell(devices: readonly DeviceRef[]): void {
      const payload = JSON.stringify([processId, devices.map(({ userId, deviceId }) => [userId, deviceId])]);
      // Too many to name: as after a lost connection, all may have changed.
      const told = Buffer.byteLength(payload) <= payloadMaxBytes ? payload : '';
      db.notify(channel, told).catch(() => {}); // the database is away: counts of others end by themselves
    },
    listen: (heard: (devices?: readonly DeviceRef[]) => void) =>
      db.listen(channel, (payload) => {
        if (payload === '') return heard();
        const [from, devices] = JSON.parse(payload) as [string, [string, string][]];
        if (from !== processId) heard(devices.map(([userId, deviceId]) => ({ userId, deviceId })));
      }),
  };
}
