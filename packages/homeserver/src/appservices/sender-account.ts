// The account of an application service's own user: made when its registration is loaded, since bridges call /whoami before they register
// anybody, and alive for as long as that is there. An account that is somebody else's is never taken over by naming it as the sender.
// https://spec.matrix.org/v1.19/application-service-api/#registration (`sender_localpart`)

import type { Queryable } from '../storage/database.ts';
import { findUser, insertUser, reviveUser, type UserRow } from '../storage/tables/users.ts';
import type { Appservice } from './registry.ts';

/** Whose sender. */
type SenderOf = Pick<Appservice, 'id' | 'sender'>;

/** Why an application service may not have its sender, said of `sender_localpart`; undefined when it may. */
export async function whyNotSender(db: Queryable, { id, sender }: SenderOf): Promise<string | undefined> {
  const user = await findUser(db, sender);
  return user === undefined ? undefined : reasonFor(user, id);
}

function reasonFor({ user_id: userId, appservice_id: owner, deactivated_ts: endedTs }: UserRow, id: string) {
  if (owner === id) return undefined;
  if (endedTs !== null) return `makes it act as ${userId}, an account that was deactivated: choose another`;
  // What another application service made may go over to one with a new id.
  if (owner !== null) return undefined;
  return `makes it act as ${userId}, which is somebody's account: choose another`;
}

/** Makes the account of a sender, or lets it live again, if it ended and is this application service's own. */
export async function makeSender(db: Queryable, { id, sender }: SenderOf, now: number): Promise<void> {
  const made = await insertUser(db, {
    userId: sender,
    passwordHash: null,
    createdTs: now,
    admin: false,
    guest: false,
    appserviceId: id,
  });
  if (!made) await reviveUser(db, sender, id);
}
