// Reads of `client_transactions`: what was answered to a request that may come again. Only the door writes it.
// https://spec.matrix.org/v1.19/client-server-api/#transaction-identifiers
import { type Queryable, statement } from '../database.ts';

const response = statement(
  'client_transactions.response',
  `select response from client_transactions
    where user_id = $1 and device_id = $2 and endpoint = $3 and room_nid = $4 and txn_id = $5`,
);

/** The body that was answered under this key, or undefined when the request is new. */
export async function storedResponse(
  db: Queryable,
  key: { readonly userId: string; readonly deviceId: string; readonly endpoint: string; readonly txnId: string },
  roomNid: number,
): Promise<string | undefined> {
  const rows = await db.query<{ response: string }>(response, [
    key.userId,
    key.deviceId,
    key.endpoint,
    roomNid,
    key.txnId,
  ]);
  return rows[0]?.response;
}
