// CTCP: requests between clients and the ACTION of `/me`, carried inside a message between two U+0001.
// https://modern.ircdocs.horse/ctcp

const MARK = '\u0001';

/** A request inside a message; undefined for an ordinary text. Older clients leave the closing mark out. */
export function readCtcp(text: string): { command: string; argument: string } | undefined {
  if (!text.startsWith(MARK)) return undefined;
  const inside = text.slice(1).split(MARK)[0] ?? '';
  const space = inside.indexOf(' ');
  if (space < 0) return { command: inside.toUpperCase(), argument: '' };
  return { command: inside.slice(0, space).toUpperCase(), argument: inside.slice(space + 1) };
}

/** A request as a message's text. */
export function writeCtcp(command: string, argument: string): string {
  return `${MARK}${command}${argument === '' ? '' : ` ${argument}`}${MARK}`;
}
