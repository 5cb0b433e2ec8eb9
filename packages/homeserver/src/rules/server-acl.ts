// Server ACLs: which servers may take part in a room. Globs are matched without backtracking into earlier stars, so a hostile pattern
// costs at most its length times the name's; an ACL as large as an event is a matter of 50 ms, so each ACL remembers its answers.
// https://spec.matrix.org/v1.19/client-server-api/#mroomserver_acl

import { type JsonObject, type JsonValue, parseServerName } from '@pons/spec';

/** Servers whose answer one ACL remembers. */
const rememberedMax = 2_000;
const answers = new WeakMap<JsonObject, Map<string, boolean>>();

/** Whether an ACL admits a server; without an m.room.server_acl event everybody is admitted. The same content answers again from memory. */
export function isServerAllowed(serverName: string, acl: JsonObject | undefined): boolean {
  if (acl === undefined) return true;
  let remembered = answers.get(acl);
  if (remembered === undefined || remembered.size >= rememberedMax) answers.set(acl, (remembered = new Map()));
  let answer = remembered.get(serverName);
  if (answer === undefined) remembered.set(serverName, (answer = judge(serverName, acl)));
  return answer;
}

function judge(serverName: string, acl: JsonObject): boolean {
  const parsed = parseServerName(serverName);
  if (parsed === undefined) return false;
  if (acl['allow_ip_literals'] === false && parsed.kind !== 'dns') return false;
  const host = parsed.host.toLowerCase();
  return !matchesAny(acl['deny'], host) && matchesAny(acl['allow'], host);
}

function matchesAny(globs: JsonValue | undefined, host: string): boolean {
  if (!Array.isArray(globs)) return false;
  return globs.some((glob) => typeof glob === 'string' && matchesGlob(glob.toLowerCase(), host));
}

/** Whether a text matches a glob: `*` stands for any characters, `?` for one. */
export function matchesGlob(glob: string, text: string): boolean {
  let at = 0;
  let inGlob = 0;
  let star = -1;
  let resume = 0;
  while (at < text.length) {
    if (glob[inGlob] === '*') {
      star = inGlob++;
      resume = at;
    } else if (inGlob < glob.length && (glob[inGlob] === '?' || glob[inGlob] === text[at])) {
      inGlob++;
      at++;
    } else if (star >= 0) {
      // The last star takes one character more; earlier stars never need to.
      inGlob = star + 1;
      at = ++resume;
    } else return false;
  }
  while (glob[inGlob] === '*') inGlob++;
  return inGlob === glob.length;
}
