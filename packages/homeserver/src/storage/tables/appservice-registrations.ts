// Table `appservices`: registrations that were added while running. Those of files and folder are never in it.

import { type Queryable, statement } from '../database.ts';

export interface AppserviceRow {
  readonly appservice_id: string;
  /** YAML as it was given. */
  readonly registration: string;
  readonly added_ts: number;
}

const all = statement(
  'appservices.all',
  'select appservice_id, registration, added_ts from appservices order by added_ts, appservice_id',
);

/** All of them, the oldest first. */
export async function liveRegistrations(db: Queryable): Promise<AppserviceRow[]> {
  return db.query<AppserviceRow>(all);
}

const insert = statement(
  'appservices.insert',
  `insert into appservices (appservice_id, registration, added_ts) values ($1, $2, $3)
    on conflict (appservice_id) do nothing returning appservice_id`,
);

/** Adds one; false when the id is taken. */
export async function insertRegistration(db: Queryable, row: AppserviceRow): Promise<boolean> {
  return (await db.query(insert, [row.appservice_id, row.registration, row.added_ts])).length === 1;
}

const update = statement(
  'appservices.update',
  `update appservices set registration = $3 where appservice_id = $1 and registration = $2 returning appservice_id`,
);

/** Puts another text in place of `before`; false when it says something else by now, or is gone. */
export async function updateRegistration(
  db: Queryable,
  appserviceId: string,
  before: string,
  registration: string,
): Promise<boolean> {
  return (await db.query(update, [appserviceId, before, registration])).length === 1;
}

const remove = statement(
  'appservices.delete',
  'delete from appservices where appservice_id = $1 returning appservice_id',
);

/** Removes one; false when it is not there. */
export async function deleteRegistration(db: Queryable, appserviceId: string): Promise<boolean> {
  return (await db.query(remove, [appserviceId])).length === 1;
}

const forgetDelivery = statement(
  'appservices.forget_delivery',
  `with cursors as (delete from appservice_cursors where appservice_id = $1),
    transactions as (delete from appservice_transactions where appservice_id = $1),
    aside as (delete from appservice_set_aside where appservice_id = $1),
    old as (delete from appservice_too_old where appservice_id = $1),
    interest as (delete from appservice_interest where appservice_id = $1)
    select 1 as done`,
);

/** Forgets what is waiting for an application service, and how far it got. */
export async function forgetDeliveryTo(tx: Queryable, appserviceId: string): Promise<void> {
  await tx.query(forgetDelivery, [appserviceId]);
}
