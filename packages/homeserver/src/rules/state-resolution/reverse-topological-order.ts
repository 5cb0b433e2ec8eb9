// Reverse topological power ordering: auth events before what they authorise; among those that could come next, the most powerful
// sender, then the oldest, then the smallest ID.
// https://spec.matrix.org/v1.19/rooms/v12/#definitions

import type { RoomVersionRules } from '@pons/spec';
import { powerLevelsOf } from '../power-levels.ts';
import { byAge, citedEvent, createOf, type EventById, type ResolvableEvent } from './state-sets.ts';

interface Candidate {
  readonly event: ResolvableEvent;
  readonly level: number;
}

/** The events in that order. Only auth events among them bind their order. */
export function reverseTopologicalOrder(
  ids: ReadonlySet<string>,
  eventOf: EventById,
  rules: RoomVersionRules,
): string[] {
  const waitingFor = new Map<string, number>();
  const citing = new Map<string, string[]>();
  const heap = new Heap();
  for (const id of ids) {
    const cited = [...new Set(eventOf(id).event.auth_events)].filter((each) => ids.has(each));
    waitingFor.set(id, cited.length);
    for (const each of cited) {
      const above = citing.get(each);
      if (above === undefined) citing.set(each, [id]);
      else above.push(id);
    }
    if (cited.length === 0) heap.push(candidate(id, eventOf, rules));
  }
  const order: string[] = [];
  for (let next = heap.pop(); next !== undefined; next = heap.pop()) {
    const id = next.event.eventId;
    order.push(id);
    for (const above of citing.get(id) ?? []) {
      const left = (waitingFor.get(above) ?? 0) - 1;
      waitingFor.set(above, left);
      if (left === 0) heap.push(candidate(above, eventOf, rules));
    }
  }
  return order;
}

/** The sender's power is looked up in the event's own auth events. */
function candidate(id: string, eventOf: EventById, rules: RoomVersionRules): Candidate {
  const event = eventOf(id);
  const create = createOf(event, eventOf, rules.roomIdIsCreateEvent);
  const levels = citedEvent(event, 'm.room.power_levels', eventOf);
  return { event, level: powerLevelsOf(create?.event, levels?.event, rules).levelOf(event.event.sender) };
}

function isBefore(left: Candidate, right: Candidate): boolean {
  // Two infinite levels are equal, and their difference would be no number.
  return left.level === right.level ? byAge(left.event, right.event) < 0 : left.level > right.level;
}

/** Binary heap: the first candidate on top. */
class Heap {
  readonly #items: Candidate[] = [];

  push(item: Candidate): void {
    const items = this.#items;
    let at = items.push(item) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(item, items[parent] as Candidate)) break;
      items[at] = items[parent] as Candidate;
      at = parent;
    }
    items[at] = item;
  }

  pop(): Candidate | undefined {
    const items = this.#items;
    const top = items[0];
    const last = items.pop();
    if (top === undefined || last === undefined || items.length === 0) return top;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && isBefore(items[child + 1] as Candidate, items[child] as Candidate)) child++;
      if (!isBefore(items[child] as Candidate, last)) break;
      items[at] = items[child] as Candidate;
      at = child;
    }
    items[at] = last;
    return top;
  }
}
