// User IDs, in two strengths: what this server gives out (the strict grammar), and what it must accept in events from others (the
// historical grammar: any localpart without colon and U+0000, the empty one included).
// https://spec.matrix.org/v1.19/appendices/#user-identifiers

import { isIdText } from './id-length.ts';
import { isServerName, type ServerName } from './server-name.ts';

/** `@localpart:server` */
export type UserId = string;

/** The parts of a user ID. */
export interface ParsedUserId {
  readonly localpart: string;
  readonly serverName: ServerName;
}

const strictLocalpart = /^[a-z0-9._=/+-]+$/;

/** Parts of a user ID by the historical grammar, or undefined for what is none. */
export function parseUserId(id: string): ParsedUserId | undefined {
  const colon = id.indexOf(':');
  if (!id.startsWith('@') || colon === -1 || !isIdText(id)) return undefined;
  const serverName = id.slice(colon + 1);
  return isServerName(serverName) ? { localpart: id.slice(1, colon), serverName } : undefined;
}

/** Whether a string is a user ID by the historical grammar: what events and requests may name. */
export function isUserId(id: string): boolean {
  return parseUserId(id) !== undefined;
}

/** Whether a localpart is of the strict grammar: what new accounts may have. */
export function isStrictLocalpart(localpart: string): boolean {
  return strictLocalpart.test(localpart);
}

/** Whether a string is a user ID that a new account on this server may have. */
export function isValidLocalUserId(id: string, serverName: ServerName): boolean {
  const parsed = parseUserId(id);
  return parsed !== undefined && parsed.serverName === serverName && isStrictLocalpart(parsed.localpart);
}
