// Bundled aggregations: what an event's children amount to, under unsigned["m.relations"]. Edits, threads and references, each read for
// a whole page of events at once.
// https://spec.matrix.org/v1.19/client-server-api/#aggregations-of-child-events
import type { JsonObject, JsonValue, Pdu } from '@pons/spec';
import type { Queryable } from '../storage/database.ts';
import { relationsOf, type RelationOfRow, threadCountsOf } from '../storage/tables/event-relations.ts';
import { eventsByNids, type TimelineRow } from '../storage/tables/events.ts';
import { type ClientEventView, clientEvent } from './client-event.ts';
import { erasedCopies, isErased } from './erased-copies.ts';
import { valuesBefore } from './state-before.ts';

/** Edits of one event that are looked at to find a valid one. */
const editsTried = 5;

/**
 * The `m.relations` of each event that has any, by event id. State events have none.
 *
 * @param view  for whom; its `relations` are not used
 */
export async function bundledRelations(
  db: Queryable,
  rows: readonly TimelineRow[],
  view: ClientEventView & { readonly viewer: { readonly userId: string } },
): Promise<ReadonlyMap<string, JsonObject>> {
  const parents = rows.filter((row) => row.keyNid === null);
  const [first] = parents;
  if (first === undefined) return new Map();
  const ids = parents.map((row) => row.eventId);
  const children = await relationsOf(db, first.roomNid, ids, ['m.replace', 'm.reference', 'm.thread']);
  if (children.length === 0) return new Map();
  const of = Map.groupBy(children, (child) => child.relatesTo);
  const threads = children.some((child) => child.relType === 'm.thread')
    ? await threadCountsOf(db, first.roomNid, ids, view.viewer.userId)
    : [];
  const wanted = parents.flatMap((row) => wantedChildren(row, of.get(row.eventId) ?? []));
  const related = await readableChildren(db, await eventsByNids(db, first.roomNid, wanted), view);
  const texts = new Map(related.map((row) => [row.eventNid, row]));
  const bundles = new Map<string, JsonObject>();
  for (const row of parents) {
    const own = of.get(row.eventId) ?? [];
    const bundle: JsonObject = {};
    const edit = lastEdit(row, own, texts);
    if (edit !== undefined) bundle['m.replace'] = clientEvent(edit, view);
    const references = own.filter((child) => child.relType === 'm.reference');
    if (references.length > 0)
      bundle['m.reference'] = { chunk: references.map((child) => ({ event_id: child.eventId })) };
    const counted = threads.find((thread) => thread.relatesTo === row.eventId);
    const newest = own.find((child) => child.relType === 'm.thread');
    const latest = newest === undefined ? undefined : texts.get(newest.eventNid);
    if (counted !== undefined && latest !== undefined) {
      bundle['m.thread'] = {
        latest_event: clientEvent(latest, view),
        count: counted.count,
        current_user_participated: counted.participated || row.sender === view.viewer.userId,
      };
    }
    if (Object.keys(bundle).length > 0) bundles.set(row.eventId, bundle);
  }
  return bundles;
}

// An edit whose sender was erased is none any more, a newest answer is a redacted copy: for those who came later.
async function readableChildren(
  db: Queryable,
  rows: readonly TimelineRow[],
  { rules, viewer: { userId } }: ClientEventView & { readonly viewer: { readonly userId: string } },
): Promise<readonly TimelineRow[]> {
  const doubtful = rows.filter(isErased);
  const [first] = doubtful;
  if (first === undefined) return rows;
  const before = await valuesBefore(db, first.roomNid, doubtful, [{ type: 'm.room.member', stateKey: userId }]);
  const isThere = (index: number) => before[index]?.get('m.room.member')?.['membership'] === 'join';
  const seenAt = new Set(doubtful.filter((_, index) => isThere(index)).map((row) => row.eventId));
  return erasedCopies(db, rows, { userId, rulesOf: () => rules, seenAt });
}

function editsOf(parent: TimelineRow, children: readonly RelationOfRow[]): RelationOfRow[] {
  if (parent.redactionId !== null) return [];
  return children
    .filter((child) => child.relType === 'm.replace' && child.sender === parent.sender && child.type === parent.type)
    .sort((a, b) => b.originServerTs - a.originServerTs || (a.eventId < b.eventId ? 1 : -1))
    .slice(0, editsTried);
}

function wantedChildren(parent: TimelineRow, children: readonly RelationOfRow[]): number[] {
  const newest = children.find((child) => child.relType === 'm.thread');
  return [...editsOf(parent, children), ...(newest === undefined ? [] : [newest])].map((child) => child.eventNid);
}

// https://spec.matrix.org/v1.19/client-server-api/#validity-of-replacement-events
function lastEdit(
  parent: TimelineRow,
  children: readonly RelationOfRow[],
  texts: ReadonlyMap<number, TimelineRow>,
): TimelineRow | undefined {
  const edits = editsOf(parent, children);
  if (edits.length === 0 || relType(parent.json) === 'm.replace') return undefined;
  return edits.flatMap((child) => texts.get(child.eventNid) ?? []).find((row) => row.keyNid === null && isEdit(row));
}

function relType(json: string): JsonValue | undefined {
  const relation = (JSON.parse(json) as Pdu).content['m.relates_to'];
  return typeof relation === 'object' && relation !== null && !Array.isArray(relation)
    ? relation['rel_type']
    : undefined;
}

// What is new in it may be encrypted; of an erased one nothing is left, not even what it relates to.
function isEdit({ type, json }: TimelineRow): boolean {
  const { content } = JSON.parse(json) as Pdu;
  return type === 'm.room.encrypted' ? Object.hasOwn(content, 'm.relates_to') : Object.hasOwn(content, 'm.new_content');
}
