// How an edit is told on a network that has none: as people on IRC correct themselves, `s/old/new/` where little changed and it is
// clear what is meant, else the whole new text behind an asterisk. Called by to-irc.ts.

/** A replaced piece longer than this is easier to read as a whole. */
const PIECE_CHARS_MAX = 60;

/**
 * The lines that tell the edit.
 *
 * @param before what was said; undefined when nobody remembers
 * @param after  the new lines
 */
export function describeEdit(before: string | undefined, after: readonly string[]): string[] {
  const [only] = after;
  const short = before !== undefined && after.length === 1 && only !== undefined ? substitution(before, only) : null;
  return short === null ? after.map((line, index) => (index === 0 ? `* ${line}` : line)) : [short];
}

function substitution(before: string, after: string): string | null {
  const was = before.split(' ');
  const now = after.split(' ');
  let start = 0;
  while (start < Math.min(was.length, now.length) && was[start] === now[start]) start++;
  let end = 0;
  while (end < Math.min(was.length, now.length) - start && was.at(-1 - end) === now.at(-1 - end)) end++;
  const gone = was.slice(start, was.length - end).join(' ');
  const come = now.slice(start, now.length - end).join(' ');
  const clear =
    gone !== '' &&
    come !== '' &&
    start + end > 0 &&
    gone.length + come.length <= PIECE_CHARS_MAX &&
    !/[/\n]/.test(gone + come);
  return clear && before.split(gone).length === 2 ? `s/${gone}/${come}/` : null;
}
