// Rule 5.5 (4.5 before room version 12): leaving, refusing an invitation, kicking, unbanning: all are `leave`.
// https://spec.matrix.org/v1.19/rooms/v12/#authorisation-rules

import { allowed, rejected, type Verdict } from '../auth-input.ts';
import type { MemberInput } from './member-input.ts';

/** Judges a leave. */
export function authoriseLeave(input: MemberInput): Verdict {
  const { event, rules, senderMembership, target, targetMembership, levels } = input;
  if (event.sender === target) {
    const mayLeave =
      targetMembership === 'join' ||
      targetMembership === 'invite' ||
      (targetMembership === 'knock' && rules.allowsKnocking);
    return mayLeave ? allowed : rejected(rules, '5.5.1', `${target} is not in the room`);
  }
  if (senderMembership !== 'join') return rejected(rules, '5.5.2', `${event.sender} is not in the room`);
  const senderLevel = levels.levelOf(event.sender);
  if (targetMembership === 'ban' && senderLevel < levels.ban) {
    return rejected(rules, '5.5.3', `unbanning needs power level ${levels.ban}`);
  }
  if (senderLevel >= levels.kick && levels.levelOf(target) < senderLevel) return allowed;
  return rejected(rules, '5.5.5', `kicking needs power level ${levels.kick} and more than ${target} has`);
}
