// Table `account_data`, reading only: its rows take a position, so the door writes them (Commit.accountData).
// room_nid 0 is global account data. Deleted entries keep their row with the content `{}`.

import { type Queryable, statement } from '../database.ts';

export interface AccountDataRow {
  readonly room_nid: number;
  readonly type: string;
  /** Content, a JSON object. */
  readonly json: string;
  readonly position: number;
}

const one = statement(
  'account_data.one',
  `select room_nid, type, json, position from account_data where user_id = $1 and room_nid = $2 and type = $3`,
);

/** One entry; roomNid 0: global. */
export async function findAccountData(
  db: Queryable,
  userId: string,
  roomNid: number,
  type: string,
): Promise<AccountDataRow | undefined> {
  return (await db.query<AccountDataRow>(one, [userId, roomNid, type]))[0];
}

const count = statement('account_data.count', `select count(*)::int as entries from account_data where user_id = $1`);

/** How many entries a user has: they are bounded. */
export async function countAccountData(db: Queryable, userId: string): Promise<number> {
  return (await db.query<{ entries: number }>(count, [userId]))[0]?.entries ?? 0;
}
