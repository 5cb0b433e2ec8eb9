// The kit's message tree to lines of IRC text: styles to formatting codes, blocks to lines, long lines cut so that each fits into one
// message. Called by to-irc.ts. No character that steers anything gets through, so no message can hold a second one, a CTCP request
// or hidden formatting of its own.

import type { Block, Chat, Inline, UserId } from '@pons/appservice-sdk/bridge';
import { CODE, colourNumber, isControl, PLAIN, type Run, sameStyle, type Style, TOGGLES } from './style.ts';

/** How people and channels are called on this network. */
export interface Names {
  /** The nick of a remote user; undefined when nobody knows one. */
  nickOf(user: UserId): string | undefined;
  channelOf(chat: Chat): string | undefined;
}

/** Nesting that is followed; what is deeper is read as plain text of that depth. */
const DEPTH_MAX = 40;

/** The lines of a message, each at most `bytesMax` bytes with its formatting codes; lines without anything to read are left out. */
export function fromMatrix(blocks: readonly Block[], names: Names, bytesMax: number): string[] {
  return linesOf(blocks, names, 0)
    .filter((line) => line.some((run) => run.text.trim() !== ''))
    .flatMap((line) => cutLine(line, Math.max(LINE_BYTES_MIN, bytesMax)))
    .map(writeRuns);
}

/** The runs as IRC text: only what changes between them is written, and nothing stays on at the end that would cost bytes. */
export function writeRuns(runs: readonly Run[]): string {
  let text = '';
  let style = PLAIN;
  for (const run of runs) {
    text += switchStyle(style, run.style, run.text) + run.text;
    style = run.style;
  }
  return text;
}

/** Less than this cannot hold a character with its codes; no network's lines are so short. */
const LINE_BYTES_MIN = 32;

type Line = Run[];

function linesOf(blocks: readonly Block[], names: Names, depth: number): Line[] {
  if (depth > DEPTH_MAX) return [];
  return blocks.flatMap((block): Line[] => {
    if ('p' in block) return inlineLines(block.p, PLAIN, names);
    if ('heading' in block) return inlineLines(block.heading, { ...PLAIN, bold: true }, names);
    if ('pre' in block) return textLines(block.pre, { ...PLAIN, monospace: true });
    if ('quote' in block) return prefixed(linesOf(block.quote, names, depth + 1), '> ', '> ');
    if ('hr' in block) return [[{ text: '---', style: PLAIN }]];
    return block.list.flatMap((item, index) => {
      const mark = block.from === undefined ? '- ' : `${block.from + index}. `;
      return prefixed(linesOf(item, names, depth + 1), mark, ' '.repeat(mark.length));
    });
  });
}

function prefixed(lines: Line[], first: string, rest: string): Line[] {
  return lines.map((line, index) => [{ text: index === 0 ? first : rest, style: PLAIN }, ...line]);
}

function inlineLines(inlines: readonly Inline[], style: Style, names: Names): Line[] {
  const lines: Line[] = [[]];
  addInlines(lines, inlines, style, { names, depth: 0 });
  return lines;
}

interface Surroundings {
  names: Names;
  depth: number;
}

function addInlines(lines: Line[], inlines: readonly Inline[], style: Style, around: Surroundings): void {
  if (around.depth > DEPTH_MAX) return;
  const deeper = { ...around, depth: around.depth + 1 };
  for (const inline of inlines) {
    if (inline === 'br') lines.push([]);
    else if (typeof inline === 'string') addText(lines, inline, style);
    else if ('b' in inline) addInlines(lines, inline.b, { ...style, bold: true }, deeper);
    else if ('i' in inline) addInlines(lines, inline.i, { ...style, italic: true }, deeper);
    else if ('u' in inline) addInlines(lines, inline.u, { ...style, underline: true }, deeper);
    else if ('s' in inline) addInlines(lines, inline.s, { ...style, strike: true }, deeper);
    else if ('code' in inline) addText(lines, inline.code, { ...style, monospace: true });
    else if ('link' in inline) addLink(lines, inline, style, deeper);
    else if ('mention' in inline) addText(lines, mentioned(inline, around.names), style);
    else if ('chat' in inline) addText(lines, around.names.channelOf(inline.chat) ?? inline.label, style);
    else if ('emoji' in inline) addText(lines, inline.emoji, style);
    else if ('color' in inline) addInlines(lines, inline.text, coloured(style, inline.color, inline.bg), deeper);
    else addInlines(lines, inline.spoiler, { ...style, fg: SPOILER, bg: SPOILER }, deeper);
  }
}

const SPOILER = '#000000';

function coloured(style: Style, fg: string, bg: string | undefined): Style {
  // Inside a spoiler no colour may show what it hides.
  if (style.fg !== null && style.fg === style.bg) return style;
  const ground = bg ?? style.bg;
  // Text of the same colour as its ground would be a spoiler that nobody meant.
  const hidden = ground !== null && colourNumber(ground) === colourNumber(fg);
  return { ...style, fg, bg: hidden ? null : ground };
}

function addLink(lines: Line[], inline: { link: string; text: Inline[] }, style: Style, around: Surroundings): void {
  const label: Line[] = [[]];
  addInlines(label, inline.text, style, around);
  const readable = label
    .map((line) => line.map((run) => run.text).join(''))
    .join(' ')
    .trim();
  const same = readable === '' || readable === inline.link || `https://${readable}` === inline.link.replace(/\/$/, '');
  if (same) return addText(lines, inline.link, style);
  addInlines(lines, inline.text, style, around);
  addText(lines, ` (${inline.link})`, style);
}

function mentioned(inline: { mention: UserId; label: string }, names: Names): string {
  if (inline.mention === 'room') return inline.label === '' ? '@room' : inline.label;
  return names.nickOf(inline.mention) ?? inline.label;
}

function textLines(text: string, style: Style): Line[] {
  const lines: Line[] = [[]];
  addText(lines, text, style);
  return lines;
}

/** Adds text to the last line; its own line breaks, Unicode's too, begin new ones. */
function addText(lines: Line[], text: string, style: Style): void {
  for (const [index, piece] of text.split(/\r\n|[\r\n\u0085\u2028\u2029\v\f]/).entries()) {
    if (index > 0) lines.push([]);
    const readable = Array.from(piece.replaceAll('\t', ' '), (letter) => (isControl(letter) ? '' : letter))
      .join('')
      .toWellFormed();
    if (readable !== '') lines.at(-1)?.push({ text: readable, style });
  }
}

/** What switches one style to another before `next` is written. */
function switchStyle(from: Style, to: Style, next: string): string {
  if (sameStyle(from, to)) return '';
  if (sameStyle(to, PLAIN)) return CODE.reset;
  let codes = '';
  let before = from;
  // A ground cannot be taken away alone.
  if (from.bg !== null && to.bg === null) {
    codes += CODE.reset;
    before = PLAIN;
  }
  for (const name of TOGGLES) if (before[name] !== to[name]) codes += CODE[name];
  if (before.fg === to.fg && before.bg === to.bg) return guarded(codes, next);
  const fg = to.fg === null ? null : colourNumber(to.fg);
  if (fg === null) return guarded(`${codes}${before.fg === null ? '' : CODE.colour}`, next);
  const bg = to.bg === null ? null : colourNumber(to.bg);
  // Two digits each, so that a digit in the text is not taken for the number's.
  codes += `${CODE.colour}${twoDigits(fg)}`;
  return bg === null ? guarded(codes, next) : `${codes},${twoDigits(bg)}`;
}

/** A colour code that digits or a comma of the text could prolong is closed by two bold codes, which change nothing. */
function guarded(codes: string, next: string): string {
  const bare = codes.endsWith(CODE.colour) && /^[0-9]/.test(next);
  const comma = codes.at(-3) === CODE.colour && next.startsWith(',');
  return bare || comma ? `${codes}${CODE.bold}${CODE.bold}` : codes;
}

function twoDigits(number: number): string {
  return String(number).padStart(2, '0');
}

/** Most bytes that the codes before one run can take. */
const CODES_BYTES_MAX = 14;

/** The line in pieces that fit: cut at a space where there is one, never inside a character. Each piece keeps its styles. */
function cutLine(line: Line, bytesMax: number): Line[] {
  if (Buffer.byteLength(writeRuns(line)) <= bytesMax) return [line];
  const pieces: Line[] = [];
  let rest = line;
  while (rest.length > 0) {
    const { head, tail } = takeBytes(rest, bytesMax);
    if (head.some((run) => run.text.trim() !== '')) pieces.push(head);
    rest = tail;
  }
  return pieces;
}

function takeBytes(line: Line, bytesMax: number): { head: Line; tail: Line } {
  const head: Line = [];
  for (const [index, run] of line.entries()) {
    if (Buffer.byteLength(writeRuns([...head, run])) <= bytesMax) {
      head.push(run);
      continue;
    }
    const room = bytesMax - Buffer.byteLength(writeRuns(head)) - CODES_BYTES_MAX;
    const end = cutPoint(run.text, room, head.length === 0 ? room : bytesMax - CODES_BYTES_MAX);
    const tail = [{ ...run, text: run.text.slice(end).replace(/^ /, '') }, ...line.slice(index + 1)];
    if (end === 0) return cutAtSpaceBefore(head, tail);
    head.push({ ...run, text: run.text.slice(0, end) });
    return { head, tail };
  }
  return { head, tail: [] };
}

/**
 * Where to cut a text so that its front takes at most `room` bytes: at a space, or inside a word that no line could hold.
 *
 * @param whole bytes of a line of its own; a word that takes no more than that is not cut
 * @returns     0 when the text's first word goes to the next line
 */
function cutPoint(text: string, room: number, whole: number): number {
  const end = indexAtBytes(text, room);
  const space = text.lastIndexOf(' ', end);
  if (space > 0) return space;
  const word = text.indexOf(' ', 1);
  if (room < whole && Buffer.byteLength(word < 0 ? text : text.slice(0, word)) <= whole) return 0;
  // A single cluster larger than a line is cut between its characters.
  return end > 0 || room < whole ? end : (Array.from(text)[0] ?? '').length;
}

/** The last boundary between clusters before `bytes` are full. */
function indexAtBytes(text: string, bytes: number): number {
  let left = bytes;
  let end = 0;
  for (const { segment } of GRAPHEMES.segment(text)) {
    left -= Buffer.byteLength(segment);
    if (left < 0) break;
    end += segment.length;
  }
  return end;
}

const GRAPHEMES = new Intl.Segmenter('und', { granularity: 'grapheme' });

/** Where the word that does not fit began in an earlier run, the cut goes before the word. */
function cutAtSpaceBefore(head: Line, tail: Line): { head: Line; tail: Line } {
  const last = head.at(-1);
  const space = last?.text.lastIndexOf(' ') ?? -1;
  if (last === undefined || space <= 0) return { head, tail };
  const word = last.text.slice(space + 1);
  const kept = [...head.slice(0, -1), { ...last, text: last.text.slice(0, space) }];
  return { head: kept, tail: word === '' ? tail : [{ ...last, text: word }, ...tail] };
}
