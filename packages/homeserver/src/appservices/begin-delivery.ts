// Where the delivery to an application service begins that is added, or added again after it was removed: at the present, in the transaction
// that adds it. What a process that had not heard of the removal has written since is forgotten with the rest of its earlier life.

import type { Queryable } from '../storage/database.ts';
import { putCursor } from '../storage/tables/appservice-cursors.ts';
import { forgetDeliveryTo } from '../storage/tables/appservice-registrations.ts';
import { streamHead } from '../storage/tables/appservice-stream.ts';
import type { Appservice } from './registry.ts';

/** What happens from now on is sent to it, however long it takes to find out in which rooms its users are. */
export async function beginDelivery(tx: Queryable, { id, registration }: Appservice, now: number): Promise<void> {
  await forgetDeliveryTo(tx, id);
  if (registration.url === null) return; // it begins when it connects
  await putCursor(tx, { appserviceId: id, position: await streamHead(tx), firstTxnId: now, countedFor: '' });
}
