// Table `appservice_too_old`: events that an application service was not sent because of their age (`pons.filters.max_age_ms`). Only an
// operator's question looks here (appservice-explain.ts), so the last ones are enough. Written in batches, before the cursor passes them.

import { type Queryable, statement } from '../database.ts';

/** Positions kept for each application service, at least. */
export const tooOldMax = 1_000;

const keep = statement(
  'appservice_too_old.keep',
  `with noted as (insert into appservice_too_old (appservice_id, position)
      select * from unnest($1::text[], $2::bigint[]) on conflict do nothing)
    delete from appservice_too_old o using (select distinct w.id from unnest($1::text[]) as w (id)) w
    where o.appservice_id = w.id and o.position < (
      select n.position from appservice_too_old n where n.appservice_id = w.id
      order by n.position desc offset ${tooOldMax - 1} limit 1)`,
);

/** Notes events that were left out, and forgets the oldest. */
export async function keepTooOld(
  db: Queryable,
  rows: readonly { readonly appserviceId: string; readonly position: number }[],
): Promise<void> {
  await db.query(keep, [rows.map(({ appserviceId }) => appserviceId), rows.map(({ position }) => position)]);
}
