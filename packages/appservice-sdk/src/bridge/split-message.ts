// Cuts a message that is too long for its network into several that are not: at blocks, else at lines, else at words, else between
// characters; never inside one. Formatting goes on in the next piece. Sizes are those of the plain rendering (`plain`); a network whose
// own markup needs more names a smaller limit.

import { plainBlocks, plainInlines } from './define-network.ts';
import { linesInline, normalInlines, textInline, wrapped } from './message-ast.ts';
import type { Block, Inline, Limits, Message, Media } from './network.ts';

type TextLimit = Limits['text'];

/** Below this many units a nested block is not worth its frame and becomes plain text. */
const NESTED_MIN = 24;

/** The message in pieces that fit; one piece, the message itself, when it fits. The first keeps what it answers. */
export function splitMessage<M extends Media>(message: Message<M>, limit: TextLimit): Message<M>[] {
  if (messageFits(message, limit)) return [message];
  const { replyTo, ...rest } = message;
  const pieces: Message<M>[] = [];
  for (const part of message.parts) {
    if (!part.blocks || fits(part.blocks, limit)) {
      pieces.push({ ...rest, parts: [part] });
      continue;
    }
    for (const blocks of splitBlocks(part.blocks, limit)) pieces.push({ ...rest, parts: [{ ...part, blocks }] });
  }
  return pieces.map((piece, index) => (index === 0 && replyTo !== undefined ? { ...piece, replyTo } : piece));
}

/** Whether every text of the message fits. */
export function messageFits(message: Message, limit: TextLimit): boolean {
  return message.parts.every((part) => !part.blocks || fits(part.blocks, limit));
}

/** The size of a text in the limit's unit: UTF-8 bytes, or characters as people count them (code points). */
export function textSize(text: string, unit: TextLimit['unit']): number {
  return unit === 'bytes' ? Buffer.byteLength(text, 'utf8') : Array.from(text).length;
}

function fits(blocks: readonly Block[], limit: TextLimit): boolean {
  const text = plainBlocks(blocks);
  return (
    textSize(text, limit.unit) <= limit.max && (limit.lines === undefined || text.split('\n').length <= limit.lines)
  );
}

function splitBlocks(blocks: readonly Block[], limit: TextLimit): Block[][] {
  const out: Block[][] = [];
  let piece: Block[] = [];
  const end = (): void => {
    if (piece.length > 0) out.push(piece);
    piece = [];
  };
  for (const block of blocks) {
    if (fits([...piece, block], limit)) {
      piece.push(block);
      continue;
    }
    end();
    if (fits([block], limit)) piece.push(block);
    else out.push(...splitBlock(block, limit).map((cut) => [cut]));
  }
  end();
  return out;
}

function splitBlock(block: Block, limit: TextLimit): Block[] {
  if ('p' in block) return splitInlines(block.p, limit).map((p) => ({ p }));
  if ('heading' in block) return splitInlines(block.heading, limit).map((heading) => ({ heading, level: block.level }));
  if ('pre' in block) return splitText(block.pre, limit).map((pre) => ({ ...block, pre }));
  if ('quote' in block && limit.max >= NESTED_MIN) {
    // Each line of a quote costs two more; so many lines that they do not fit are met by the check below.
    const cut = splitBlocks(block.quote, { ...limit, max: Math.floor((limit.max * 3) / 4) }).map(
      (quote): Block => ({ quote }),
    );
    if (cut.every((piece) => fits([piece], limit))) return cut;
  }
  if ('list' in block && limit.max >= NESTED_MIN) {
    const cut = block.list.flatMap((item, index) =>
      splitBlocks(item, { ...limit, max: Math.floor((limit.max * 3) / 4) }).map(
        (blocks): Block =>
          block.from === undefined ? { list: [blocks] } : { list: [blocks], from: block.from + index },
      ),
    );
    if (cut.every((piece) => fits([piece], limit))) return cut;
  }
  return splitText(plainBlocks([block]), limit).map((text) => ({ p: linesInline(text) }));
}

function splitText(text: string, limit: TextLimit): string[] {
  return splitInlines(linesInline(text), limit).map((piece) => plainInlines(piece));
}

function splitInlines(inlines: readonly Inline[], limit: TextLimit): Inline[][] {
  const out: Inline[][] = [];
  let rest = normalInlines(inlines);
  while (rest.length > 0) {
    const taken = take(rest, { size: limit.max, lines: limit.lines ?? Number.POSITIVE_INFINITY }, limit.unit, true);
    const head = trimEnd(normalInlines(taken.head));
    if (head.length > 0) out.push(head);
    rest = trimStart(normalInlines(taken.rest));
  }
  return out;
}

interface Budget {
  size: number;
  /** Lines that may still begin, the current one included. */
  lines: number;
}

/** Takes from the front what fits. `must`: nothing was taken before, so at least one character is, whatever its size. */
function take(
  inlines: readonly Inline[],
  budget: Budget,
  unit: TextLimit['unit'],
  must: boolean,
): { head: Inline[]; rest: Inline[] } {
  const head: Inline[] = [];
  for (const [index, inline] of inlines.entries()) {
    const following = inlines.slice(index + 1);
    // A cut at a line break is the break.
    if (inline === 'br' && (budget.lines <= 1 || budget.size < 1)) return { head, rest: following };
    const size = textSize(plainInlines([inline]), unit);
    if (size <= budget.size && (inline === 'br' || !plainInlines([inline]).includes('\n'))) {
      budget.size -= size;
      if (inline === 'br') budget.lines--;
      head.push(inline);
      continue;
    }
    const first = must && head.length === 0;
    const cut = cutInline(inline, budget, unit, first);
    head.push(...cut.head);
    // A wrapper that was looked into for its line breaks and fits.
    if (cut.rest.length > 0) return { head, rest: [...cut.rest, ...following] };
  }
  return { head, rest: [] };
}

function cutInline(
  inline: Inline,
  budget: Budget,
  unit: TextLimit['unit'],
  must: boolean,
): { head: Inline[]; rest: Inline[] } {
  if (typeof inline === 'string') return cutText(inline, budget.size, unit, must);
  const wrapper = wrapped(inline);
  if (wrapper) {
    const inner = take(wrapper.inner, budget, unit, must);
    const around = (some: Inline[]): Inline[] => (some.length === 0 ? [] : [wrapper.around(some)]);
    return { head: around(inner.head), rest: around(inner.rest) };
  }
  if ('code' in inline) {
    const cut = cutString(inline.code, budget.size, unit, must);
    return { head: [{ code: cut.head }], rest: [{ code: cut.rest }] };
  }
  // Mentions, links and emoji stay whole, unless even alone they are too long.
  return must ? cutText(plainInlines([inline]), budget.size, unit, true) : { head: [], rest: [inline] };
}

function cutText(
  text: string,
  size: number,
  unit: TextLimit['unit'],
  must: boolean,
): { head: Inline[]; rest: Inline[] } {
  const cut = cutString(text, size, unit, must);
  return { head: textInline(cut.head), rest: textInline(cut.rest) };
}

function cutString(text: string, size: number, unit: TextLimit['unit'], must: boolean): { head: string; rest: string } {
  let used = 0;
  let end = 0;
  for (const character of text) {
    const more = textSize(character, unit);
    if (used + more > size && !(must && end === 0)) break;
    used += more;
    end += character.length;
  }
  const space = text.lastIndexOf(' ', end);
  if (space > 0) return { head: text.slice(0, space), rest: text.slice(space + 1) };
  // One word longer than what is left: the next piece begins with it, unless it is this piece's first.
  if (!must) return { head: '', rest: text };
  return { head: text.slice(0, end), rest: text.slice(end) };
}

function trimStart(inlines: Inline[]): Inline[] {
  const [first, ...rest] = inlines;
  if (first === 'br') return trimStart(rest);
  if (typeof first !== 'string') return inlines;
  const trimmed = first.replace(/^\s+/, '');
  return trimmed === '' ? trimStart(rest) : normalInlines([...textInline(trimmed), ...rest]);
}

function trimEnd(inlines: Inline[]): Inline[] {
  const last = inlines.at(-1);
  if (last === 'br') return trimEnd(inlines.slice(0, -1));
  if (typeof last !== 'string') return inlines;
  const trimmed = last.replace(/\s+$/, '');
  return trimmed === ''
    ? trimEnd(inlines.slice(0, -1))
    : normalInlines([...inlines.slice(0, -1), ...textInline(trimmed)]);
}
