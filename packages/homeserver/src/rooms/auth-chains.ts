// Where the state events of a part go on the room's auth-chain index (rules/auth-chain/). Asked once for each part that has any, before it
// goes to the door; answered from the lane's memory where that knows.
import { assignChains } from '../rules/auth-chain/assign-chains.ts';
import type { Queryable } from '../storage/database.ts';
import { authChainsOf } from '../storage/tables/auth-chains.ts';
import type { Part } from './part.ts';

/** Lays the state events of a part on chains. Rejected ones are in nobody's auth chain. */
export async function placeOnChains(part: Part, db: Queryable): Promise<void> {
  const rows = part.events.filter((row) => row.keyNid !== null && !row.rejected);
  if (rows.length === 0) return;
  const { memory } = part;
  const assignment = await assignChains(
    rows.map(({ eventId, eventNid: number, authEventIds }) => {
      const replaces = part.replacedBy.get(eventId);
      return { eventId, number, authEventIds, replaces };
    }),
    memory.chains.over(authChainsOf(db, memory.roomNid)),
  );
  for (const row of rows) {
    const place = assignment.places.get(row.eventId);
    if (place === undefined) continue;
    row.authChain = place.chain;
    row.authChainSeq = place.seq;
  }
  part.authLinks = assignment.links;
  part.chains = assignment;
}
