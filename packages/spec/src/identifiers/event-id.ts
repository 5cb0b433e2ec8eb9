// Event IDs: a hash since room version 3, `$opaque:server` before. Opaque to everybody but the check of a room version's format.
// https://spec.matrix.org/v1.19/appendices/#event-ids

import { isIdText } from './id-length.ts';

/** `$opaque` or, in room versions 1 and 2, `$opaque:server` */
export type EventId = string;

/** Whether a string is an event ID of any room version. */
export function isEventId(id: string): boolean {
  return id.length > 1 && id.startsWith('$') && isIdText(id);
}
