// Other servers, as far as their events go: each signs by a key of its own, and what comes from them is checked as it would be on receipt.
import { createPublicKey } from 'node:crypto';
import type { JsonObject, PduDraft, RoomVersionRules } from '@pons/spec';
import { type FinishedPdu, finishPdu, makeSigningKey, type SigningKey } from '@pons/spec/crypto';
import type { CheckedPdu } from '../../homeserver/src/rooms/receive/check-hash.ts';
import type { DroppedPdu } from '../../homeserver/src/rooms/receive/check-format.ts';
import { checkPdu } from '../../homeserver/src/rooms/receive/check-pdu.ts';

const keys = new Map<string, SigningKey>();

/** The key of a server: the same for the same name. */
export function remoteKey(serverName: string): SigningKey {
  let key = keys.get(serverName);
  if (key === undefined) {
    key = makeSigningKey('remote', Buffer.alloc(32, serverName));
    if (key === undefined) throw new Error('no signing key');
    keys.set(serverName, key);
  }
  return key;
}

/** An event as that server would make it. */
export function remoteEvent(draft: PduDraft, rules: RoomVersionRules, serverName: string): FinishedPdu {
  return finishPdu(draft, rules, serverName, remoteKey(serverName));
}

/** What checks 1 to 3 make of an event. */
export function checkRemote(event: JsonObject, roomId: string, rules: RoomVersionRules): CheckedPdu | DroppedPdu {
  return checkPdu({ event, roomId, rules }, (server, keyId) => {
    const key = remoteKey(server);
    return key.keyId === keyId ? createPublicKey(key.privateKey) : undefined;
  });
}

/** The event, which passes. */
export function checkedRemote(event: JsonObject, roomId: string, rules: RoomVersionRules): CheckedPdu {
  const result = checkRemote(event, roomId, rules);
  if ('outcome' in result) throw new Error(`dropped: ${result.reason}`);
  return result;
}
