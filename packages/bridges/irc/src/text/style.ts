// IRC's formatting: invisible characters that switch a style on and off, and the 99 colours that clients agree on. Both converters
// work on runs, pieces of text with one style each, so that a message can be cut anywhere without losing its formatting.
// https://modern.ircdocs.horse/formatting

/** The switches. */
export const CODE = {
  bold: '\x02',
  italic: '\x1d',
  underline: '\x1f',
  strike: '\x1e',
  monospace: '\x11',
  colour: '\x03',
  hexColour: '\x04',
  reverse: '\x16',
  reset: '\x0f',
} as const;

/** The looks of one run. Colours are `#rrggbb`. */
export interface Style {
  bold: boolean;
  italic: boolean;
  underline: boolean;
  strike: boolean;
  monospace: boolean;
  fg: string | null;
  bg: string | null;
}

/** No formatting. */
export const PLAIN: Style = {
  bold: false,
  italic: false,
  underline: false,
  strike: false,
  monospace: false,
  fg: null,
  bg: null,
};

/** A piece of text with one style. */
export interface Run {
  text: string;
  style: Style;
}

/** The switches that are only on or off, in the order in which they are written. */
export const TOGGLES = ['bold', 'italic', 'underline', 'strike', 'monospace'] as const;

/** Whether two styles look the same. */
export function sameStyle(a: Style, b: Style): boolean {
  return TOGGLES.every((name) => a[name] === b[name]) && a.fg === b.fg && a.bg === b.bg;
}

// Colours 0 to 15 are mIRC's own, 16 to 98 its extension.
const PALETTE = (
  'ffffff 000000 00007f 009300 ff0000 7f0000 9c009c fc7f00 ffff00 00fc00 009393 00ffff 0000fc ff00ff 7f7f7f d2d2d2 ' +
  '470000 472100 474700 324700 004700 00472c 004747 002747 000047 2e0047 470047 47002a ' +
  '740000 743a00 747400 517400 007400 007449 007474 004074 000074 4b0074 740074 740045 ' +
  'b50000 b56300 b5b500 7db500 00b500 00b571 00b5b5 0063b5 0000b5 7500b5 b500b5 b5006b ' +
  'ff0000 ff8c00 ffff00 b2ff00 00ff00 00ffa0 00ffff 008cff 0000ff a500ff ff00ff ff0098 ' +
  'ff5959 ffb459 ffff71 cfff60 6fff6f 65ffc9 6dffff 59b4ff 5959ff c459ff ff66ff ff59bc ' +
  'ff9c9c ffd39c ffff9c e2ff9c 9cff9c 9cffdb 9cffff 9cd3ff 9c9cff dc9cff ff9cff ff94d3 ' +
  '000000 131313 282828 363636 4d4d4d 656565 818181 9f9f9f bcbcbc e2e2e2 ffffff'
)
  .split(' ')
  .map((hex) => `#${hex}`);

/** Colours that every client shows; others are brought to the nearest of these. */
const COMMON_COLOURS = 16;

/** The colour of a number; null for 99 (the client's own) and for numbers without one. */
export function colourOf(number: number): string | null {
  return PALETTE[number] ?? null;
}

/** The number that shows a colour exactly, or the nearest of the sixteen that every client has; null when it is not a colour. */
export function colourNumber(colour: string): number | null {
  const hex = colour.toLowerCase();
  if (!/^#[0-9a-f]{6}$/.test(hex)) return null;
  const exact = PALETTE.indexOf(hex);
  if (exact >= 0) return exact;
  let nearest = 0;
  let least = Number.POSITIVE_INFINITY;
  for (const [number, known] of PALETTE.slice(0, COMMON_COLOURS).entries()) {
    const distance = distanceOf(hex, known);
    if (distance < least) [nearest, least] = [number, distance];
  }
  return nearest;
}

function distanceOf(a: string, b: string): number {
  let sum = 0;
  for (const at of [1, 3, 5]) {
    sum += (Number.parseInt(a.slice(at, at + 2), 16) - Number.parseInt(b.slice(at, at + 2), 16)) ** 2;
  }
  return sum;
}

/** Whether a character steers a terminal, a client or the protocol instead of being read. */
export function isControl(letter: string): boolean {
  const code = letter.codePointAt(0) ?? 0;
  return code < 0x20 || (code >= 0x7f && code < 0xa0);
}
