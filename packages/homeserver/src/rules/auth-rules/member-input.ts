// What the rules about memberships share: worked out once in member.ts, read by the files per membership.
// https://spec.matrix.org/v1.19/rooms/v12/#authorisation-rules

import type { AuthInput, StateEvent } from '../auth-input.ts';
import type { PowerLevels } from '../power-levels.ts';

/** What the rules about memberships look at. */
export interface MemberInput extends AuthInput {
  readonly create: StateEvent;
  /** The user whose membership it is. */
  readonly target: string;
  readonly senderMembership: string;
  readonly targetMembership: string;
  readonly levels: PowerLevels;
}

/** The join rule of the room, `invite` when it has none. */
export function joinRuleOf(input: AuthInput): string {
  const rule = input.state('m.room.join_rules', '')?.event.content['join_rule'];
  return typeof rule === 'string' ? rule : 'invite';
}
