// Stripped state: what somebody outside a room may know of it, in invitations and knocks. A hint, authorised by nobody.
// https://spec.matrix.org/v1.19/client-server-api/#stripped-state

import type { JsonObject } from '../json/json-value.ts';
import type { PduDraft } from './pdu.ts';

/** A state event reduced to what it says. */
export type StrippedState = {
  type: string;
  state_key: string;
  sender: string;
  content: JsonObject;
};

/** Types of state that invitations and knocks should show, all with the state key ''. */
export const strippedStateTypes: readonly string[] = [
  'm.room.create',
  'm.room.name',
  'm.room.avatar',
  'm.room.topic',
  'm.room.join_rules',
  'm.room.canonical_alias',
  'm.room.encryption',
];

/** A state event, stripped. */
export function stripState(pdu: PduDraft): StrippedState {
  return { type: pdu.type, state_key: pdu.state_key ?? '', sender: pdu.sender, content: pdu.content };
}
