// What goes into the next transaction and the bytes of it. The bytes are made once, frozen, and sent unchanged on every retry.
// https://spec.matrix.org/v1.19/application-service-api/#pushing-events

import type { JsonObject } from '@pons/spec';
import type { Appservice } from '../appservices/registry.ts';
import type { WaitingEvent } from './feed.ts';

/** Events and bytes of one transaction at most. */
export const transactionEventsMax = 100;
export const transactionBytesMax = 1_048_576;

/** Limits of the next transaction; smaller than the constants after a refusal. */
export interface TransactionLimits {
  readonly eventsMax: number;
  readonly bytesMax: number;
}

/** How many of the waiting events fit; at least one, whatever its size. */
export function howManyFit(waiting: readonly WaitingEvent[], limits: TransactionLimits): number {
  let bytes = 0;
  let count = 0;
  for (const event of waiting) {
    bytes += event.bytes + 1;
    if (count >= limits.eventsMax || (count > 0 && bytes > limits.bytesMax)) break;
    count += 1;
  }
  return count;
}

/** The body: events, and ephemeral data under the key or keys that the registration asks for. */
export function transactionBody(
  { registration }: Appservice,
  texts: readonly string[],
  ephemeral: readonly JsonObject[],
): Buffer {
  const items = JSON.stringify(ephemeral);
  const stable = ephemeral.length > 0 && registration.receiveEphemeral ? `,"ephemeral":${items}` : '';
  const unstable =
    ephemeral.length > 0 && registration.pushEphemeral ? `,"de.sorunome.msc2409.ephemeral":${items}` : '';
  return Buffer.from(`{"events":[${texts.join(',')}]${stable}${unstable}}`);
}
