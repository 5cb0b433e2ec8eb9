// What operators do with a delivery: pause and resume it, look at what was set aside, have it sent again, ask why an event was or was
// not sent. Written to the database first; then the process that sends for the application service looks again, this one or another.
//
//   operations.explain(appserviceId, roomId, eventId): Promise<Explanation>     explain-event.ts: never throws for an unknown event
//   operations.replay(appserviceId, request: ReplayRequest): Promise<Replay | undefined>     undefined: nothing was ever delivered to it

import type { JsonObject } from '@pons/spec';
import type { Clock } from '../platform/clock.ts';
import type { Database, Queryable } from '../storage/database.ts';
import { setPaused } from '../storage/tables/appservice-cursors.ts';
import { askReplay, countSetAside, listSetAside, type SetAsideRow } from '../storage/tables/appservice-set-aside.ts';
import { roomsByNids } from '../storage/tables/rooms.ts';
import type { AppserviceDelivery } from './delivery.ts';
import { rereadAt } from './reread-events.ts';

export interface OperateParts {
  readonly db: Database;
  readonly clock: Clock;
  readonly delivery: Pick<AppserviceDelivery, 'refresh'>;
  readonly invalidations: {
    invalidate(tx: Queryable, kind: 'appservices', keys: readonly string[]): Promise<void>;
  };
}

/** A set-aside event as it is now; without `event` when it has been purged. */
export interface SetAsideEvent extends SetAsideRow {
  readonly event: JsonObject | undefined;
}

/** The operations, for the admin API. */
export interface DeliveryOperations {
  countSetAside(): Promise<ReadonlyMap<string, number>>;
  listSetAside(appserviceId: string, page: { after: number; limit: number }): Promise<SetAsideEvent[]>;
  /** All without `positions`. @returns how many will be sent again */
  askReplay(appserviceId: string, positions?: readonly number[]): Promise<number>;
  /** False when nothing was ever delivered to it. */
  setPaused(appserviceId: string, paused: boolean): Promise<boolean>;
}

/** Operations over this database. */
export function createOperations(parts: OperateParts): DeliveryOperations {
  const { db, clock, delivery, invalidations } = parts;
  const roomId = async (roomNid: number) => (await roomsByNids(db, [roomNid]))[0]?.roomId ?? '';

  async function tellSender<T>(appserviceId: string, write: (tx: Queryable) => Promise<T>): Promise<T> {
    const written = await db.transaction(async (tx) => {
      const result = await write(tx);
      await invalidations.invalidate(tx, 'appservices', [appserviceId]);
      return result;
    });
    await delivery.refresh(appserviceId);
    return written;
  }

  return {
    countSetAside: () => countSetAside(db),
    async listSetAside(appserviceId, page) {
      const rows = await listSetAside(db, appserviceId, page);
      const events = await rereadAt(
        { db, clock, roomId },
        rows.map(({ position }) => position),
      );
      const texts = new Map(events.map(({ position, text }) => [position, text]));
      return rows.map((row) => {
        const text = texts.get(row.position);
        return { ...row, event: text === undefined ? undefined : (JSON.parse(text) as JsonObject) };
      });
    },
    askReplay: (id, positions) => tellSender(id, (tx) => askReplay(tx, id, positions)),
    setPaused: (id, paused) => tellSender(id, (tx) => setPaused(tx, id, paused)),
  };
}
