// Rule 5.6 (4.6 before room version 12): banning.
// https://spec.matrix.org/v1.19/rooms/v12/#authorisation-rules

import { allowed, rejected, type Verdict } from '../auth-input.ts';
import type { MemberInput } from './member-input.ts';

/** Judges a ban. */
export function authoriseBan(input: MemberInput): Verdict {
  const { event, rules, senderMembership, target, levels } = input;
  if (senderMembership !== 'join') return rejected(rules, '5.6.1', `${event.sender} is not in the room`);
  const senderLevel = levels.levelOf(event.sender);
  if (senderLevel >= levels.ban && levels.levelOf(target) < senderLevel) return allowed;
  return rejected(rules, '5.6.3', `banning needs power level ${levels.ban} and more than ${target} has`);
}
