// What an application service is not sent although it is of interest: `pons.filters` of its registration, compiled once. Asked by the
// follower before anything is queued, and again for age when a transaction is made. One without filters costs nothing: there is no
// function to call.

import type { Appservice } from '../appservices/registry.ts';

/** The key of `pons.filters` that leaves something out. */
export type FilterKey = 'own_events' | 'types' | 'not_types' | 'rooms' | 'not_rooms' | 'max_age_ms';

/** What is asked about. */
export interface FilteredItem {
  readonly type: string;
  readonly sender: string;
  readonly roomId: string;
  /** Ephemeral data has no age, and `types` is about events. */
  readonly originServerTs?: number;
}

/** Which key leaves it out; undefined: none. */
export type EventFilter = (item: FilteredItem, nowTs: number) => FilterKey | undefined;

/** The filter of an application service; undefined when it has none. */
export function compileFilter({ registration, namespaces }: Appservice): EventFilter | undefined {
  const { ownEvents, types, notTypes, rooms, notRooms, maxAgeMs } = registration.pons.filters;
  if (ownEvents && maxAgeMs === undefined && [types, notTypes, rooms, notRooms].every((list) => list.length === 0))
    return undefined;
  const isType = anyOf(types);
  const isNotType = anyOf(notTypes);
  const roomIds = new Set(rooms);
  const notRoomIds = new Set(notRooms);
  return ({ type, sender, roomId, originServerTs }, nowTs) => {
    if (!ownEvents && namespaces.user(sender) !== 'outside') return 'own_events';
    if (originServerTs !== undefined && types.length > 0 && !isType(type)) return 'types';
    if (isNotType(type)) return 'not_types';
    if (rooms.length > 0 && !roomIds.has(roomId)) return 'rooms';
    if (notRoomIds.has(roomId)) return 'not_rooms';
    if (originServerTs !== undefined && maxAgeMs !== undefined && nowTs - originServerTs > maxAgeMs)
      return 'max_age_ms';
    return undefined;
  };
}

/** Whether a text is one of these patterns, in which `*` stands for any text. Linear: no regular expression. */
function anyOf(patterns: readonly string[]): (text: string) => boolean {
  const exact = new Set(patterns.filter((pattern) => !pattern.includes('*')));
  const pieces = patterns.filter((pattern) => pattern.includes('*')).map((pattern) => pattern.split('*'));
  return (text) => exact.has(text) || pieces.some((parts) => matchesPieces(text, parts));
}

function matchesPieces(text: string, parts: readonly string[]): boolean {
  const [first = ''] = parts;
  const last = parts.at(-1) ?? '';
  if (!text.startsWith(first) || text.length < first.length + last.length || !text.endsWith(last)) return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return at <= text.length - last.length;
}
