// Rule 5.7 (4.7 before room version 12): knocking.
// https://spec.matrix.org/v1.19/rooms/v12/#authorisation-rules

import { allowed, rejected, type Verdict } from '../auth-input.ts';
import { joinRuleOf, type MemberInput } from './member-input.ts';

/** Judges a knock. */
export function authoriseKnock(input: MemberInput): Verdict {
  const { event, rules, target, senderMembership } = input;
  const joinRule = joinRuleOf(input);
  const mayKnock = joinRule === 'knock' || (joinRule === 'knock_restricted' && rules.allowsKnockRestricted);
  if (!mayKnock) return rejected(rules, '5.7.1', 'the room does not take knocks');
  if (event.sender !== target) return rejected(rules, '5.7.2', 'nobody can knock for somebody else');
  if (senderMembership === 'ban' || senderMembership === 'invite' || senderMembership === 'join') {
    return rejected(rules, '5.7.4', `the membership of ${target} is ${senderMembership}`);
  }
  return allowed;
}
