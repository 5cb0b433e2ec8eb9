// Rule 1: m.room.create, the event that begins a room. Numbered alike in versions 10 to 12, but for what 1.4 asks.
// https://spec.matrix.org/v1.19/rooms/v12/#authorisation-rules

import { isUserId, type RoomVersionRules, roomVersionRules, serverNameOf } from '@pons/spec';
import { allowed, type JudgedEvent, rejected, type Verdict } from '../auth-input.ts';

/** Judges a create event. */
export function authoriseCreate(event: JudgedEvent, rules: RoomVersionRules): Verdict {
  if (event.prev_events.length > 0) return rejected(rules, '1.1', 'a create event has nothing before it');
  if (rules.roomIdIsCreateEvent) {
    if (event.room_id !== undefined) return rejected(rules, '1.2', 'the room ID follows from the create event');
  } else if (event.room_id === undefined || serverNameOf(event.room_id) !== serverNameOf(event.sender)) {
    return rejected(rules, '1.2', 'the room ID is not of the server that creates the room');
  }
  const version = event.content['room_version'];
  if (version !== undefined && (typeof version !== 'string' || roomVersionRules(version) === undefined)) {
    return rejected(rules, '1.3', 'the room version is not known');
  }
  if (!rules.creatorIsSender && event.content['creator'] === undefined) {
    return rejected(rules, '1.4', 'the create event names no creator');
  }
  if (rules.creatorsHaveInfinitePower) {
    const additional = event.content['additional_creators'];
    const isGood = additional === undefined || (Array.isArray(additional) && additional.every(isUserIdValue));
    if (!isGood) return rejected(rules, '1.4', 'additional_creators is not a list of user IDs');
  }
  return allowed;
}

function isUserIdValue(value: unknown): boolean {
  return typeof value === 'string' && isUserId(value);
}
