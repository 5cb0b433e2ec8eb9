// Table `appservice_consents`: which local users let which application service act as them, each by a device of theirs. Deleting the
// device deletes the consent.

import { type Queryable, statement } from '../database.ts';

export interface ConsentRow {
  readonly userId: string;
  readonly appserviceId: string;
  readonly deviceId: string;
  readonly grantedTs: number;
}

const columns = `user_id as "userId", appservice_id as "appserviceId", device_id as "deviceId", granted_ts as "grantedTs"`;
const one = statement(
  'appservice_consents.one',
  `select ${columns} from appservice_consents where user_id = $1 and appservice_id = $2`,
);

/** Whether a user has consented. */
export async function findConsent(
  db: Queryable,
  userId: string,
  appserviceId: string,
): Promise<ConsentRow | undefined> {
  return (await db.query<ConsentRow>(one, [userId, appserviceId]))[0];
}

const ofUser = statement(
  'appservice_consents.of_user',
  `select ${columns} from appservice_consents where user_id = $1 order by appservice_id`,
);

/** To whom a user has consented. */
export async function consentsOf(db: Queryable, userId: string): Promise<ConsentRow[]> {
  return db.query<ConsentRow>(ofUser, [userId]);
}

const toAppservice = statement(
  'appservice_consents.to_appservice',
  `select ${columns} from appservice_consents where appservice_id = $1 order by user_id limit $2`,
);

/** Who has consented to an application service; the first of them. */
export async function consentsTo(db: Queryable, appserviceId: string, limit: number): Promise<ConsentRow[]> {
  return db.query<ConsentRow>(toAppservice, [appserviceId, limit]);
}

const insert = statement(
  'appservice_consents.insert',
  `insert into appservice_consents (user_id, appservice_id, device_id, granted_ts) values ($1, $2, $3, $4)
    on conflict (user_id, appservice_id) do nothing returning user_id`,
);

/** Notes a consent; false when there is one already. */
export async function insertConsent(db: Queryable, consent: ConsentRow): Promise<boolean> {
  const { userId, appserviceId, deviceId, grantedTs } = consent;
  return (await db.query(insert, [userId, appserviceId, deviceId, grantedTs])).length === 1;
}
