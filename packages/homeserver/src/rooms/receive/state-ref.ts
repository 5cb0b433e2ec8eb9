// States of a room as few numbers: a place (line, version), and what differs from it. The state after an event is the state before it and
// the event itself; only where another event stands on it does it become a place of its own, by rows:
//
//   (0, 5) + A                    ─▶ (0, 6)     when that is what line 0 has there anyway
//                                 ─▶ (1, 5)     else a fork: line 1 on (0, 5), holding A
//   (1, 5) + B                    ─▶ (1, 6)     the fork goes on, while (1, 5) is its end
//                                 ─▶ (2, 5)     else a fork of the fork: copied flat, line 2 on (0, 5), holding A and B
//
// So whatever forks, a value is looked up on the line, else on line 0 (decision D15).
import type { Queryable } from '../../storage/database.ts';
import type { StateRow } from '../../storage/commit.ts';
import { afterPlaces, type CitedRow, ownValues, type PlaceRow } from '../../storage/tables/forks.ts';
import type { StatePlace } from '../../storage/tables/room-state.ts';

/** A state: a place, and by key number what differs; null: the key is absent. */
export interface StateRef {
  readonly place: StatePlace;
  /** Where the place stands on line 0. */
  readonly baseVersion: number;
  readonly over: ReadonlyMap<number, number | null>;
}

/** A place that is to be written, if it is not there yet. */
export interface RealisedState {
  readonly place: StatePlace;
  readonly rows: readonly StateRow[];
  readonly newLine?: { readonly line: number; readonly baseVersion: number };
}

/** A fork is too large to be copied. */
export class ForkTooLarge extends Error {}

/** A state that is a place of line 0. */
export function onLineZero(version: number): StateRef {
  return { place: { line: 0, version }, baseVersion: version, over: new Map() };
}

/** The states after events, in their order. */
export async function statesAfter(db: Queryable, roomNid: number, events: readonly CitedRow[]): Promise<StateRef[]> {
  const before = new Map(events.map(({ line, stateVersion: version }) => [`${line}:${version}`, { line, version }]));
  const found = await afterPlaces(db, roomNid, [...before.values()]);
  const placeOf = new Map<string, PlaceRow>(found.map((row) => [`${row.line}:${row.version}`, row]));
  return events.map((event) => {
    const { line, stateVersion: version, keyNid, eventNid, rejected } = event;
    const row = placeOf.get(`${line}:${version}`);
    const base = line === 0 ? version : (row?.baseVersion ?? version);
    if (keyNid === null || rejected) return { place: { line, version }, baseVersion: base, over: new Map() };
    const isThere = row?.next.length === 1 && row.next[0] === eventNid;
    if (!isThere) return { place: { line, version }, baseVersion: base, over: new Map([[keyNid, eventNid]]) };
    return { place: { line, version: version + 1 }, baseVersion: line === 0 ? version + 1 : base, over: new Map() };
  });
}

/** The same state. */
export function sameRef(left: StateRef, right: StateRef): boolean {
  return (
    left.place.line === right.place.line &&
    left.place.version === right.place.version &&
    left.over.size === right.over.size &&
    [...left.over].every(([keyNid, eventNid]) => right.over.get(keyNid) === eventNid)
  );
}

/** The state and one more event. */
export function withEvent(ref: StateRef, keyNid: number, eventNid: number): StateRef {
  return { ...ref, over: new Map([...ref.over, [keyNid, eventNid]]) };
}

/**
 * The state as a place.
 *
 * @param room  where it is, and the number of a new line, if it takes one
 * @param copiedMax  values of a fork that may be copied
 * @throws ForkTooLarge
 */
export async function realise(
  db: Queryable,
  { roomNid, nextLine }: { readonly roomNid: number; readonly nextLine: number },
  { place, baseVersion, over }: StateRef,
  copiedMax: number,
): Promise<RealisedState> {
  if (over.size === 0) return { place, rows: [] };
  const { line, version } = place;
  const rowsOf = (at: StatePlace, values: Iterable<readonly [number, number | null]>): StateRow[] =>
    Array.from(values, ([keyNid, eventNid]) => ({ line: at.line, keyNid, fromVersion: at.version, eventNid }));
  if (line === 0) {
    if (over.size > copiedMax) throw new ForkTooLarge(`a fork of ${over.size} values`);
    const at = { line: nextLine, version: baseVersion };
    return { place: at, rows: rowsOf(at, over), newLine: { line: nextLine, baseVersion } };
  }
  const [end] = await afterPlaces(db, roomNid, [place]);
  if ((end?.head ?? baseVersion) === version) {
    const at = { line, version: version + 1 };
    return { place: at, rows: rowsOf(at, over) };
  }
  const own = await ownValues(db, roomNid, place);
  const all = new Map([...own.map(({ keyNid, eventNid }) => [keyNid, eventNid] as const), ...over]);
  if (all.size > copiedMax) throw new ForkTooLarge(`a fork of ${all.size} values`);
  const at = { line: nextLine, version: baseVersion };
  return { place: at, rows: rowsOf(at, all), newLine: { line: nextLine, baseVersion } };
}
