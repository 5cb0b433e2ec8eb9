// Whether a redaction takes effect. Sending one is a matter of the authorisation rules like any event; taking another event's content
// away needs more: the redact level, or being of the server that sent it.
// https://spec.matrix.org/v1.19/rooms/v12/#handling-redactions

import { serverNameOf } from '@pons/spec';
import type { PowerLevels } from './power-levels.ts';

/** Whether `sender`'s redaction applies to an event of `redactedSender`. */
export function redactionApplies(sender: string, redactedSender: string, levels: PowerLevels): boolean {
  return serverNameOf(sender) === serverNameOf(redactedSender) || levels.levelOf(sender) >= levels.redact;
}
