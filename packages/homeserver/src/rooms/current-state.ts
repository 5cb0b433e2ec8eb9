// State as it is read: single keys now, single keys and the whole state at any place. Read from the table, not from lanes: readers and
// writers share nothing but the database.
import type { JsonObject, Pdu } from '@pons/spec';
import type { Queryable } from '../storage/database.ts';
import { eventsByNids, type TimelineRow } from '../storage/tables/events.ts';
import { currentKeyValues, keyValuesAt, type StatePlace, wholeStateAt } from '../storage/tables/room-state.ts';
import type { StateKey } from './lane-memory.ts';

/** Content of one key now, or undefined. */
export async function currentContent(
  db: Queryable,
  roomNid: number,
  type: string,
  stateKey = '',
): Promise<JsonObject | undefined> {
  const [row] = await currentKeyValues(db, roomNid, [{ type, stateKey }]);
  return row === undefined ? undefined : (JSON.parse(row.json) as Pdu).content;
}

/** Who set a key to what, and the event that did. */
export async function currentValue(
  db: Queryable,
  roomNid: number,
  key: StateKey,
): Promise<{ readonly eventId: string; readonly sender: string; readonly content: JsonObject } | undefined> {
  const [row] = await currentKeyValues(db, roomNid, [key]);
  if (row === undefined) return undefined;
  const { sender, content } = JSON.parse(row.json) as Pdu;
  return { eventId: row.eventId, sender, content };
}

/** Events that are the values of these keys now, by type; keys of different types. */
export async function currentEvents(
  db: Queryable,
  roomNid: number,
  keys: readonly StateKey[],
): Promise<ReadonlyMap<string, Pdu>> {
  const rows = await currentKeyValues(db, roomNid, keys);
  return new Map(rows.map((row) => [row.type, JSON.parse(row.json) as Pdu]));
}

/** The event that is the value of a key at a place. */
export async function stateEventAt(
  db: Queryable,
  roomNid: number,
  place: StatePlace,
  key: StateKey,
): Promise<TimelineRow | undefined> {
  const [value] = await keyValuesAt(db, roomNid, [place], [key]);
  return value === undefined ? undefined : (await eventsByNids(db, roomNid, [value.eventNid]))[0];
}

/** The whole state at a place, in pages. */
export async function* stateEventsAt(
  db: Queryable,
  roomNid: number,
  place: StatePlace,
): AsyncGenerator<TimelineRow[], void, undefined> {
  for await (const page of wholeStateAt(db, roomNid, place)) {
    const rows = await eventsByNids(
      db,
      roomNid,
      page.map((value) => value.eventNid),
    );
    const byNid = new Map(rows.map((row) => [row.eventNid, row]));
    yield page.flatMap((value) => byNid.get(value.eventNid) ?? []);
  }
}
