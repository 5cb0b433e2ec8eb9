// Who came into a room or went by an event that did not come at its end: what the forks come to together may undo a ghost's join that
// nobody left, or bring one in whose join lost at first. read-stream.ts asks for such events alone; follow-stream.ts counts.
import type { AppserviceRegistry } from '../appservices/registry.ts';
import type { Queryable } from '../storage/database.ts';
import { memberChanges } from '../storage/tables/appservice-stream.ts';
import { citedByNumber } from '../storage/tables/forks.ts';
import { membershipOf } from './client-event-text.ts';

/** A user in a namespace whose membership of the current state changed. */
export interface MergedMember {
  readonly userId: string;
  readonly is: string;
  readonly was: string;
}

/** By the number of each event, also where nobody changed. */
export async function mergedMembers(
  { db, registry }: { readonly db: Queryable; readonly registry: AppserviceRegistry },
  events: readonly { readonly roomNid: number; readonly eventNid: number }[],
): Promise<ReadonlyMap<number, readonly MergedMember[]>> {
  const merged = new Map<number, MergedMember[]>(events.map(({ eventNid }) => [eventNid, []]));
  const changes = (await memberChanges(db, events)).filter(({ userId }) => registry.ofUser(userId).length > 0);
  for (const roomNid of new Set(changes.map((change) => change.roomNid))) {
    const own = changes.filter((change) => change.roomNid === roomNid);
    const nids = new Set(own.flatMap(({ wasNid, isNid }) => [wasNid, isNid].filter((nid) => nid !== null)));
    const rows = await citedByNumber(db, roomNid, [...nids]);
    const memberships = new Map(rows.map(({ eventNid, json }) => [eventNid, membershipOf(json)]));
    const at = (nid: number | null) => (nid === null ? undefined : memberships.get(nid)) ?? 'leave';
    for (const { eventNid, userId, wasNid, isNid } of own)
      merged.get(eventNid)?.push({ userId, is: at(isNid), was: at(wasNid) });
  }
  return merged;
}
