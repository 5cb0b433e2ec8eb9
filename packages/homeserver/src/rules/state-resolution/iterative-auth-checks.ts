// Iterative auth checks: events are tried in order against the state made by those before them; what the rules allow joins the state.
// Where the state lacks what the rules ask for, the event's own auth events answer, unless they were rejected.
// https://spec.matrix.org/v1.19/rooms/v12/#definitions

import type { RoomVersionRules } from '@pons/spec';
import { authStateKeys } from '../auth-events.ts';
import type { StateLookup } from '../auth-input.ts';
import { authorise } from '../authorise.ts';
import { createIdOf, type EventById, type ResolvableEvent, type StateMap, stateMapKey } from './state-sets.ts';

/** The state after trying the events in that order, starting from a state that is left as it was. */
export function iterativeAuthChecks(
  start: StateMap,
  order: readonly string[],
  eventOf: EventById,
  rules: RoomVersionRules,
): Map<string, string> {
  const state = new Map(start);
  for (const id of order) {
    const candidate = eventOf(id);
    if (candidate.event.state_key === undefined) continue;
    const verdict = authorise({
      event: candidate.event,
      rules,
      state: stateFor(candidate, state, eventOf, rules),
      // Checked when the event was received; a signature does not depend on the state.
      isSignedBy: () => true,
    });
    if (verdict.outcome === 'allowed') state.set(stateMapKey(candidate.event.type, candidate.event.state_key), id);
  }
  return state;
}

function stateFor(
  candidate: ResolvableEvent,
  state: StateMap,
  eventOf: EventById,
  rules: RoomVersionRules,
): StateLookup {
  const found = new Map<string, ResolvableEvent>();
  for (const id of candidate.event.auth_events) {
    const cited = eventOf(id);
    if (!cited.rejected) found.set(stateMapKey(cited.event.type, cited.event.state_key ?? ''), cited);
  }
  if (rules.roomIdIsCreateEvent && candidate.event.room_id !== undefined) {
    found.set(stateMapKey('m.room.create', ''), eventOf(createIdOf(candidate.event.room_id)));
  }
  for (const [type, stateKey] of authStateKeys(candidate.event, rules)) {
    const key = stateMapKey(type, stateKey);
    const id = state.get(key);
    if (id !== undefined) found.set(key, eventOf(id));
  }
  return (type, stateKey) => found.get(stateMapKey(type, stateKey));
}
