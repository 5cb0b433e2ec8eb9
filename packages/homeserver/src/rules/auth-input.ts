// What the authorisation rules are given and what they answer: the words that authorise.ts and auth-rules/ share. The caller tells the
// state (the state before the event, the current state, or that of its auth events: the rules are the same) by a lookup; which keys
// will be asked for is auth-events.ts' answer, so everything can be read before the rules run.
// https://spec.matrix.org/v1.19/rooms/v12/#authorisation-rules

import type { Pdu, PduDraft, RoomVersionRules } from '@pons/spec';
import { type PowerLevels, powerLevelsOf } from './power-levels.ts';

/** An event of the state, as far as rules look at it. */
export interface StateEvent {
  readonly eventId: string;
  readonly event: Pick<Pdu, 'sender' | 'content'>;
}

/** The event that is the value of a key of the state; undefined when there is none. */
export type StateLookup = (type: string, stateKey: string) => StateEvent | undefined;

/** The event that is judged, as far as rules look at it: a draft will do. */
export type JudgedEvent = Pick<PduDraft, 'type' | 'state_key' | 'room_id' | 'sender' | 'content' | 'prev_events'>;

/** What the rules decide from. */
export interface AuthInput {
  readonly event: JudgedEvent;
  readonly rules: RoomVersionRules;
  /** Includes the create event, in every room version. */
  readonly state: StateLookup;
  /**
   * Whether that server has validly signed the event. Asked only of joins with `join_authorised_via_users_server`, which are rejected
   * without it. For an event of ours that is not signed yet: whether the server is we.
   */
  readonly isSignedBy?: (serverName: string) => boolean;
}

/** What the rules decide. */
export type Verdict =
  | { readonly outcome: 'allowed' }
  /** `rule` is the number of the rule in the specification of the event's own room version. */
  | { readonly outcome: 'rejected'; readonly rule: string; readonly reason: string };

export const allowed: Verdict = { outcome: 'allowed' };

/**
 * A rejection. The rules are numbered here as in room version 12; older versions, which lack rule 2 and rule 10.4, count accordingly.
 */
export function rejected(rules: RoomVersionRules, ruleOf12: string, reason: string): Verdict {
  return { outcome: 'rejected', rule: rules.roomIdIsCreateEvent ? ruleOf12 : olderNumber(ruleOf12), reason };
}

function olderNumber(ruleOf12: string): string {
  const [top = 0, second, ...rest] = ruleOf12.split('.').map(Number);
  if (top < 3) return ruleOf12;
  const inner = top === 10 && second !== undefined && second > 4 ? second - 1 : second;
  return [top - 1, ...(inner === undefined ? [] : [inner]), ...rest].join('.');
}

/** The membership of a user in the state, `leave` for somebody it does not mention. */
export function membershipOf(state: StateLookup, userId: string): string {
  const membership = state('m.room.member', userId)?.event.content['membership'];
  return typeof membership === 'string' ? membership : 'leave';
}

/** The power levels in the state. */
export function levelsOf(input: Pick<AuthInput, 'rules' | 'state'>): PowerLevels {
  return powerLevelsOf(
    input.state('m.room.create', '')?.event,
    input.state('m.room.power_levels', '')?.event,
    input.rules,
  );
}
