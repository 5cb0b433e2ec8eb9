// Rule 5.3 (4.3 before room version 12): joining, restricted joins included.
// https://spec.matrix.org/v1.19/rooms/v12/#authorisation-rules

import { citedIds } from '@pons/spec';
import { allowed, membershipOf, rejected, type Verdict } from '../auth-input.ts';
import { joinRuleOf, type MemberInput } from './member-input.ts';

/** Judges a join. */
export function authoriseJoin(input: MemberInput): Verdict {
  const { event, rules, create, target, targetMembership } = input;
  const creator = rules.creatorIsSender ? create.event.sender : create.event.content['creator'];
  const before = citedIds(event.prev_events);
  const isFirst = before.length === 1 && before[0] === create.eventId;
  if (isFirst && target === creator) return allowed;
  if (event.sender !== target) return rejected(rules, '5.3.2', 'nobody can join for somebody else');
  if (targetMembership === 'ban') return rejected(rules, '5.3.3', `${target} is banned`);
  const isMember = targetMembership === 'join' || targetMembership === 'invite';
  const joinRule = joinRuleOf(input);
  if (isMember && (joinRule === 'invite' || (joinRule === 'knock' && rules.allowsKnocking))) return allowed;
  const isRestricted =
    (joinRule === 'restricted' && rules.allowsRestrictedJoins) ||
    (joinRule === 'knock_restricted' && rules.allowsKnockRestricted);
  if (isRestricted) return isMember ? allowed : authoriseRestricted(input);
  if (joinRule === 'public') return allowed;
  return rejected(rules, '5.3.7', `${target} is not invited`);
}

/** 5.3.5.2: the user that vouches is in the room and may invite. */
function authoriseRestricted({ event, rules, state, levels }: MemberInput): Verdict {
  const authoriser = event.content['join_authorised_via_users_server'];
  const mayInvite =
    typeof authoriser === 'string' &&
    membershipOf(state, authoriser) === 'join' &&
    levels.levelOf(authoriser) >= levels.invite;
  return mayInvite ? allowed : rejected(rules, '5.3.5.2', 'no member with the power to invite authorises the join');
}
