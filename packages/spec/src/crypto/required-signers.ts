// Which servers must have signed an event for it to be one: asked before signatures are checked, so that their keys can be fetched at once.
// The server that vouches for a restricted join is not among them: without its signature the event is rejected, not dropped.
// https://spec.matrix.org/v1.19/server-server-api/#validating-hashes-and-signatures-on-received-events

import type { PduDraft } from '../events/pdu.ts';
import { serverNameOf } from '../identifiers/server-name.ts';
import type { RoomVersionRules } from '../room-versions/rules.ts';

/** Names of the servers without whose signatures the event is dropped; one may be undefined for an identifier that names none. */
export function requiredSigners(pdu: PduDraft, rules: RoomVersionRules): ReadonlySet<string | undefined> {
  const signers = new Set<string | undefined>();
  if (!isThirdPartyInvite(pdu)) signers.add(serverNameOf(pdu.sender));
  if (rules.eventIdServerSigns) signers.add(serverNameOf(pdu.event_id ?? ''));
  return signers;
}

/** Made by the server of whoever takes the invitation up, in the name of the user who gave it. */
function isThirdPartyInvite({ type, content }: PduDraft): boolean {
  return type === 'm.room.member' && content['membership'] === 'invite' && content['third_party_invite'] !== undefined;
}
