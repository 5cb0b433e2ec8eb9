// Ephemeral events of types of somebody's own (com.beeper.ephemeral): what lasts two minutes and is no part of a room's history. Each is a
// Commit through the door, so that it has its place in the stream: /sync shows it to who is joined, and what waits for an application
// service is not lost with a process. With the key of the request: a repeated one is one event, until that ends.

import { MatrixError } from '@pons/spec';
import type { Door } from '../storage/commit.ts';
import type { Queryable } from '../storage/database.ts';
import { purgeEphemeralEvents } from '../storage/purge.ts';
import { endOfNthNewest } from '../storage/tables/ephemeral-events.ts';

/** What ephemeral events need of the house. */
export interface EphemeralEventsParts {
  readonly db: Queryable;
  readonly door: Door;
  readonly now: () => number;
}

/** An event as it is to be shown, and the key of the request. */
export interface NewEphemeralEvent {
  readonly roomNid: number;
  readonly sender: string;
  /** '' for a requester without a device. */
  readonly deviceId: string;
  readonly txnId: string;
  readonly type: string;
  readonly json: string;
}

/** How long an event is shown, and how long a repeated request is known to be one. */
export const ephemeralEventLifetimeMs = 120_000;
/** Events of one room that have not ended: 40 each second. It holds for whoever is not limited otherwise. */
export const ephemeralEventsPerRoomMax = 5_000;
/** What has ended is deleted by whoever sends the next one after so long. */
const sweepEveryMs = 60_000;

/** The ephemeral events of one process. */
export class EphemeralEvents {
  readonly #parts: EphemeralEventsParts;
  #sweepAt = 0;

  constructor(parts: EphemeralEventsParts) {
    this.#parts = parts;
  }

  /** Stores one; the same request again does nothing. @throws MatrixError M_LIMIT_EXCEEDED */
  async put(event: NewEphemeralEvent): Promise<void> {
    const { db, door } = this.#parts;
    const now = this.#parts.now();
    await this.#sweep(now);
    const freeAt = (await endOfNthNewest(db, event.roomNid, ephemeralEventsPerRoomMax)) ?? 0;
    if (freeAt > now) {
      throw new MatrixError('M_LIMIT_EXCEEDED', `a room has at most ${ephemeralEventsPerRoomMax} ephemeral events`, {
        fields: { retry_after_ms: freeAt - now },
      });
    }
    const { sender, deviceId, roomNid, txnId, type, json } = event;
    const key = { userId: sender, deviceId, roomNid, txnId };
    const transaction = { ...key, endpoint: 'sendEphemeralEvent', response: '{}', createdTs: now };
    const row = { ...key, type, json, expiresTs: now + ephemeralEventLifetimeMs, at: 0 };
    await door.commit({ clientTransactions: [transaction], ephemeralEvents: [row], positions: 1 });
  }

  async #sweep(now: number): Promise<void> {
    if (now < this.#sweepAt) return;
    this.#sweepAt = now + sweepEveryMs;
    await purgeEphemeralEvents(this.#parts.db, now);
  }
}
