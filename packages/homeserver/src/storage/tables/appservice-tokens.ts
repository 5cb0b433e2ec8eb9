// Table `appservice_tokens`: the as_token of each application service as it was last loaded, and those before it that still live.

import { type Queryable, statement } from '../database.ts';
import { isFree } from './leases.ts';

export interface AppserviceTokenRow {
  readonly tokenHash: Buffer;
  readonly appserviceId: string;
  /** null: it is the one of the registration. */
  readonly untilTs: number | null;
}

const all = statement(
  'appservice_tokens.all',
  `select token_hash as "tokenHash", appservice_id as "appserviceId", until_ts as "untilTs" from appservice_tokens
    order by token_hash`,
);

/** All of them. */
export async function appserviceTokens(db: Queryable): Promise<AppserviceTokenRow[]> {
  return db.query<AppserviceTokenRow>(all);
}

const retire = statement(
  'appservice_tokens.retire',
  `update appservice_tokens t set until_ts = $3
    from unnest($1::text[], $2::bytea[]) as now (appservice_id, token_hash)
    where t.appservice_id = now.appservice_id and t.token_hash <> now.token_hash and t.until_ts is null`,
);
const put = statement(
  'appservice_tokens.put',
  `insert into appservice_tokens (token_hash, appservice_id)
    select token_hash, appservice_id from unnest($1::text[], $2::bytea[]) as now (appservice_id, token_hash)
    on conflict (token_hash) do update set appservice_id = excluded.appservice_id, until_ts = null
      where appservice_tokens.appservice_id = excluded.appservice_id or appservice_tokens.appservice_id <> all($3::text[])
    returning appservice_id as "appserviceId", (xmax = 0) as "isNew"`,
);
const expired = statement('appservice_tokens.expired', 'delete from appservice_tokens where until_ts <= $1');

/** When, and whose tokens stay whose they are. */
export interface PutTokensOptions {
  readonly now: number;
  /** What is replaced dies then. */
  readonly untilTs: number;
  /** A token of one that is not among these may be taken over: that one is gone. Absent: from nobody. */
  readonly present?: readonly string[];
}

/**
 * Makes these the present tokens of their application services; what they replace dies at `untilTs`, what is dead by now goes. A token
 * that is another's, replaced lately or not, stays with that.
 *
 * @returns whose are there now, and whether they were there before, in whatever place
 */
export async function putAppserviceTokens(
  tx: Queryable,
  tokens: readonly { readonly appserviceId: string; readonly tokenHash: Buffer }[],
  { now, untilTs, present }: PutTokensOptions,
): Promise<ReadonlyMap<string, { readonly isNew: boolean }>> {
  const ids = tokens.map(({ appserviceId }) => appserviceId);
  const hashes = tokens.map(({ tokenHash }) => tokenHash);
  await tx.query(expired, [now]);
  await tx.query(retire, [ids, hashes, untilTs]);
  const written = await tx.query<{ appserviceId: string; isNew: boolean }>(put, [ids, hashes, present ?? null]);
  await tx.query(expired, [now]);
  return new Map(written.map(({ appserviceId, isNew }) => [appserviceId, { isNew }]));
}

const endOld = statement(
  'appservice_tokens.end_old',
  'delete from appservice_tokens where appservice_id = $1 and until_ts is not null',
);

/** Ends the overlap: only the present token is left. */
export async function deleteOldTokens(tx: Queryable, appserviceId: string): Promise<void> {
  await tx.query(endOld, [appserviceId]);
}

const endAll = statement(
  'appservice_tokens.end_all',
  'delete from appservice_tokens where appservice_id = any($1::text[])',
);

/** Forgets all tokens of application services that are gone. */
export async function deleteTokensOf(tx: Queryable, appserviceIds: readonly string[]): Promise<void> {
  await tx.query(endAll, [appserviceIds]);
}

// Looked for first: a lock is tried for those alone.
const endAbsent = statement(
  'appservice_tokens.end_absent',
  `with absent as materialized (
      select distinct appservice_id from appservice_tokens where appservice_id <> all($1::text[]))
    delete from appservice_tokens t using absent a
    where t.appservice_id = a.appservice_id and ${isFree(`'appservice:' || a.appservice_id`)}`,
);

/** Forgets all tokens of those that are not among these, unless a process sends to them: it has a registration that is missing here. */
export async function deleteTokensOfAbsent(db: Queryable, present: readonly string[]): Promise<void> {
  await db.query(endAbsent, [present]);
}
