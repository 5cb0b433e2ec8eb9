// Applies a filter (accounts/filters.ts) to what /sync has read: which events of a section pass, in which form, with which fields.
// Types and senders of the timeline are picked by the database, so that a page is full of what the client wants.
// https://spec.matrix.org/v1.19/client-server-api/#filtering

import { isJsonObject, type JsonObject, type JsonValue } from '@pons/spec';
import type { EventFilter, Filter, RoomEventFilter } from '../accounts/filters.ts';
import type { TimelineSelection } from '../storage/tables/stream.ts';

const timelineLimitDefault = 10;
const timelineLimitMax = 1_000;

/** How many events of a timeline a client gets. */
export function timelineLimit(filter: Filter): number {
  return Math.min(filter.timeline.limit ?? timelineLimitDefault, timelineLimitMax);
}

/** Whether a room is in the response at all. */
export function roomPasses(filter: Pick<Filter, 'rooms' | 'notRooms'>, roomId: string): boolean {
  return !(filter.notRooms?.includes(roomId) ?? false) && (filter.rooms?.includes(roomId) ?? true);
}

/** The filter of the timeline as the database applies it. */
export function timelineSelection(filter: RoomEventFilter): TimelineSelection {
  return {
    types: filter.types?.map(likePattern) ?? null,
    notTypes: filter.notTypes?.map(likePattern) ?? null,
    senders: filter.senders ?? null,
    notSenders: filter.notSenders ?? null,
  };
}

/** Whether an event passes by sender and type. */
export function eventPasses(filter: EventFilter, event: { readonly type: string; readonly sender?: string }): boolean {
  const { type, sender } = event;
  if (filter.notTypes?.some((pattern) => matchesType(pattern, type)) ?? false) return false;
  if (filter.types !== undefined && !filter.types.some((pattern) => matchesType(pattern, type))) return false;
  if (sender === undefined) return true;
  if (filter.notSenders?.includes(sender) ?? false) return false;
  return filter.senders?.includes(sender) ?? true;
}

/** Whether an event has a `url` in its content where that matters. */
export function contentPasses(filter: RoomEventFilter, content: JsonObject): boolean {
  return filter.containsUrl === undefined || filter.containsUrl === Object.hasOwn(content, 'url');
}

/** The event reduced to the fields that the client asked for. */
export function withFields(event: JsonObject, fields: readonly string[] | undefined): JsonObject {
  if (fields === undefined) return event;
  const picked: JsonObject = {};
  for (const field of fields) copyPath(event, picked, pathOf(field));
  return picked;
}

function copyPath(from: JsonObject, to: JsonObject, path: readonly string[]): void {
  const [head, ...rest] = path;
  // `__proto__` is a key like any other in JSON, but not to be assigned here.
  if (head === undefined || head === '__proto__' || !Object.hasOwn(from, head)) return;
  const value: JsonValue | undefined = from[head];
  if (value === undefined) return;
  if (rest.length === 0) {
    to[head] = value;
  } else if (isJsonObject(value)) {
    const existing = to[head];
    // What was copied whole already stays whole.
    if (existing === value) return;
    const below = isJsonObject(existing) ? existing : {};
    to[head] = below;
    copyPath(value, below, rest);
  }
}

/** "a.b\\.c" is ["a", "b.c"]. */
function pathOf(field: string): string[] {
  return field.split(/(?<!\\)\./).map((part) => part.replaceAll('\\.', '.').replaceAll('\\\\', '\\'));
}

function matchesType(pattern: string, type: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  if (rest.length === 0) return pattern === type;
  if (!type.startsWith(first)) return false;
  let at = first.length;
  const last = rest.pop() ?? '';
  for (const part of rest) {
    const found = type.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return type.length - last.length >= at && type.endsWith(last);
}

function likePattern(pattern: string): string {
  return pattern
    .replaceAll(/[\\%_]/g, '\\$&')
    .replaceAll('*', '%')
    .replaceAll('\0', '');
}
