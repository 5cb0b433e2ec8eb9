// What was said on IRC to the kit's message tree: formatting codes to wrappers, addresses to links, names of people to mentions.
// Called by from-irc.ts for each message. Control characters that mean nothing are dropped: nothing invisible crosses the bridge.

import type { Block, Inline, UserId } from '@pons/appservice-sdk/bridge';
import { CODE, colourOf, isControl, PLAIN, type Run, sameStyle, type Style } from './style.ts';

/** A person whose name may stand in a text. */
export interface Named {
  user: UserId;
  label: string;
  /** Whether the bare name anywhere in a text means the person, as IRC clients highlight it; otherwise only `name:` and `@name`. */
  anywhere: boolean;
}

/** The message as a tree: one paragraph. `named` answers for a word whether it is somebody's nick. */
export function toMatrix(text: string, named: (word: string) => Named | undefined = () => undefined): Block[] {
  const inlines = readRuns(text).flatMap((run, index) => styled(run.style, withNames(run, index === 0, named)));
  return inlines.length === 0 ? [] : [{ p: inlines }];
}

/** A text of IRC as runs of one style each; what remains of it is what a person would read. */
export function readRuns(text: string): Run[] {
  const runs: Run[] = [];
  let style: Style = PLAIN;
  let reversed = false;
  let at = 0;
  const add = (piece: string): void => {
    const looks = reversed ? reverseOf(style) : style;
    const last = runs.at(-1);
    if (last !== undefined && sameStyle(last.style, looks)) last.text += piece;
    else runs.push({ text: piece, style: looks });
  };
  while (at < text.length) {
    const letter = text[at] ?? '';
    at += 1;
    switch (letter) {
      case CODE.bold:
        style = { ...style, bold: !style.bold };
        break;
      case CODE.italic:
        style = { ...style, italic: !style.italic };
        break;
      case CODE.underline:
        style = { ...style, underline: !style.underline };
        break;
      case CODE.strike:
        style = { ...style, strike: !style.strike };
        break;
      case CODE.monospace:
        style = { ...style, monospace: !style.monospace };
        break;
      case CODE.reverse:
        reversed = !reversed;
        break;
      case CODE.reset:
        style = PLAIN;
        reversed = false;
        break;
      case CODE.colour:
      case CODE.hexColour: {
        const read = letter === CODE.colour ? readColours(text.slice(at)) : readHexColours(text.slice(at));
        style = { ...style, ...read.colours };
        at += read.length;
        break;
      }
      default:
        if (letter === '\t') add(' ');
        else if (!isControl(letter)) add(letter);
    }
  }
  return runs;
}

type Colours = { fg?: string | null; bg?: string | null };

/** `3` or `3,4` after the colour code; nothing ends the colours. */
function readColours(rest: string): { colours: Colours; length: number } {
  const match = /^([0-9]{1,2})(?:,([0-9]{1,2}))?/.exec(rest);
  if (match === null) return { colours: { fg: null, bg: null }, length: 0 };
  const fg = colourOf(Number(match[1]));
  if (match[2] === undefined) return { colours: { fg }, length: match[0].length };
  return { colours: { fg, bg: colourOf(Number(match[2])) }, length: match[0].length };
}

function readHexColours(rest: string): { colours: Colours; length: number } {
  const match = /^([0-9a-f]{6})(?:,([0-9a-f]{6}))?/i.exec(rest);
  if (match === null) return { colours: { fg: null, bg: null }, length: 0 };
  const fg = `#${(match[1] ?? '').toLowerCase()}`;
  if (match[2] === undefined) return { colours: { fg }, length: match[0].length };
  return { colours: { fg, bg: `#${match[2].toLowerCase()}` }, length: match[0].length };
}

function reverseOf(style: Style): Style {
  return { ...style, fg: style.bg ?? '#ffffff', bg: style.fg ?? '#000000' };
}

/** The run's content inside its wrappers, the same nesting every time. */
function styled(style: Style, content: Inline[]): Inline[] {
  let inlines = content;
  if (inlines.length === 0) return [];
  if (style.monospace) {
    const code = inlines.map((each) => (typeof each === 'string' ? each : labelOf(each))).join('');
    inlines = [{ code }];
  }
  if (style.strike) inlines = [{ s: inlines }];
  if (style.underline) inlines = [{ u: inlines }];
  if (style.italic) inlines = [{ i: inlines }];
  if (style.bold) inlines = [{ b: inlines }];
  // Text in the colour of its ground is how spoilers are written on IRC.
  if (style.fg !== null && style.fg === style.bg) return [{ spoiler: inlines }];
  if (style.fg !== null) {
    return [{ color: style.fg, ...(style.bg === null ? {} : { bg: style.bg }), text: inlines }];
  }
  // A ground without a colour of its own keeps the reader's text colour: black or white would be a guess, so the ground is dropped.
  return inlines;
}

function labelOf(inline: Exclude<Inline, string>): string {
  if ('link' in inline) return inline.link;
  return 'mention' in inline ? inline.label : '';
}

const ADDRESS = /\b(?:(?:https?|ircs?|ftp|gemini):\/\/|mailto:|matrix:(?:u|r|roomid)\/)[^\s<>"]+/gi;
/** What may stand in a nick; a name is looked for between other characters. */
const NICK_WORD = /@?[\p{L}\p{N}_[\]\\^{}|`-]+/gu;

/** The run's text with its addresses as links and its names as mentions. */
function withNames(run: Run, first: boolean, named: (word: string) => Named | undefined): Inline[] {
  const inlines: Inline[] = [];
  let done = 0;
  for (const match of run.text.matchAll(ADDRESS)) {
    const address = trimAddress(match[0]);
    inlines.push(...namesIn(run.text.slice(done, match.index), first && done === 0, named));
    inlines.push({ link: address, text: [address] });
    done = match.index + address.length;
  }
  inlines.push(...namesIn(run.text.slice(done), first && done === 0, named));
  return inlines;
}

/** Without the punctuation that belongs to the sentence around; a closing bracket stays when its opening one is inside. */
function trimAddress(address: string): string {
  let end = address.length;
  for (;;) {
    const last = address[end - 1] ?? '';
    const inside = address.slice(0, end);
    const unopened = last === ')' && inside.split('(').length < inside.split(')').length;
    if (!/[.,;:!?'*]/.test(last) && !unopened) return inside;
    end -= 1;
  }
}

function namesIn(text: string, first: boolean, named: (word: string) => Named | undefined): Inline[] {
  const inlines: Inline[] = [];
  let done = 0;
  for (const match of text.matchAll(NICK_WORD)) {
    const addressed = match[0].startsWith('@');
    const word = addressed ? match[0].slice(1) : match[0];
    const person = named(word);
    if (person === undefined) continue;
    const opens = first && match.index === 0 && /^[:,]/.test(text.slice(match[0].length));
    if (!addressed && !opens && !person.anywhere) continue;
    pushText(inlines, text.slice(done, match.index));
    inlines.push({ mention: person.user, label: person.label });
    done = match.index + match[0].length;
  }
  pushText(inlines, text.slice(done));
  return inlines;
}

/** Adds text; the two letters `br` alone would mean a line break in the tree. */
function pushText(inlines: Inline[], text: string): void {
  if (text === 'br') inlines.push('b', 'r');
  else if (text !== '') inlines.push(text);
}
