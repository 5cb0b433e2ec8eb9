// Rule 5 (4 before room version 12): m.room.member. Each membership has a file of its own.
// https://spec.matrix.org/v1.19/rooms/v12/#authorisation-rules

import { serverNameOf } from '@pons/spec';
import { type AuthInput, levelsOf, membershipOf, rejected, type StateEvent, type Verdict } from '../auth-input.ts';
import { authoriseBan } from './ban.ts';
import { authoriseInvite } from './invite.ts';
import { authoriseJoin } from './join.ts';
import { authoriseKnock } from './knock.ts';
import { authoriseLeave } from './leave.ts';
import type { MemberInput } from './member-input.ts';

/** Judges a membership event. */
export function authoriseMember(input: AuthInput, create: StateEvent): Verdict {
  const { event, rules, state } = input;
  const membership = event.content['membership'];
  const target = event.state_key;
  if (target === undefined || membership === undefined) {
    return rejected(rules, '5.1', 'a membership needs a state_key and a membership');
  }
  if (rules.allowsRestrictedJoins && event.content['join_authorised_via_users_server'] !== undefined) {
    const authoriser = event.content['join_authorised_via_users_server'];
    const server = typeof authoriser === 'string' ? serverNameOf(authoriser) : undefined;
    if (server === undefined || input.isSignedBy?.(server) !== true) {
      return rejected(rules, '5.2.1', 'the server that authorises the join has not signed it');
    }
  }
  const memberInput: MemberInput = {
    ...input,
    create,
    target,
    senderMembership: membershipOf(state, event.sender),
    targetMembership: membershipOf(state, target),
    levels: levelsOf(input),
  };
  if (membership === 'join') return authoriseJoin(memberInput);
  if (membership === 'invite') return authoriseInvite(memberInput);
  if (membership === 'leave') return authoriseLeave(memberInput);
  if (membership === 'ban') return authoriseBan(memberInput);
  if (membership === 'knock' && rules.allowsKnocking) return authoriseKnock(memberInput);
  return rejected(rules, '5.8', 'there is no such membership');
}
