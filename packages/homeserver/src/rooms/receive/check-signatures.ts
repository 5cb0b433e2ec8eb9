// Check 2 on receipt of a PDU: signatures. The caller has found the keys beforehand, for origin_server_ts where the room version asks for
// it; nothing is fetched here. A server that vouches for a restricted join is noted: without it the join is rejected, not dropped.
// https://spec.matrix.org/v1.19/server-server-api/#validating-hashes-and-signatures-on-received-events
import type { KeyObject } from 'node:crypto';
import { type Pdu, serverNameOf } from '@pons/spec';
import { requiredSigners, verifyPdu } from '@pons/spec/crypto';
import { dropped, type DroppedPdu, type FormedPdu } from './check-format.ts';

declare const signed: unique symbol;

/** An event that those signed who must. Only this file makes them. */
export interface SignedPdu {
  readonly [signed]: true;
  readonly formed: FormedPdu;
  /** Servers whose signatures were verified. */
  readonly signedBy: ReadonlySet<string>;
}

/** The key of a server, valid for the event; undefined when unknown or not valid then. */
export type FindServerKey = (serverName: string, keyId: string) => KeyObject | undefined;

/** Verifies the signatures. */
export function checkSignatures(formed: FormedPdu, findKey: FindServerKey): SignedPdu | DroppedPdu {
  const { pdu, rules } = formed;
  const signedBy = new Set<string>();
  const verifies = (server: string) =>
    verifyPdu(pdu, rules, server, (keyId) => findKey(server, keyId)).outcome === 'verified';
  for (const server of requiredSigners(pdu, rules)) {
    if (server === undefined) return dropped('an identifier names no server');
    if (!verifies(server)) return dropped(`${server} has not signed it by a key that is known`);
    signedBy.add(server);
  }
  const voucher = voucherOf(pdu);
  if (voucher !== undefined && !signedBy.has(voucher) && verifies(voucher)) signedBy.add(voucher);
  return { formed, signedBy } as unknown as SignedPdu;
}

/** Servers whose keys are needed before signatures are checked. */
export function signersOf({ pdu, rules }: FormedPdu): ReadonlySet<string> {
  const voucher = voucherOf(pdu);
  const servers = [...requiredSigners(pdu, rules), voucher];
  return new Set(servers.filter((server) => server !== undefined));
}

function voucherOf({ type, content }: Pdu): string | undefined {
  const user = content['join_authorised_via_users_server'];
  return type === 'm.room.member' && typeof user === 'string' ? serverNameOf(user) : undefined;
}
