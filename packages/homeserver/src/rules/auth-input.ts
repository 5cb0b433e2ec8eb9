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
export type JudgedEvent = Pick<PduDraft, 'type' | 'state_key' | 'room_id' | 'sender' | 'content' | 'prev_events'> &
  /** Looked at in room versions 1 and 2, of redactions. */
  Pick<PduDraft, 'event_id' | 'redacts'>;

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

/** A rejection. The rule is given as room version 12 numbers it, and named as the event's own version does. */
export function rejected(rules: RoomVersionRules, ruleOf12: string, reason: string): Verdict {
  return { outcome: 'rejected', rule: numberIn(rules, ruleOf12), reason };
}

// Version 12 brought rules 2 and 10.4; 10 brought 10.1 and 10.2; 8 brought 5.2 and 5.3.5; 7 brought 5.7; up to 5, memberships come after
// the rule about aliases.
function numberIn(rules: RoomVersionRules, ruleOf12: string): string {
  const [top = 0, second, ...rest] = ruleOf12.split('.').map(Number);
  if (top === 1 || rules.roomIdIsCreateEvent) return ruleOf12;
  const outer = top >= 5 && rules.authorisesAliases ? top : top - 1;
  if (second === undefined) return String(outer);
  return [outer, ...(top === 5 ? memberNumber(rules, second, rest) : [levelsNumber(rules, top, second), ...rest])].join(
    '.',
  );
}

function memberNumber(rules: RoomVersionRules, second: number, rest: readonly number[]): number[] {
  if (rules.allowsRestrictedJoins) return [second, ...rest];
  const [third, ...deeper] = rest;
  const inner = second === 3 && third !== undefined && third > 5 ? [third - 1, ...deeper] : rest;
  return [second === 1 ? 1 : second === 8 && !rules.allowsKnocking ? 6 : second - 1, ...inner];
}

function levelsNumber(rules: RoomVersionRules, top: number, second: number): number {
  if (top !== 10) return second;
  if (!rules.integerPowerLevels) return second === 3 ? 1 : second - 3;
  return second > 4 ? second - 1 : second;
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
