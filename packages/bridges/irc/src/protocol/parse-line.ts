// One line from an IRC peer, as text without its line end, to its parts. Called by the connection for each line that
// read-lines.ts decoded, and by the demo network for what clients send. A line that breaks the grammar or the size limits is
// refused by value: peers send rubbish, and none of it may end the connection.
// RFC 1459 section 2.3.1, RFC 2812 section 2.3, https://ircv3.net/specs/extensions/message-tags

/** Most bytes of tags a server may send, `@` and the space after it included. */
export const TAG_BYTES_MAX = 8191;
/** Most bytes of the rest of a line, CR LF included, where ISUPPORT says nothing else. */
export const LINE_BYTES_MAX = 512;
/** Most parameters; the fifteenth takes whatever is left. */
const PARAMS_MAX = 15;

/** Who a line is from: `nick!user@host` or a server's name. */
export interface Source {
  /** A nick, or a server's name. */
  name: string;
  user?: string;
  host?: string;
}

/** One line in its parts. `command` is upper case; `params` are without their colon. */
export interface IrcLine {
  tags: ReadonlyMap<string, string>;
  source: Source | null;
  command: string;
  params: readonly string[];
}

/**
 * The parts of one line.
 *
 * @param text         a line without CR LF
 * @param lineBytesMax most bytes after the tags, CR LF included (ISUPPORT LINELEN)
 * @returns            `null` for an empty line and for one that breaks the grammar or a limit
 */
export function parseLine(text: string, lineBytesMax: number = LINE_BYTES_MAX): IrcLine | null {
  if (FORBIDDEN.test(text)) return null;
  let rest = text;
  let tags: ReadonlyMap<string, string> = NO_TAGS;
  if (rest.startsWith('@')) {
    const space = rest.indexOf(' ');
    if (space < 0 || Buffer.byteLength(rest.slice(0, space + 1)) > TAG_BYTES_MAX) return null;
    tags = parseTags(rest.slice(1, space));
    rest = rest.slice(space + 1);
  }
  if (Buffer.byteLength(rest) > lineBytesMax - 2) return null;
  rest = trimSpaces(rest);

  let source: Source | null = null;
  if (rest.startsWith(':')) {
    const space = rest.indexOf(' ');
    if (space < 2) return null;
    source = parseSource(rest.slice(1, space));
    rest = trimSpaces(rest.slice(space));
  }

  const end = rest.indexOf(' ');
  const command = end < 0 ? rest : rest.slice(0, end);
  if (!/^(?:[A-Za-z]+|[0-9]{3})$/.test(command)) return null;
  return { tags, source, command: command.toUpperCase(), params: end < 0 ? [] : parseParams(rest.slice(end)) };
}

/** `nick!user@host` in its parts; user and host are absent for a server. */
function parseSource(text: string): Source {
  const at = text.indexOf('@');
  const bang = text.indexOf('!');
  const source: Source = { name: text };
  if (at >= 0) source.host = text.slice(at + 1);
  if (bang >= 0 && (at < 0 || bang < at)) {
    source.name = text.slice(0, bang);
    source.user = at < 0 ? text.slice(bang + 1) : text.slice(bang + 1, at);
  } else if (at >= 0) {
    source.name = text.slice(0, at);
  }
  return source;
}

const NO_TAGS: ReadonlyMap<string, string> = new Map();
// oxlint-disable-next-line no-control-regex -- these three are what the grammar forbids
const FORBIDDEN = /[\0\r\n]/;
const UNESCAPED: Readonly<Record<string, string>> = { ':': ';', s: ' ', '\\': '\\', r: '\r', n: '\n' };

function parseTags(text: string): ReadonlyMap<string, string> {
  const tags = new Map<string, string>();
  for (const tag of text.split(';')) {
    const equals = tag.indexOf('=');
    const key = equals < 0 ? tag : tag.slice(0, equals);
    if (key === '') continue;
    const value = equals < 0 ? '' : tag.slice(equals + 1);
    // An escape that means nothing loses its backslash, also at the end of the value.
    tags.set(
      key,
      value.replace(/\\(.?)/gsu, (_, letter: string) => UNESCAPED[letter] ?? letter),
    );
  }
  return tags;
}

function parseParams(text: string): string[] {
  const params: string[] = [];
  let rest = text;
  for (;;) {
    rest = trimSpaces(rest);
    if (rest === '') return params;
    if (rest.startsWith(':')) return [...params, rest.slice(1)];
    if (params.length === PARAMS_MAX - 1) return [...params, rest];
    const space = rest.indexOf(' ');
    if (space < 0) return [...params, rest];
    params.push(rest.slice(0, space));
    rest = rest.slice(space);
  }
}

function trimSpaces(text: string): string {
  let start = 0;
  while (text.charCodeAt(start) === 0x20) start++;
  return start === 0 ? text : text.slice(start);
}
