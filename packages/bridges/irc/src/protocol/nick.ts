// Nicks that a network accepts, made of names that people have. Used for Matrix users' connections and when a nick is taken.
// Only ASCII stays: a letter of another script that looks like an ASCII one would let one person pass for another.
// https://modern.ircdocs.horse/#nick-message, RFC 2812 section 2.3.1

/**
 * A legal nick for a name: the first of `names` of which something is left.
 *
 * @param names     wishes in order, e.g. display name, then localpart
 * @param lengthMax the network's limit in characters (ISUPPORT NICKLEN)
 */
export function nickFor(names: readonly string[], lengthMax: number): string {
  for (const name of names) {
    const nick = sanitiseNick(name, lengthMax);
    if (nick !== '') return nick;
  }
  return 'matrix'.slice(0, lengthMax);
}

/**
 * What of a name may be a nick; empty when nothing is. Letters with marks lose the mark, spaces become `_`.
 *
 * @param lengthMax most characters
 */
export function sanitiseNick(name: string, lengthMax: number): string {
  const ascii = name
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .trim()
    .replace(/\s+/g, '_')
    .replace(/[^A-Za-z0-9_[\]\\^{}|`-]/g, '');
  if (!/[A-Za-z0-9]/.test(ascii)) return '';
  // A digit or a dash may not come first.
  const legal = /^[0-9-]/.test(ascii) ? `_${ascii}` : ascii;
  return legal.slice(0, lengthMax);
}

/**
 * The nick to try when `wanted` was taken: shortened so that the suffix fits.
 *
 * @param attempt 1 for the first other nick
 */
export function nickAttempt(wanted: string, attempt: number, lengthMax: number): string {
  const suffix = attempt === 1 ? '_' : String(attempt);
  return `${wanted.slice(0, Math.max(1, lengthMax - suffix.length))}${suffix}`;
}
