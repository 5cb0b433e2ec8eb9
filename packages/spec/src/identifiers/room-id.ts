// Room IDs: `!opaque:server` up to room version 11, `!` and the create event's hash without a domain since 12. Clients and bridges treat
// both as opaque; the domain says nothing about where the room is now.
// https://spec.matrix.org/v1.19/appendices/#room-ids

import { isIdText } from './id-length.ts';
import { isServerName, type ServerName } from './server-name.ts';

/** `!opaque` or `!opaque:server` */
export type RoomId = string;

/** The parts of a room ID. */
export interface ParsedRoomId {
  readonly opaque: string;
  /** Absent since room version 12. */
  readonly serverName: ServerName | undefined;
}

/** What a SHA-256 hash looks like in URL-safe unpadded base64. */
const hash = /^[A-Za-z0-9_-]{43}$/;

/** Parts of a room ID of any room version, or undefined for what is none. */
export function parseRoomId(id: string): ParsedRoomId | undefined {
  if (!id.startsWith('!') || !isIdText(id)) return undefined;
  const colon = id.indexOf(':');
  if (colon === -1) return hash.test(id.slice(1)) ? { opaque: id.slice(1), serverName: undefined } : undefined;
  const serverName = id.slice(colon + 1);
  return isServerName(serverName) ? { opaque: id.slice(1, colon), serverName } : undefined;
}

/** Whether a string is a room ID of any room version. */
export function isRoomId(id: string): boolean {
  return parseRoomId(id) !== undefined;
}
