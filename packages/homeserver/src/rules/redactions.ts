// Whether a redaction takes effect. Sending one is a matter of the authorisation rules like any event; taking another event's content
// away needs more: the redact level, or being of the server that sent it. In room versions 1 and 2 both are one rule (11), which goes by
// the servers that the event IDs name.
// https://spec.matrix.org/v1.19/rooms/v12/#handling-redactions

import { type PduDraft, type RoomVersionRules, serverNameOf } from '@pons/spec';
import type { PowerLevels } from './power-levels.ts';

/** What is looked at. */
export interface RedactionInput {
  readonly redaction: Pick<PduDraft, 'sender' | 'event_id'>;
  readonly redacted: { readonly sender: string; readonly eventId: string };
  /** In the state before the redaction. */
  readonly levels: PowerLevels;
  readonly rules: RoomVersionRules;
}

/** Whether an allowed redaction applies to that event. */
export function redactionApplies({ redaction, redacted, levels, rules }: RedactionInput): boolean {
  if (levels.levelOf(redaction.sender) >= levels.redact) return true;
  return rules.authorisesRedactions
    ? isSameServer(redaction.event_id ?? '', redacted.eventId)
    : isSameServer(redaction.sender, redacted.sender);
}

function isSameServer(left: string, right: string): boolean {
  const server = serverNameOf(left);
  return server !== undefined && server === serverNameOf(right);
}
