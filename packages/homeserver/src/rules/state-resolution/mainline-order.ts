// Mainline ordering: by how recent the power levels are that an event was sent under, measured along the chain of power levels that led
// to the resolved ones; then by age, then by ID.
// https://spec.matrix.org/v1.19/rooms/v12/#definitions

import { byAge, citedEvent, type EventById, type ResolvableEvent } from './state-sets.ts';

/** The events in mainline order, based on those power levels (none: all events are equally far). */
export function mainlineOrder(ids: Iterable<string>, powerLevelsId: string | undefined, eventOf: EventById): string[] {
  const positions = mainlinePositions(powerLevelsId, eventOf);
  const placed = Array.from(ids, (id) => {
    const event = eventOf(id);
    return { event, position: positionOf(citedLevels(event, eventOf), positions, eventOf) };
  });
  placed.sort((left, right) =>
    left.position === right.position ? byAge(left.event, right.event) : left.position > right.position ? -1 : 1,
  );
  return placed.map(({ event }) => event.eventId);
}

/** The mainline: 0 for the power levels themselves, 1 for those they cite, and so on. */
function mainlinePositions(powerLevelsId: string | undefined, eventOf: EventById): Map<string, number> {
  const positions = new Map<string, number>();
  for (let id = powerLevelsId; id !== undefined && !positions.has(id); id = citedLevels(eventOf(id), eventOf)) {
    positions.set(id, positions.size);
  }
  return positions;
}

/** Where the chain of power levels from `id` on meets the mainline; remembered for everything it passed. */
function positionOf(id: string | undefined, positions: Map<string, number>, eventOf: EventById): number {
  const passed: string[] = [];
  let at = id;
  while (at !== undefined && !positions.has(at)) {
    passed.push(at);
    // Set at once, so that a loop in made-up data ends.
    positions.set(at, Infinity);
    at = citedLevels(eventOf(at), eventOf);
  }
  const position = at === undefined ? Infinity : (positions.get(at) ?? Infinity);
  for (const each of passed) positions.set(each, position);
  return position;
}

function citedLevels(event: ResolvableEvent, eventOf: EventById): string | undefined {
  return citedEvent(event, 'm.room.power_levels', eventOf)?.eventId;
}
