// How a network's ids become Matrix ids and back: escaped so that two never become one, lower case only, with a bounded length.
// An id that would be too long is cut and given a hash; it cannot be read back, so whoever needs that looks in the store.
// https://spec.matrix.org/v1.19/appendices/#mapping-from-other-character-sets

import { createHash } from 'node:crypto';
import type { Chat, UserId } from './network.ts';

/** Longest localpart that is made here: 255 bytes for the whole id, less sigil, colon and a server name of ordinary length. */
const LOCALPART_MAX = 180;
const HASH_LENGTH = 32;

/** The ids of one network on one homeserver. */
export interface RemoteIds {
  ghostOf(user: UserId): string;
  /** The remote user whose ghost this is, if the id says so. */
  userOf(mxid: string): UserId | undefined;
  /** Localpart of the alias of a shared chat's room. */
  aliasOf(chat: string): string;
}

/** Text in the characters of a localpart: capitals as `_` and small, `_` as `__`, other bytes as `=` and two hex digits. */
export function escapeId(id: string): string {
  let out = '';
  for (const byte of Buffer.from(id, 'utf8')) {
    const character = String.fromCharCode(byte);
    if (/[a-z0-9.-]/.test(character)) out += character;
    else if (/[A-Z]/.test(character)) out += `_${character.toLowerCase()}`;
    else if (character === '_') out += '__';
    else out += `=${byte.toString(16).padStart(2, '0')}`;
  }
  return out;
}

/** What escapeId escaped; `undefined` when it cannot have made this. */
export function unescapeId(escaped: string): string | undefined {
  if (!/^(?:[a-z0-9.-]|_[a-z_]|=[0-9a-f]{2})*$/.test(escaped)) return undefined;
  const bytes: number[] = [];
  for (const [part] of escaped.matchAll(/_.|=..|./g)) {
    if (part.startsWith('=')) bytes.push(Number.parseInt(part.slice(1), 16));
    else bytes.push((part.startsWith('_') ? part.slice(1).toUpperCase() : part).charCodeAt(0));
  }
  const id = Buffer.from(bytes).toString('utf8');
  return escapeId(id) === escaped ? id : undefined;
}

/** The ids by two templates, with `{user}` and `{chat}` in them. */
export function remoteIds(templates: { ghost: string; alias: string }, domain: string): RemoteIds {
  const [before = '', after = ''] = templates.ghost.split('{user}', 2);
  return {
    ghostOf: (user) => `@${fill(templates.ghost, '{user}', user)}:${domain}`,
    userOf(mxid) {
      const end = `${after}:${domain}`;
      if (!mxid.startsWith(`@${before}`) || !mxid.endsWith(end) || mxid.length < before.length + 1 + end.length)
        return undefined;
      return unescapeId(mxid.slice(before.length + 1, mxid.length - end.length));
    },
    aliasOf: (chat) => fill(templates.alias, '{chat}', chat),
  };
}

/** A chat as its two columns; a shared one has no receiver. */
export function chatColumns(chat: Chat): { id: string; receiver: string } {
  return typeof chat === 'string' ? { id: chat, receiver: '' } : chat;
}

/** The chat of two columns. */
export function chatOf(row: { chat_id: string; receiver: string }): Chat {
  return row.receiver === '' ? row.chat_id : { id: row.chat_id, receiver: row.receiver };
}

/** A chat as one string, for maps and lanes. */
export function chatKey(chat: Chat): string {
  const { id, receiver } = chatColumns(chat);
  return JSON.stringify([id, receiver]);
}

function fill(template: string, place: string, id: string): string {
  const full = template.replace(place, () => escapeId(id));
  if (full.length <= LOCALPART_MAX) return full;
  const hash = createHash('sha256').update(id).digest('hex').slice(0, HASH_LENGTH);
  return `${full.slice(0, LOCALPART_MAX - HASH_LENGTH - 1)}=${hash}`;
}
