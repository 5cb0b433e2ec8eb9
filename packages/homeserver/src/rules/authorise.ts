// The authorisation rules: may this event be, given that state? Pure: the caller has read what auth-events.ts named. Called by
// rooms/authorise-pdu.ts for events of ours and for received ones (against auth events, state before, current state), and by state
// resolution. Rule numbers in comments are those of room version 12; a rejection names the number of the event's own version.
// https://spec.matrix.org/v1.19/rooms/v12/#authorisation-rules

import { serverNameOf } from '@pons/spec';
import {
  type AuthInput,
  allowed,
  type JudgedEvent,
  levelsOf,
  membershipOf,
  rejected,
  type StateEvent,
  type Verdict,
} from './auth-input.ts';
import { authoriseCreate } from './auth-rules/create.ts';
import { authoriseMember } from './auth-rules/member.ts';
import { authorisePowerLevels } from './auth-rules/power-levels.ts';

export type { AuthInput, JudgedEvent, StateEvent, StateLookup, Verdict } from './auth-input.ts';

/**
 * Judges an event by all rules that look at state. The rules about its list of auth events are judgeAuthEvents'.
 *
 * @example authorise({ event: draft, rules, state: (type, key) => lane.peek(type, key), isSignedBy: (server) => server === ours })
 */
export function authorise(input: AuthInput): Verdict {
  const { event, rules, state } = input;
  if (event.type === 'm.room.create') return authoriseCreate(event, rules);

  const create = state('m.room.create', '');
  const foreign = checkRoom(input, create);
  if (foreign !== undefined || create === undefined) return foreign ?? noCreate(input);
  if (event.type === 'm.room.aliases' && rules.authorisesAliases) return authoriseAliases(event);
  if (event.type === 'm.room.member') return authoriseMember(input, create);

  if (membershipOf(state, event.sender) !== 'join') return rejected(rules, '6', `${event.sender} is not in the room`);

  const levels = levelsOf(input);
  const senderLevel = levels.levelOf(event.sender);
  if (event.type === 'm.room.third_party_invite') {
    return senderLevel >= levels.invite ? allowed : rejected(rules, '7.1', `${event.sender} may not invite`);
  }
  const isState = event.state_key !== undefined;
  const needed = levels.needed(event.type, isState);
  if (needed > senderLevel) {
    return rejected(rules, '8', `${event.type} needs power level ${needed}, ${event.sender} has ${senderLevel}`);
  }
  if (event.state_key?.startsWith('@') && event.state_key !== event.sender) {
    return rejected(rules, '9', `state with the key ${event.state_key} belongs to that user`);
  }
  if (event.type === 'm.room.power_levels') return authorisePowerLevels(input, create);
  return event.type === 'm.room.redaction' && rules.authorisesRedactions
    ? authoriseRedaction(event, senderLevel >= levels.redact)
    : allowed;
}

/** Rule 4 of room versions 1 to 5: a server lists its aliases, whether it is in the room or not. */
function authoriseAliases({ state_key: stateKey, sender }: JudgedEvent): Verdict {
  if (stateKey === undefined) return { outcome: 'rejected', rule: '4.1', reason: 'm.room.aliases needs a state_key' };
  if (stateKey === serverNameOf(sender)) return allowed;
  return { outcome: 'rejected', rule: '4.2', reason: 'the aliases are those of another server' };
}

/** Rule 11 of room versions 1 and 2: by event IDs, which name the server that made the event. */
function authoriseRedaction(event: JudgedEvent, mayRedact: boolean): Verdict {
  const redacted = serverNameOf(event.redacts ?? '');
  if (mayRedact || (redacted !== undefined && redacted === serverNameOf(event.event_id ?? ''))) return allowed;
  return { outcome: 'rejected', rule: '11.3', reason: 'redacting an event of another server needs the redact level' };
}

/** Rules 2 and 4: the event is of the room that the create event made, and may come from that server. */
function checkRoom(input: AuthInput, create: StateEvent | undefined): Verdict | undefined {
  const { event, rules } = input;
  if (create === undefined) return noCreate(input);
  if (rules.roomIdIsCreateEvent && event.room_id !== `!${create.eventId.slice(1)}`) {
    return rejected(rules, '2', 'the room ID is not that of the create event');
  }
  const isClosed = create.event.content['m.federate'] === false;
  if (isClosed && serverNameOf(event.sender) !== serverNameOf(create.event.sender)) {
    return rejected(rules, '4', 'the room is for users of the server that created it');
  }
  return undefined;
}

function noCreate({ rules }: AuthInput): Verdict {
  return rejected(rules, rules.roomIdIsCreateEvent ? '2' : '3.4', 'the room has no create event');
}
