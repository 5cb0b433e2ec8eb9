// The rule about the list of auth events itself: rule 3 in room version 12, rule 2 before. Asked once per received event, before
// authorise() runs against those events; events of ours cite what was selected and need no check.
// https://spec.matrix.org/v1.19/rooms/v12/#authorisation-rules

import type { PduDraft, RoomVersionRules } from '@pons/spec';
import { authEventKeys } from '../auth-events.ts';
import { allowed, rejected, type Verdict } from '../auth-input.ts';

/** An event that another cites. */
export interface CitedEvent {
  readonly event: Pick<PduDraft, 'type' | 'state_key' | 'room_id'>;
  readonly rejected: boolean;
}

/** Whether an event may cite those auth events. `roomId` is the room of the event. */
export function judgeAuthEvents(
  event: Pick<PduDraft, 'type' | 'state_key' | 'sender' | 'content'>,
  roomId: string,
  cited: readonly CitedEvent[],
  rules: RoomVersionRules,
): Verdict {
  if (event.type === 'm.room.create') return allowed;
  const wanted = new Set(authEventKeys(event, rules).map(([type, stateKey]) => keyText(type, stateKey)));
  const seen = new Set<string>();
  for (const each of cited) {
    const key = keyText(each.event.type, each.event.state_key);
    if (seen.has(key)) return rejected(rules, '3.1', `two auth events for ${each.event.type}`);
    seen.add(key);
  }
  for (const each of cited) {
    const key = keyText(each.event.type, each.event.state_key);
    if (!wanted.has(key)) return rejected(rules, '3.2', `${each.event.type} does not authorise this event`);
  }
  if (cited.some((each) => each.rejected)) return rejected(rules, '3.3', 'an auth event was itself rejected');
  if (!rules.roomIdIsCreateEvent && !seen.has(keyText('m.room.create', ''))) {
    return rejected(rules, '3.4', 'the create event is not among the auth events');
  }
  if (cited.some((each) => each.event.room_id !== roomId)) {
    // The one before this, 3.4 by that count, went with room version 12.
    return rejected(rules, rules.roomIdIsCreateEvent ? '3.4' : '3.5', 'an auth event is of another room');
  }
  return allowed;
}

function keyText(type: string, stateKey: string | undefined): string {
  return stateKey === undefined ? type : `${type}\0${stateKey}`;
}
