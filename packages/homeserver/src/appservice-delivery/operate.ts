// What operators do with a delivery: pause and resume it, look at what was set aside, have it sent again, ask why an event was or was
// not sent. Written to the database first; then the process that sends for the application service looks again, this one or another.
//
//   operations.explain(appserviceId, roomId, eventId): Promise<Explanation>     explain-event.ts: never throws for an unknown event
//   operations.replay(appserviceId, request: ReplayRequest): Promise<Replay | undefined>     undefined: nothing was ever delivered to it

import type { JsonObject } from '@pons/spec';
import type { Clock } from '../platform/clock.ts';
import type { Database, Queryable } from '../storage/database.ts';
import type { AppserviceRegistry } from '../appservices/registry.ts';
import { askReplayAfter, type CursorState, cursorStates, setPaused } from '../storage/tables/appservice-cursors.ts';
import { askReplay, countSetAside, listSetAside, type SetAsideRow } from '../storage/tables/appservice-set-aside.ts';
import { firstPositionSince, streamHead } from '../storage/tables/appservice-stream.ts';
import { roomsByNids } from '../storage/tables/rooms.ts';
import type { AppserviceDelivery } from './delivery.ts';
import type { DeliveryMemory } from './delivery-memory.ts';
import { explainEvent, type Explanation } from './explain-event.ts';
import type { Replay, ReplayRequest } from './replay-events.ts';
import { rereadItemsAt } from './reread-events.ts';

export interface OperateParts {
  readonly db: Database;
  readonly clock: Clock;
  readonly registry: AppserviceRegistry;
  readonly delivery: Pick<AppserviceDelivery, 'refresh' | 'status'>;
  readonly memory: Pick<DeliveryMemory, 'transactions'>;
  readonly invalidations: {
    invalidate(tx: Queryable, kind: 'appservices', keys: readonly string[]): Promise<void>;
  };
}

/** A set-aside event, or message to a device, as it is now; without `event` when it has been purged. */
export interface SetAsideEvent extends SetAsideRow {
  readonly event: JsonObject | undefined;
}

/** The operations, for the admin API. */
export interface DeliveryOperations {
  countSetAside(): Promise<ReadonlyMap<string, number>>;
  /** Of those for which this process does not send, too. */
  cursorStates(): Promise<ReadonlyMap<string, CursorState>>;
  listSetAside(appserviceId: string, page: { after: number; limit: number }): Promise<SetAsideEvent[]>;
  /** All without `positions`. @returns how many will be sent again */
  askReplay(appserviceId: string, positions?: readonly number[]): Promise<number>;
  /** Why an event was or was not sent; for an event that is not known too. */
  explain(appserviceId: string, roomId: string, eventId: string): Promise<Explanation>;
  /** Sends again. undefined when nothing was ever delivered to it. */
  replay(appserviceId: string, request: ReplayRequest): Promise<Replay | undefined>;
  /** False when nothing was ever delivered to it. */
  setPaused(appserviceId: string, paused: boolean): Promise<boolean>;
}

/** Operations over this database. */
export function createOperations(parts: OperateParts): DeliveryOperations {
  const { db, clock, registry, delivery, memory, invalidations } = parts;
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
    cursorStates: () => cursorStates(db),
    async listSetAside(appserviceId, page) {
      const rows = await listSetAside(db, appserviceId, page);
      const events = await rereadItemsAt(
        { db, clock, roomId },
        rows.map(({ position }) => position),
      );
      const texts = new Map(events.map(({ position, text }) => [position, text]));
      return rows.map((row) => {
        const text = texts.get(row.position);
        return { ...row, event: text === undefined || text === '' ? undefined : (JSON.parse(text) as JsonObject) };
      });
    },
    explain: (id, roomId, eventId) =>
      explainEvent({ db, clock, registry, memory, status: (one) => delivery.status(one) }, id, { roomId, eventId }),
    replay: (id, request) => tellSender(id, (tx) => askFor(tx, id, request)),
    askReplay: (id, positions) => tellSender(id, (tx) => askReplay(tx, id, positions)),
    setPaused: (id, paused) => tellSender(id, (tx) => setPaused(tx, id, paused)),
  };
}

async function askFor(tx: Queryable, id: string, request: ReplayRequest): Promise<Replay | undefined> {
  if (request.what === 'set-aside') return { setAside: await askReplay(tx, id, request.positions) };
  const range = await askReplayAfter(tx, id, await placeOf(tx, request));
  return range === undefined ? undefined : { setAside: 0, ...range };
}

async function placeOf(tx: Queryable, request: Exclude<ReplayRequest, { what: 'set-aside' }>): Promise<number> {
  if (request.what === 'after-position') return request.position;
  const first = await firstPositionSince(tx, request.ts);
  return first === undefined ? streamHead(tx) : first - 1;
}
