// Whether an event of one room passes a filter. Types may hold `*` for any characters.
// https://spec.matrix.org/v1.19/client-server-api/#filtering
import type { RoomEventFilter } from '../../accounts/filters.ts';
import type { VisibleEvent } from '../../rooms/visibility.ts';

type Row = VisibleEvent['row'];

/** What decides for each event of a room; undefined when every event passes. */
export function eventMatcher(filter: RoomEventFilter | undefined, roomId: string): ((row: Row) => boolean) | undefined {
  if (filter === undefined) return undefined;
  const { types, notTypes, senders, notSenders, rooms, notRooms, containsUrl } = filter;
  if (rooms?.includes(roomId) === false || notRooms?.includes(roomId) === true) return () => false;
  const isType = types === undefined ? undefined : typeMatcher(types);
  const isNotType = notTypes === undefined ? undefined : typeMatcher(notTypes);
  if (!isType && !isNotType && !senders && !notSenders && containsUrl === undefined) return undefined;
  return (row) =>
    isType?.(row.type) !== false &&
    isNotType?.(row.type) !== true &&
    senders?.includes(row.sender) !== false &&
    notSenders?.includes(row.sender) !== true &&
    (containsUrl === undefined || hasUrl(row) === containsUrl);
}

function typeMatcher(types: readonly string[]): (type: string) => boolean {
  const exact = new Set(types.filter((type) => !type.includes('*')));
  const patterns = types.filter((type) => type.includes('*')).map((type) => type.split('*'));
  return (type) => exact.has(type) || patterns.some((parts) => matchesParts(type, parts));
}

// Linear in the type: each part between stars is looked for after the one before.
function matchesParts(type: string, parts: readonly string[]): boolean {
  const first = parts[0] ?? '';
  const last = parts.at(-1) ?? '';
  if (!type.startsWith(first) || !type.endsWith(last) || type.length < first.length + last.length) return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = type.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return at <= type.length - last.length;
}

function hasUrl(row: Row): boolean {
  const { content } = JSON.parse(row.json) as { content: { url?: unknown } };
  return typeof content.url === 'string';
}
