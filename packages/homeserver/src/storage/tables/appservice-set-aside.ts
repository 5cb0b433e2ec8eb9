// Table `appservice_set_aside`: events that an application service refused by themselves. Written by a cursor's step; an operator lists
// them and asks for some to be sent again. Only positions are kept: the events are read anew, so a redaction reaches them.

import { type Queryable, statement } from '../database.ts';

export interface SetAsideRow {
  readonly position: number;
  readonly reason: string;
  readonly createdTs: number;
  readonly replay: boolean;
}

const list = statement(
  'appservice_set_aside.list',
  `select position, reason, created_ts as "createdTs", replay from appservice_set_aside
    where appservice_id = $1 and position > $2 order by position limit $3`,
);

/** Events set aside, from the oldest on. */
export async function listSetAside(
  db: Queryable,
  appserviceId: string,
  page: { readonly after: number; readonly limit: number },
): Promise<SetAsideRow[]> {
  return db.query<SetAsideRow>(list, [appserviceId, page.after, page.limit]);
}

const counts = statement(
  'appservice_set_aside.counts',
  'select appservice_id as "appserviceId", count(*) as count from appservice_set_aside group by appservice_id',
);

/** How many each application service has. */
export async function countSetAside(db: Queryable): Promise<Map<string, number>> {
  const rows = await db.query<{ appserviceId: string; count: number }>(counts);
  return new Map(rows.map(({ appserviceId, count }) => [appserviceId, count]));
}

const ask = statement(
  'appservice_set_aside.ask_replay',
  `update appservice_set_aside set replay = true
    where appservice_id = $1 and ($2::bigint[] is null or position = any($2)) returning position`,
);

/** Asks for these (all without `positions`) to be sent again. @returns how many there are */
export async function askReplay(db: Queryable, appserviceId: string, positions?: readonly number[]): Promise<number> {
  return (await db.query(ask, [appserviceId, positions ?? null])).length;
}

const next = statement(
  'appservice_set_aside.next_replay',
  `select (select min(position) from appservice_set_aside where appservice_id = $1 and replay) as position,
      replay_after as after, replay_upto as "upTo"
    from appservice_cursors where appservice_id = $1`,
);

/** What is to be sent again next: the oldest of what was set aside, a range of the stream while `after` is below `upTo`. */
export interface NextReplay {
  readonly position: number | null;
  readonly after: number;
  readonly upTo: number;
}

/** What is to be sent again. */
export async function nextReplay(db: Queryable, appserviceId: string): Promise<NextReplay | undefined> {
  return (await db.query<NextReplay>(next, [appserviceId]))[0];
}
