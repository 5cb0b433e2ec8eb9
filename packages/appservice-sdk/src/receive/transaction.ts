// What a homeserver pushes, read into one shape: events, ephemeral data and to-device messages, under the stable keys or the unstable
// ones of MSC2409 (older homeservers send only those). Pure; listener.ts calls it with the body it has read.
// https://spec.matrix.org/v1.19/application-service-api/#pushing-events

import { createHash } from 'node:crypto';
import type { IncomingTransaction } from '../store/store.ts';
import { MatrixError } from '@pons/spec';

/** An event as an application service is given it. Ephemeral and to-device ones lack most of the fields. */
export interface MatrixEvent {
  readonly type: string;
  readonly sender: string;
  readonly event_id: string;
  readonly room_id: string;
  readonly content: Readonly<Record<string, unknown>>;
  readonly origin_server_ts: number;
  readonly state_key?: string;
  readonly redacts?: string;
  readonly unsigned?: Readonly<Record<string, unknown>>;
}

/** One transaction, looked into. */
export interface Transaction {
  readonly events: readonly MatrixEvent[];
  readonly ephemeral: readonly MatrixEvent[];
  readonly toDevice: readonly MatrixEvent[];
}

const EPHEMERAL_KEYS = ['ephemeral', 'de.sorunome.msc2409.ephemeral'];
const TO_DEVICE_KEYS = ['to_device', 'de.sorunome.msc2409.to_device'];

/** Reads the parsed body of a transaction; what is not an object with a type is left out, unknown keys are ignored. */
export function readTransaction(body: unknown): Transaction {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new MatrixError('M_BAD_JSON', 'the body must be an object');
  const fields = body as Record<string, unknown>;
  const list = (keys: readonly string[]): MatrixEvent[] => {
    const found = keys.map((key) => fields[key]).find((value) => value !== undefined);
    if (found === undefined) return [];
    if (!Array.isArray(found)) throw new MatrixError('M_BAD_JSON', `${keys[0]} must be an array`);
    return found.filter(isEvent);
  };
  return { events: list(['events']), ephemeral: list(EPHEMERAL_KEYS), toDevice: list(TO_DEVICE_KEYS) };
}

/** The transaction as the store takes it: one that came before keeps only the events that did not. */
export function incomingTransaction(received: {
  txnId: string;
  bytes: Buffer;
  transaction: Transaction;
  receivedTs: number;
}): IncomingTransaction {
  const { events, ephemeral, toDevice } = received.transaction;
  return {
    txnId: received.txnId,
    digest: createHash('sha256').update(received.bytes).digest('base64url'),
    eventIds: events.map((event) => (typeof event.event_id === 'string' ? event.event_id : undefined)),
    receivedTs: received.receivedTs,
    body(fresh, known) {
      if (!known && fresh.length === events.length) {
        return events.length + ephemeral.length + toDevice.length === 0 ? undefined : received.bytes.toString('utf8');
      }
      const kept = {
        events: fresh.map((index) => events[index]),
        ephemeral: known ? [] : ephemeral,
        to_device: known ? [] : toDevice,
      };
      return kept.events.length + kept.ephemeral.length + kept.to_device.length === 0
        ? undefined
        : JSON.stringify(kept);
    },
  };
}

function isEvent(value: unknown): value is MatrixEvent {
  return typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string';
}
