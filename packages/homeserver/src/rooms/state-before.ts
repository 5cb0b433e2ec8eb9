// The state before events: an event knows only its place (line, version); what the room was there is looked up by key, or read whole.
import type { JsonObject, Pdu } from '@pons/spec';
import type { Queryable } from '../storage/database.ts';
import type { TimelineRow } from '../storage/tables/events.ts';
import { keyValuesAt, type StatePlace } from '../storage/tables/room-state.ts';
import type { StateKey } from './lane-memory.ts';

/**
 * Contents of a few keys before each of these events, by type. Events at one place share one look-up.
 *
 * @param keys  of different types
 */
export async function valuesBefore(
  db: Queryable,
  roomNid: number,
  rows: readonly Pick<TimelineRow, 'line' | 'stateVersion'>[],
  keys: readonly StateKey[],
): Promise<ReadonlyMap<string, JsonObject>[]> {
  const places: StatePlace[] = [];
  const values: Map<string, JsonObject>[] = [];
  const indexOf = new Map<string, number>();
  const index = rows.map(({ line, stateVersion }) => {
    const name = `${line}:${stateVersion}`;
    let at = indexOf.get(name);
    if (at === undefined) {
      at = places.push({ line, version: stateVersion }) - 1;
      indexOf.set(name, at);
      values.push(new Map());
    }
    return at;
  });
  for (const { place, type, json } of await keyValuesAt(db, roomNid, places, keys)) {
    values[place - 1]?.set(type, (JSON.parse(json) as Pdu).content);
  }
  return index.map((at) => values[at] ?? new Map());
}
