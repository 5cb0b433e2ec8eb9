// How many keys of a device nobody has claimed yet: every response of its /sync says so, and few of them follow a change. So counts are
// remembered until a key is uploaded or claimed, here or in another process, or the device goes. Processes tell each other by the injected
// `publish`; one that missed it counts anew after half a minute. Many devices that are not remembered share a statement.
// https://spec.matrix.org/v1.19/client-server-api/#e2e-extensions-to-sync

import { LRUCache } from 'lru-cache';
import type { Clock } from '../platform/clock.ts';
import type { Queryable } from '../storage/database.ts';
import { type DeviceRef, type KeyCounts, keyCountsOfDevice } from '../storage/tables/one-time-keys.ts';

/** What it needs of the house. */
export interface KeyCountsParts {
  readonly db: Queryable;
  readonly clock: Clock;
  /** Tells the other processes of this server. */
  readonly publish: (devices: readonly DeviceRef[]) => void;
}

/** Devices remembered: some 300 bytes each. */
const devicesMax = 20_000;
const rememberedForMs = 30_000;

/** The counts that one process remembers. */
export class KeyCountMemory {
  readonly #parts: KeyCountsParts;
  readonly #counts = new LRUCache<string, { readonly counts: KeyCounts; readonly untilMs: number }>({
    max: devicesMax,
  });
  /** Counts that were read before the last change are not remembered: they may be from before it. */
  #changes = 0;

  constructor(parts: KeyCountsParts) {
    this.#parts = parts;
  }

  /** Counts of a device; undefined for an id that none can have. */
  async of(device: DeviceRef): Promise<KeyCounts | undefined> {
    const { db, clock } = this.#parts;
    const known = this.#counts.get(nameOf(device));
    if (known !== undefined && clock.monotonicMs() < known.untilMs) return known.counts;
    const before = this.#changes;
    const counts = await keyCountsOfDevice(db, device);
    if (counts !== undefined && before === this.#changes) {
      this.#counts.set(nameOf(device), { counts, untilMs: clock.monotonicMs() + rememberedForMs });
    }
    return counts;
  }

  /** Keys of these devices were uploaded or claimed, or the devices are gone. */
  changed(devices: readonly DeviceRef[]): void {
    if (devices.length === 0) return;
    this.heard(devices);
    this.#parts.publish(devices);
  }

  /** So another process says; without devices: any may be. */
  heard(devices?: readonly DeviceRef[]): void {
    this.#changes += 1;
    if (devices === undefined) this.#counts.clear();
    for (const device of devices ?? []) this.#counts.delete(nameOf(device));
  }
}

function nameOf({ userId, deviceId }: DeviceRef): string {
  return `${userId} ${deviceId}`;
}
