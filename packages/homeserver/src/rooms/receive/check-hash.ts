// Check 3 on receipt of a PDU: the content hash. An event that was changed on the way is not refused: what redaction leaves of it is
// signed, so it goes on as if it had been redacted.
// https://spec.matrix.org/v1.19/server-server-api/#checks-performed-on-receipt-of-a-pdu
import { canonicalJson, redact } from '@pons/spec';
import { contentHashMatches, type FinishedPdu, numbersOf } from '@pons/spec/crypto';
import type { SignedPdu } from './check-signatures.ts';

declare const checked: unique symbol;

/** An event that passed checks 1 to 3. Only this file makes them. */
export interface CheckedPdu extends FinishedPdu {
  readonly [checked]: true;
  readonly signedBy: ReadonlySet<string>;
}

/** Takes the event as it is signed. */
export function checkHash({ formed, signedBy }: SignedPdu): CheckedPdu {
  const { rules, eventId } = formed;
  const pdu = contentHashMatches(formed.pdu, rules) ? formed.pdu : redact(formed.pdu, rules);
  return { pdu, eventId, json: canonicalJson(pdu, numbersOf(rules)), signedBy } as CheckedPdu;
}
