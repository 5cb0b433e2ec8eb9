// Mainline ordering: by how recent the power levels are that an event was sent under, measured along the chain of power levels that led
// to the resolved ones; then by age, then by ID. Both chains, the event's and the mainline, are walked only until they meet: from there
// on they are one. So a room that has changed its power levels 100,000 times costs no more than what has changed since the fork.
// https://spec.matrix.org/v1.19/rooms/v12/#definitions

import { byAge, type FindEvent, type ResolvableEvent } from './state-sets.ts';

/** The events in their order, or those that must be known first. */
export type MainlineOrder = { readonly order: readonly string[] } | { readonly missing: readonly string[] };

/** The events in mainline order, based on those power levels (none: all events are equally far). All of them must be known. */
export function mainlineOrder(
  events: readonly ResolvableEvent[],
  powerLevelsId: string | undefined,
  find: FindEvent,
): MainlineOrder {
  const mainline = new Mainline(powerLevelsId, find);
  const placed = events.map((event) => ({ event, position: mainline.positionOf(mainline.levelsOf(event)) }));
  if (mainline.missing.size > 0) return { missing: [...mainline.missing] };
  placed.sort((left, right) =>
    left.position === right.position ? byAge(left.event, right.event) : left.position > right.position ? -1 : 1,
  );
  return { order: placed.map(({ event }) => event.eventId) };
}

/** The mainline: at 0 the power levels themselves, at 1 those they cite, and so on, as far as it was asked for. */
class Mainline {
  /** What was needed and is not known; answers are of no worth then. */
  readonly missing = new Set<string>();
  readonly #find: FindEvent;
  /** Of power levels on the mainline, and of those that lead there. */
  readonly #positions = new Map<string, number>();
  #next: string | undefined;
  #length = 0;

  constructor(powerLevelsId: string | undefined, find: FindEvent) {
    this.#find = find;
    this.#next = powerLevelsId;
  }

  /** The power levels that an event cites. */
  levelsOf({ event }: ResolvableEvent): string | undefined {
    for (const id of event.auth_events) {
      const cited = this.#find(id);
      if (cited === undefined) {
        this.missing.add(id);
        return undefined;
      }
      if (cited.event.type === 'm.room.power_levels' && cited.event.state_key === '') return id;
    }
    return undefined;
  }

  /** Where the chain of power levels from `id` on meets the mainline; remembered for everything it passed. */
  positionOf(id: string | undefined): number {
    if (id === undefined) return Infinity;
    const passed = new Map<string, number>();
    let at: string | undefined = id;
    let met: string | undefined;
    for (let steps = 1; met === undefined && (at !== undefined || this.#next !== undefined); steps *= 2) {
      for (let left = steps; left > 0 && at !== undefined && met === undefined; left -= 1) {
        if (this.#positions.has(at)) met = at;
        else if (passed.has(at)) at = undefined;
        else {
          passed.set(at, passed.size);
          at = this.#below(at);
        }
      }
      for (let left = steps; left > 0 && met === undefined && this.#next !== undefined; left -= 1) {
        const next = this.#extend();
        if (next !== undefined && (passed.has(next) || next === at)) met = next;
      }
    }
    const position = met === undefined ? Infinity : (this.#positions.get(met) ?? Infinity);
    // From where they meet the chain is the mainline, which has positions of its own.
    const upTo = (met === undefined ? undefined : passed.get(met)) ?? passed.size;
    for (const [each, index] of passed) if (index < upTo) this.#positions.set(each, position);
    return position;
  }

  #extend(): string | undefined {
    const id = this.#next;
    if (id === undefined) return undefined;
    // A loop, in made-up data.
    if (this.#positions.has(id)) {
      this.#next = undefined;
      return undefined;
    }
    this.#positions.set(id, this.#length);
    this.#length += 1;
    this.#next = this.#below(id);
    return id;
  }

  #below(id: string): string | undefined {
    const event = this.#find(id);
    if (event !== undefined) return this.levelsOf(event);
    this.missing.add(id);
    return undefined;
  }
}
