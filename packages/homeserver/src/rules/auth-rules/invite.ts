// Rule 5.4 (4.4 before room version 12): inviting, invitations by third-party identifier included.
// https://spec.matrix.org/v1.19/rooms/v12/#authorisation-rules

import { isJsonObject, type JsonObject, type JsonValue } from '@pons/spec';
import { anySignatureMatches } from '@pons/spec/crypto';
import { allowed, rejected, type Verdict } from '../auth-input.ts';
import type { MemberInput } from './member-input.ts';

/** Judges an invitation. */
export function authoriseInvite(input: MemberInput): Verdict {
  const { event, rules, senderMembership, target, targetMembership, levels } = input;
  const thirdParty = event.content['third_party_invite'];
  if (thirdParty !== undefined) return authoriseThirdParty(input, thirdParty);
  if (senderMembership !== 'join') return rejected(rules, '5.4.2', `${event.sender} is not in the room`);
  if (targetMembership === 'join') return rejected(rules, '5.4.3', `${target} is in the room already`);
  if (targetMembership === 'ban') return rejected(rules, '5.4.3', `${target} is banned`);
  if (levels.levelOf(event.sender) >= levels.invite) return allowed;
  return rejected(rules, '5.4.5', `inviting needs power level ${levels.invite}`);
}

/** 5.4.1: the identity server's signature over the user ID stands in for the invitation's sender. */
function authoriseThirdParty(input: MemberInput, thirdParty: JsonValue): Verdict {
  const { event, rules, state, target, targetMembership } = input;
  if (targetMembership === 'ban') return rejected(rules, '5.4.1.1', `${target} is banned`);
  const signed = isJsonObject(thirdParty) ? thirdParty['signed'] : undefined;
  if (!isJsonObject(signed)) return rejected(rules, '5.4.1.2', 'third_party_invite has no signed');
  const { mxid, token } = signed;
  if (mxid === undefined || typeof token !== 'string') return rejected(rules, '5.4.1.3', 'signed has no mxid or token');
  if (mxid !== target) return rejected(rules, '5.4.1.4', 'the invitation is for another user');
  const invite = state('m.room.third_party_invite', token);
  if (invite === undefined) return rejected(rules, '5.4.1.5', 'the room has no such third-party invitation');
  if (invite.event.sender !== event.sender)
    return rejected(rules, '5.4.1.6', 'the invitation was sent by another user');
  if (anySignatureMatches(signed, publicKeys(invite.event.content))) return allowed;
  return rejected(rules, '5.4.1.8', 'no signature is by a key of the third-party invitation');
}

function publicKeys(content: JsonObject): string[] {
  const list = Array.isArray(content['public_keys']) ? content['public_keys'] : [];
  const keys = [content['public_key'], ...list.map((each) => (isJsonObject(each) ? each['public_key'] : undefined))];
  return keys.filter((key) => typeof key === 'string');
}
