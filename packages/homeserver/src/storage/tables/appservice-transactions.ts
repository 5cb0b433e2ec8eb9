// Table `appservice_transactions`: frozen bodies, written by a cursor's step (appservice-cursors.ts) and gone at their 200.

import { type Queryable, statement } from '../database.ts';
import type { FrozenRow } from './appservice-cursors.ts';

const oldest = statement(
  'appservice_transactions.oldest',
  `select txn_id as "txnId", body, positions, created_ts as "createdTs" from appservice_transactions
    where appservice_id = $1 order by txn_id limit 1`,
);

/** The transaction that was frozen first and has not been acknowledged. */
export async function oldestFrozen(db: Queryable, appserviceId: string): Promise<FrozenRow | undefined> {
  return (await db.query<FrozenRow>(oldest, [appserviceId]))[0];
}

const body = statement(
  'appservice_transactions.body',
  'select body from appservice_transactions where appservice_id = $1 and txn_id = $2',
);

/** The bytes of a frozen transaction. */
export async function frozenBody(db: Queryable, appserviceId: string, txnId: number): Promise<Buffer | undefined> {
  return (await db.query<{ body: Buffer }>(body, [appserviceId, txnId]))[0]?.body;
}
