// Room aliases: names for rooms that people can remember, owned by one server.
// https://spec.matrix.org/v1.19/appendices/#room-aliases

import { isIdText } from './id-length.ts';
import { isServerName, type ServerName } from './server-name.ts';

/** `#localpart:server` */
export type RoomAlias = string;

/** The parts of a room alias. */
export interface ParsedRoomAlias {
  readonly localpart: string;
  readonly serverName: ServerName;
}

/** Parts of a room alias, or undefined for what is none. */
export function parseRoomAlias(alias: string): ParsedRoomAlias | undefined {
  const colon = alias.indexOf(':');
  if (!alias.startsWith('#') || colon < 2 || !isIdText(alias)) return undefined;
  const serverName = alias.slice(colon + 1);
  return isServerName(serverName) ? { localpart: alias.slice(1, colon), serverName } : undefined;
}

/** Whether a string is a room alias. */
export function isRoomAlias(alias: string): boolean {
  return parseRoomAlias(alias) !== undefined;
}
