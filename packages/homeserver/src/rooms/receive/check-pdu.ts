// Receipt of a PDU, checks 1 to 3, which need no room. The whole list, each a file that alone makes what the next one takes:
//
//   UntrustedPdu ─ 1 check-format ─ 2 check-signatures ─ 3 check-hash ─▶ CheckedPdu              what fails 1 or 2 is dropped
//   in the lane  ─ 4 auth events ─ 5 state before ─ 6 current state   ─▶ JudgedPdu               ../authorise-pdu.ts, read by plan-received.ts
//   the door     ─ append                                              ─▶ StoredEvent             4, 5: rejected; 6: soft-failed
//
// Check 7, the room's policy server, asks another server and so runs outside of the lane, before it: who calls lanes.receive() asks.
// https://spec.matrix.org/v1.19/server-server-api/#checks-performed-on-receipt-of-a-pdu
import { checkFormat, type DroppedPdu, type UntrustedPdu } from './check-format.ts';
import { checkHash, type CheckedPdu } from './check-hash.ts';
import { checkSignatures, type FindServerKey } from './check-signatures.ts';

/** Checks what another server sent; `findKey` knows the keys of signersOf(). */
export function checkPdu(untrusted: UntrustedPdu, findKey: FindServerKey): CheckedPdu | DroppedPdu {
  const formed = checkFormat(untrusted);
  if ('outcome' in formed) return formed;
  const signed = checkSignatures(formed, findKey);
  if ('outcome' in signed) return signed;
  return checkHash(signed);
}
