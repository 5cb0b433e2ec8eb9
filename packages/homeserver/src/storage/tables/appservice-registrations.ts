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
