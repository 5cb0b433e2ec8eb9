// Checks what a registration file says and makes the Registration of it. What must be refused is refused with the place and the
// reason; what is only unwise is a warning of lint.ts. Unknown keys are kept: other servers' extensions live in the same file.
// https://spec.matrix.org/v1.19/application-service-api/#registration

import { compileEntries, compileRegex } from './namespaces.ts';
import { readPonsBlock, unknownPonsKeys } from './pons-block.ts';
import { type Complain, type Fields, flag, isFields, kindOf, text, texts, unknownKeys } from './read-fields.ts';
import type { NamespaceEntries, NamespaceEntry, Registration } from './registration.ts';

/** One complaint, at a path such as `namespaces.users[0].regex`. */
export interface Problem {
  readonly path: string;
  readonly reason: string;
}

/** Either a registration, or everything that is wrong with it. */
export type Validation =
  | { readonly outcome: 'valid'; readonly registration: Registration }
  | { readonly outcome: 'refused'; readonly problems: readonly Problem[] };

/** Most entries of one namespace. */
export const namespaceEntriesMax = 1000;
/** Longest id and token, in characters. */
const idLengthMax = 255;
const tokenLengthMax = 1024;
/** Of a whole user id: https://spec.matrix.org/v1.19/appendices/#user-identifiers */
const userIdBytesMax = 255;

/** Every key of a registration, by section ('' is the file itself, `[]` an entry of a namespace). */
export const registrationKeys = {
  '': [
    'id',
    'url',
    'as_token',
    'hs_token',
    'sender_localpart',
    'namespaces',
    'rate_limited',
    'protocols',
    'receive_ephemeral',
    'de.sorunome.msc2409.push_ephemeral',
    'push_ephemeral',
    'org.matrix.msc3202',
    'io.element.msc4190',
    'device_management',
    'pons',
  ],
  namespaces: ['users', 'aliases', 'rooms'],
  '[]': ['regex', 'exclusive'],
} as const;
const known = new Set<string>(registrationKeys['']);

/**
 * Checks a parsed file.
 *
 * @param serverName  the server that would load it: with it, an exclusive namespace of every user of that server is found too
 */
export function validateRegistration(parsed: unknown, serverName = 'example.org'): Validation {
  const problems: Problem[] = [];
  const complain: Complain = (path, reason) => problems.push({ path, reason });
  if (!isFields(parsed)) {
    complain('', 'must be a mapping of keys such as id, url, as_token');
    return { outcome: 'refused', problems };
  }
  // A flag under two spellings holds when either says so, and each is checked.
  const switched = (key: string, fallback = false) => flag(parsed[key], key, fallback, complain);
  const either = (...keys: readonly string[]) => keys.map((key) => switched(key)).includes(true);
  const registration: Registration = {
    id: checkedId(parsed['id'], complain),
    url: checkedUrl(parsed, complain),
    asToken: checkedToken(parsed, 'as_token', complain),
    hsToken: checkedToken(parsed, 'hs_token', complain),
    senderLocalpart: checkedLocalpart(parsed['sender_localpart'], serverName, complain),
    namespaces: checkedNamespaces(parsed['namespaces'], serverName, complain),
    rateLimited: switched('rate_limited', true),
    protocols: texts(parsed['protocols'], 'protocols', complain),
    receiveEphemeral: switched('receive_ephemeral'),
    pushEphemeral: either('de.sorunome.msc2409.push_ephemeral', 'push_ephemeral'),
    deviceExtensions: switched('org.matrix.msc3202'),
    deviceManagement: either('io.element.msc4190', 'device_management'),
    pons: readPonsBlock(parsed['pons'], complain),
    unknown: Object.fromEntries(Object.entries(parsed).filter(([key]) => !known.has(key))),
    unknownKeys: unknownKeysOf(parsed),
  };
  if (registration.asToken !== '' && registration.asToken === registration.hsToken)
    complain('hs_token', 'is the same as as_token: whoever sees one has the other; make two different secrets');
  return problems.length === 0 ? { outcome: 'valid', registration } : { outcome: 'refused', problems };
}

function checkedId(value: unknown, complain: Complain): string {
  const id = text(value, 'id', complain);
  if (id.length > idLengthMax) complain('id', `must have at most ${idLengthMax} characters`);
  // oxlint-disable-next-line no-control-regex -- control characters are what must not be there
  if (/[\u0000-\u001f\u007f]/.test(id)) complain('id', 'must not contain control characters');
  // Operators name it in the path of a URL, where these two are steps, and half a character cannot be written.
  if (id === '.' || id === '..' || !id.isWellFormed()) complain('id', 'cannot stand in a URL: choose another');
  return id;
}

function checkedToken(fields: Fields, key: 'as_token' | 'hs_token', complain: Complain): string {
  const token = text(fields[key], key, complain);
  if (token.length > tokenLengthMax) complain(key, `must have at most ${tokenLengthMax} characters`);
  // It travels in a header: anything else could not be sent, or would end the header.
  if (token !== '' && !/^[\x21-\x7e]+$/.test(token)) complain(key, 'must be printable ASCII without spaces');
  return token;
}

function checkedUrl(fields: Fields, complain: Complain): string | null {
  const value = fields['url'];
  // A bridge without an address of its own, which opens a websocket, writes its registration with an empty url.
  if (value === null || value === '') return null;
  if (value === undefined) {
    complain('url', 'is required; `url: null` for an application service that wants nothing sent');
    return null;
  }
  const url = text(value, 'url', complain);
  if (url === '') return null; // of another type: complained of
  const reason = whatIsWrongWithUrl(url);
  if (reason !== undefined) complain('url', reason);
  return url;
}

function whatIsWrongWithUrl(url: string): string | undefined {
  if (url.startsWith('unix:'))
    return /^unix:(\/\/)?\/[^\0]+$/.test(url) ? undefined : 'must name an absolute path: unix:/run/bridge.sock';
  const parsed = URL.parse(url);
  if (parsed === null)
    return /^https?:\/\/[^/[\]]*:[^/[\]]*:/.test(url)
      ? 'is not a URL: an IPv6 address stands in brackets, http://[::1]:9000'
      : 'is not a URL: write http://host:port, or null for one that opens the websocket itself';
  if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:') return 'must begin with http://, https:// or unix:/';
  if (parsed.username !== '' || parsed.password !== '') return 'must not contain a user name or password';
  if (parsed.search !== '' || parsed.hash !== '') return 'must not contain a query or fragment';
  return undefined;
}

function checkedLocalpart(value: unknown, serverName: string, complain: Complain): string {
  const localpart = text(value, 'sender_localpart', complain);
  const overheadBytes = Buffer.byteLength(`@:${serverName}`);
  if (overheadBytes + Buffer.byteLength(localpart) > userIdBytesMax)
    complain(
      'sender_localpart',
      `must have at most ${userIdBytesMax - overheadBytes} characters: a user id of ${serverName} has at most ${userIdBytesMax} bytes`,
    );
  if (localpart !== '' && !/^[\x21-\x39\x3b-\x7e]+$/.test(localpart))
    complain('sender_localpart', 'must be the part of a user id between @ and : (printable ASCII, no colon)');
  return localpart;
}

function checkedNamespaces(value: unknown, serverName: string, complain: Complain): NamespaceEntries {
  if (!isFields(value)) {
    complain(
      'namespaces',
      value === undefined || value === null
        ? 'is required; `namespaces: {}` for none'
        : 'must be a mapping of users, aliases, rooms',
    );
    return { users: [], aliases: [], rooms: [] };
  }
  const entriesOf = (kind: string) => checkedEntries(value[kind], `namespaces.${kind}`, complain);
  const users = entriesOf('users');
  users.forEach((entry, index) => {
    if (entry.exclusive && claimsEverybody(entry, serverName))
      complain(
        `namespaces.users[${index}].regex`,
        `${JSON.stringify(entry.regex)} is exclusive and matches every user: nobody else could register; narrow it or say exclusive: false`,
      );
  });
  return { users, aliases: entriesOf('aliases'), rooms: entriesOf('rooms') };
}

function checkedEntries(value: unknown, path: string, complain: Complain): readonly NamespaceEntry[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) {
    complain(path, `must be a list, is ${kindOf(value)}`);
    return [];
  }
  if (value.length > namespaceEntriesMax) complain(path, `must have at most ${namespaceEntriesMax} entries`);
  return value.slice(0, namespaceEntriesMax).flatMap((entry: unknown, index) => {
    const at = `${path}[${index}]`;
    if (!isFields(entry)) {
      complain(at, 'must be a mapping of regex and exclusive');
      return [];
    }
    const exclusive = flag(entry['exclusive'], `${at}.exclusive`, false, complain);
    const regex = entry['regex'];
    if (typeof regex !== 'string') {
      complain(`${at}.regex`, regex === undefined ? 'is required' : `must be text, is ${kindOf(regex)}`);
      return [];
    }
    const reason = whatIsWrongWithRegex(regex);
    if (reason !== undefined) {
      complain(
        `${at}.regex`,
        `${JSON.stringify(regex.slice(0, 200))} is no regular expression that can run: ${reason}`,
      );
      return [];
    }
    return [{ regex, exclusive }];
  });
}

function whatIsWrongWithRegex(regex: string): string | undefined {
  try {
    compileRegex(regex);
    return undefined;
  } catch (error) {
    // re2js explains in its message; whatever it throws, this regex cannot run.
    return error instanceof Error ? error.message : 'it does not compile';
  }
}

// Names as unlike one another as the grammar of localparts lets them be: what matches all of them matches everybody.
const samples = ['a', '0', '_', 'zq', '=40', 'x.y-z/w+v', 'q7_j', 'o'.repeat(40), 'Upper'];

function claimsEverybody(entry: NamespaceEntry, serverName: string): boolean {
  const verdict = compileEntries([entry]);
  return samples.every((localpart) => verdict(`@${localpart}:${serverName}`) !== 'outside');
}

/** Keys below the top that nobody knows, besides those at the top. */
function unknownKeysOf(parsed: Fields): readonly string[] {
  const { namespaces } = parsed;
  const kinds = isFields(namespaces) ? namespaces : {};
  return [
    ...unknownKeys(parsed, known, ''),
    ...unknownKeys(kinds, registrationKeys.namespaces, 'namespaces'),
    ...registrationKeys.namespaces.flatMap((kind) => {
      const entries: unknown = kinds[kind];
      if (!Array.isArray(entries)) return [];
      return entries.flatMap((entry: unknown, index) =>
        isFields(entry) ? unknownKeys(entry, registrationKeys['[]'], `namespaces.${kind}[${index}]`) : [],
      );
    }),
    ...unknownPonsKeys(parsed['pons']),
  ];
}
