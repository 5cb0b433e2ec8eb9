// What goes into the next transaction and the bytes of it. The bytes are made once, frozen, and sent unchanged on every retry. What the
// specification does not have yet goes under its stable name and under the one of its proposal; readers take one of the two.
// https://spec.matrix.org/v1.19/application-service-api/#pushing-events

import type { DeviceExtensions } from './device-extensions.ts';
import type { WaitingItem } from './feed.ts';

/** Events and bytes of one transaction at most; of each other kind as many as of events. */
export const transactionEventsMax = 100;
export const transactionBytesMax = 1_048_576;

/** Limits of the next transaction; smaller than the constants after a refusal, or when the registration says so. */
export interface TransactionLimits {
  readonly eventsMax: number;
  readonly bytesMax: number;
}

/** How many of those that wait fit, from the first on; at least one, whatever its size. */
export function howManyFit(waiting: readonly WaitingItem[], limits: TransactionLimits): number {
  const ofKind = { event: 0, ephemeral: 0, toDevice: 0, deviceList: 0 };
  let bytes = 0;
  let count = 0;
  for (const item of waiting) {
    bytes += item.bytes + 1;
    ofKind[item.kind] += 1;
    if (ofKind[item.kind] > limits.eventsMax || (count > 0 && bytes > limits.bytesMax)) break;
    count += 1;
  }
  return count;
}

/** Of ephemeral data of one key the latest alone. */
export function withoutReplaced(items: readonly WaitingItem[]): WaitingItem[] {
  const latest = new Map<string, number>();
  for (const item of items) if (item.kind === 'ephemeral') latest.set(item.key, item.position);
  return items.filter((item) => item.kind !== 'ephemeral' || latest.get(item.key) === item.position);
}

/** What is in a transaction, as JSON texts. */
export interface TransactionContents {
  readonly items: readonly WaitingItem[];
  /** Typing and presence. */
  readonly passing: readonly string[];
  readonly devices: DeviceExtensions | undefined;
}

/** The body. */
export function transactionBody({ items, passing, devices }: TransactionContents): Buffer {
  const textsOf = (kind: WaitingItem['kind']) => items.flatMap((item) => (item.kind === kind ? [item.text] : []));
  const ephemeral = [...textsOf('ephemeral'), ...passing];
  let body = `{"events":[${textsOf('event').join(',')}]`;
  const add = (value: string, ...names: readonly string[]) => {
    for (const name of names) body += `,"${name}":${value}`;
  };
  // By whichever key it was asked for: there are readers that know only the other name.
  if (ephemeral.length > 0) add(`[${ephemeral.join(',')}]`, 'ephemeral', 'de.sorunome.msc2409.ephemeral');
  const toDevice = textsOf('toDevice');
  if (toDevice.length > 0) add(`[${toDevice.join(',')}]`, 'to_device', 'de.sorunome.msc2409.to_device');
  if (devices !== undefined) {
    const { lists, oneTimeKeys, fallbackTypes } = devices;
    if (lists !== undefined) add(JSON.stringify(lists), 'device_lists', `${msc3202}device_lists`);
    if (oneTimeKeys !== undefined)
      add(
        JSON.stringify(oneTimeKeys),
        'device_one_time_keys_count',
        `${msc3202}device_one_time_keys_count`,
        `${msc3202}device_one_time_key_counts`,
      );
    if (fallbackTypes !== undefined)
      add(
        JSON.stringify(fallbackTypes),
        'device_unused_fallback_key_types',
        `${msc3202}device_unused_fallback_key_types`,
      );
  }
  return Buffer.from(`${body}}`);
}

const msc3202 = 'org.matrix.msc3202.';
