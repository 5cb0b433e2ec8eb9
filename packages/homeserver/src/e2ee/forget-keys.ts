// An account that ends takes its cross-signing keys, its signatures and its backups along; keys of devices go with the devices.
// https://spec.matrix.org/v1.19/client-server-api/#account-deactivation

import type { Queryable } from '../storage/database.ts';
import { purgeKeysOf } from '../storage/purge.ts';

/** Forgets what a user published for encryption beyond their devices. */
export async function forgetKeys(db: Queryable, userId: string): Promise<void> {
  await purgeKeysOf(db, userId);
}
