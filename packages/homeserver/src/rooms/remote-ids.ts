// Names that application services give to events they import or send. The id of an event is a hash, so a name can never become one; but
// what comes later (reactions, edits, replies, redactions) may point to the event by its name, and is turned here to the id.
import { isJsonObject, type JsonObject } from '@pons/spec';
import type { Queryable } from '../storage/database.ts';
import { batchEventInRoom } from '../storage/tables/batches.ts';
import type { EventName } from './proposal.ts';

/** Ids of events since room version 4 are a hash and nothing else: what has a server name can only be a name. */
const looksLikeName = /^\$.{1,253}:/s;

/** Ids that a content points to: the event it relates to and the one it replies to. */
export function relatedIds(content: JsonObject): string[] {
  const relation = content['m.relates_to'];
  if (!isJsonObject(relation)) return [];
  const reply = relation['m.in_reply_to'];
  return [relation['event_id'], isJsonObject(reply) ? reply['event_id'] : undefined].filter(
    (id) => typeof id === 'string',
  );
}

/** The content with other ids in their place; itself where none changes. */
export function withRelatedIds(content: JsonObject, idOf: (id: string) => string | undefined): JsonObject {
  if (!relatedIds(content).some((id) => idOf(id) !== undefined)) return content;
  const relation = content['m.relates_to'] as JsonObject;
  const renamed = (object: JsonObject): JsonObject => {
    const { event_id: id } = object;
    return typeof id === 'string' ? { ...object, event_id: idOf(id) ?? id } : object;
  };
  const reply = relation['m.in_reply_to'];
  const own = renamed(relation);
  return { ...content, 'm.relates_to': isJsonObject(reply) ? { ...own, 'm.in_reply_to': renamed(reply) } : own };
}

/** The id of the event that has this name already. */
export function eventNamed(db: Queryable, roomId: string, { appserviceId, remoteId }: EventName) {
  return batchEventInRoom(db, roomId, appserviceId, remoteId);
}

/** The id of the event that an application service brought under this name; the name itself where there is none. */
export async function eventIdOfName(
  db: Queryable,
  source: { readonly roomId: string; readonly appserviceId: string | undefined },
  name: string,
): Promise<string> {
  const { roomId, appserviceId } = source;
  if (appserviceId === undefined || !looksLikeName.test(name) || name.includes('\0')) return name;
  return (await batchEventInRoom(db, roomId, appserviceId, name)) ?? name;
}

/** A content whose relations may point to names. Asks the database only where one looks like it. */
export async function contentOfNames(
  db: Queryable,
  source: { readonly roomId: string; readonly appserviceId: string | undefined },
  content: JsonObject,
): Promise<JsonObject> {
  if (source.appserviceId === undefined) return content;
  const names = relatedIds(content).filter((id) => looksLikeName.test(id));
  if (names.length === 0) return content;
  const ids = new Map<string, string>();
  for (const name of names) ids.set(name, await eventIdOfName(db, source, name));
  return withRelatedIds(content, (id) => ids.get(id));
}
