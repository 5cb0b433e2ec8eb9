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
  /** The last of it that was asked for, while there is more; before that the first. */
  #last: string | undefined;
  #length = 0;

  constructor(powerLevelsId: string | undefined, find: FindEvent) {
    this.#find = find;
    this.#last = powerLevelsId;
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
    const passed: string[] = [];
    const own = new Set<string>();
    let at = id;
    let met: string | undefined;
    const lacking = this.missing.size;
    // A step on each of them in turn: neither is walked, and asked for, much further than the other.
    while (at !== undefined || (id !== undefined && this.#last !== undefined)) {
      if (this.missing.size > lacking) return Infinity;
      if (at !== undefined && this.#positions.has(at)) {
        met = at;
        break;
      }
      const next = this.#extend();
      if (next !== undefined && (next === at || own.has(next))) {
        met = next;
        break;
      }
      if (at === undefined) continue;
      passed.push(at);
      own.add(at);
      const below = this.#below(at);
      // A loop, in made-up data.
      at = below !== undefined && own.has(below) ? undefined : below;
    }
    const position = met === undefined ? Infinity : (this.#positions.get(met) ?? Infinity);
    // From where they meet the chain is the mainline, which has positions of its own.
    for (const each of passed) {
      if (each === met) break;
      this.#positions.set(each, position);
    }
    return position;
  }

  /** One more of the mainline. What it cites is asked for only when it is its turn. */
  #extend(): string | undefined {
    const last = this.#last;
    if (last === undefined) return undefined;
    const id = this.#length === 0 ? last : this.#below(last);
    // A loop, in made-up data, is an end as well.
    this.#last = id !== undefined && !this.#positions.has(id) ? id : undefined;
    if (this.#last === undefined) return undefined;
    this.#positions.set(this.#last, this.#length);
    this.#length += 1;
    return this.#last;
  }

  #below(id: string): string | undefined {
    const event = this.#find(id);
    if (event !== undefined) return this.levelsOf(event);
    this.missing.add(id);
    return undefined;
  }
}
