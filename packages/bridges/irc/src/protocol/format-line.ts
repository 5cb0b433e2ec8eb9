// The only place where an IRC line is made. Whatever is bridged, typed as a command or configured ends here, and the writer
// itself refuses what could become a second line or another parameter: CR, LF, NUL, a space or a leading colon in the middle,
// and lines that are too long. Nobody upstream has to remember to check (four CVEs in other bridges were exactly that).
// The text must be sent as UTF-8: there no other character's encoding contains the bytes 0x0A, 0x0D or 0x00.
// RFC 2812 section 2.3, https://ircv3.net/specs/extensions/message-tags

import { LINE_BYTES_MAX } from './parse-line.ts';

/** Most bytes of tags a client may send, `@` and the space after it included. */
export const CLIENT_TAG_BYTES_MAX = 4096;

/** A line to send. Only the last parameter may be empty, hold spaces or begin with a colon. */
export interface OutLine {
  tags?: Readonly<Record<string, string>>;
  /** Only servers send one. */
  source?: string;
  command: string;
  params?: readonly string[];
}

/** The line cannot be sent as it is. The reason names the part, never its content. */
export class LineRefused extends Error {
  override readonly name = 'LineRefused';
}

/**
 * The line as text, CR LF included.
 *
 * @param limits.lineBytes most bytes after the tags, CR LF included
 * @param limits.tagBytes  most bytes of tags, `@` and space included
 * @throws {LineRefused}   when any part could break out of its place, or the line is too long
 */
export function formatLine(line: OutLine, limits: { lineBytes?: number; tagBytes?: number } = {}): string {
  let text = '';
  if (line.source !== undefined) {
    if (!isMiddle(line.source)) throw new LineRefused('the source is empty or holds a space or line break');
    text += `:${line.source} `;
  }
  if (!/^(?:[A-Za-z]+|[0-9]{3})$/.test(line.command)) throw new LineRefused('the command is not a word or a numeric');
  text += line.command;
  const params = line.params ?? [];
  if (params.length > 15) throw new LineRefused('more than 15 parameters');
  for (const [index, param] of params.entries()) {
    if (isMiddle(param)) {
      text += ` ${param}`;
    } else if (index === params.length - 1 && !FORBIDDEN.test(param)) {
      text += ` :${param}`;
    } else {
      throw new LineRefused(`parameter ${index + 1} of ${line.command} is empty or holds a space, colon or line break`);
    }
  }
  const lineBytes = limits.lineBytes ?? LINE_BYTES_MAX;
  const bytes = Buffer.byteLength(text) + 2;
  if (bytes > lineBytes) throw new LineRefused(`${line.command} would take ${bytes} bytes of ${lineBytes}`);
  return `${formatTags(line.tags, limits.tagBytes ?? CLIENT_TAG_BYTES_MAX)}${text}\r\n`;
}

// oxlint-disable-next-line no-control-regex -- these three end a line or a parameter
const FORBIDDEN = /[\0\r\n]/;
const ESCAPED: Readonly<Record<string, string>> = { ';': '\\:', ' ': '\\s', '\\': '\\\\', '\r': '\\r', '\n': '\\n' };

function isMiddle(param: string): boolean {
  return param !== '' && !param.startsWith(':') && !param.includes(' ') && !FORBIDDEN.test(param);
}

function formatTags(tags: OutLine['tags'], bytesMax: number): string {
  const parts: string[] = [];
  for (const [key, value] of Object.entries(tags ?? {})) {
    if (!/^\+?(?:[A-Za-z0-9.-]+\/)?[A-Za-z0-9-]+$/.test(key)) throw new LineRefused('a tag has an illegal name');
    if (value.includes('\0')) throw new LineRefused(`tag ${key} holds NUL`);
    const escaped = value.replace(/[; \\\r\n]/g, (letter) => ESCAPED[letter] ?? '');
    parts.push(escaped === '' ? key : `${key}=${escaped}`);
  }
  if (parts.length === 0) return '';
  const text = `@${parts.join(';')} `;
  if (Buffer.byteLength(text) > bytesMax) throw new LineRefused(`the tags take more than ${bytesMax} bytes`);
  return text;
}
