// Where the delivery to an application service begins that is added, or added again after it was removed: at the present, in the transaction
// that adds it. What a process that had not heard of the removal has written since is forgotten with the rest of its earlier life. One that
// an operator had paused is kept as it is: whoever pauses wants what comes meanwhile to be sent later.

import type { Queryable } from '../storage/database.ts';
import { findCursor, putCursor } from '../storage/tables/appservice-cursors.ts';
import { forgetDeliveryTo } from '../storage/tables/appservice-registrations.ts';
import { streamHead } from '../storage/tables/appservice-stream.ts';
import type { Appservice } from './registry.ts';

/**
 * What happens from now on is sent to it, however long it takes to find out in which rooms its users are, or until it connects where it
 * has no url.
 */
export async function beginDelivery(tx: Queryable, { id }: Appservice, now: number): Promise<void> {
  if ((await findCursor(tx, id))?.paused === true) return;
  await forgetDeliveryTo(tx, id);
  await putCursor(tx, { appserviceId: id, position: await streamHead(tx), firstTxnId: now, countedFor: '' });
}
