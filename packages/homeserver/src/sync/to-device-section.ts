// Messages to the device: handed out in pages, again and again until the client's next token acknowledges them; then they are deleted.
// https://spec.matrix.org/v1.19/client-server-api/#send-to-device-messaging

import type { JsonObject } from '@pons/spec';
import { LRUCache } from 'lru-cache';
import { atMost } from '../platform/at-most.ts';
import type { Queryable } from '../storage/database.ts';
import { toDeviceWaiting } from '../storage/tables/to-device.ts';
import type { Reading, SyncRequest } from './sync-request.ts';

/** Messages of one response. */
const pageMax = 100;
const devicesMax = 20_000;

/** Deletes what a device has acknowledged; storage/purge.ts does. */
export type DeleteToDevice = (device: { userId: string; deviceId: string }, upTo: number) => Promise<void>;

/** Remembers up to where each device's messages are deleted, so that a client without messages costs no statement. */
export class ToDeviceAcknowledgements {
  readonly #done = new LRUCache<string, number>(atMost(devicesMax));
  readonly #deleteUpTo: DeleteToDevice;

  constructor(deleteUpTo: DeleteToDevice) {
    this.#deleteUpTo = deleteUpTo;
  }

  /** The token of this request says that the device has everything up to there. */
  async acknowledge({ userId, deviceId, since }: SyncRequest): Promise<void> {
    if (deviceId === undefined || since === undefined || since.toDevice === 0) return;
    const key = `${userId} ${deviceId}`;
    if ((this.#done.get(key) ?? 0) >= since.toDevice) return;
    await this.#deleteUpTo({ userId, deviceId }, since.toDevice);
    this.#done.set(key, since.toDevice);
  }
}

/** The next page of messages, the position of its last and whether more wait, both for the next token. */
export async function toDeviceSection(
  db: Queryable,
  { request, position: upTo, recent }: Pick<Reading, 'request' | 'position' | 'recent'>,
): Promise<{ readonly events: JsonObject[]; readonly last: number; readonly more: boolean }> {
  const { userId, deviceId, since } = request;
  const after = since?.toDevice ?? 0;
  // Messages name the user: where nothing did since the token, none came.
  if (deviceId === undefined || recent !== undefined) return { events: [], last: after, more: false };
  const rows = await toDeviceWaiting(db, { userId, deviceId }, { after, upTo, limit: pageMax });
  const events = rows.map((row) => JSON.parse(row.json) as JsonObject);
  return { events, last: rows.at(-1)?.position ?? after, more: rows.length === pageMax };
}
