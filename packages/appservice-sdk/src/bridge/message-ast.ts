// The message tree in its one normal form: adjacent texts are one, empty things are gone. Converters give and tests compare this form.
// Pure; html-to-ast.ts ends with it.

import type { Block, Inline } from './network.ts';

/** Deeper nesting than this is flattened: a Matrix client may refuse more than 100 levels, a person reads no more than a few. */
export const DEPTH_MAX = 40;

/** Inlines in normal form. A text that is exactly "br" stays two strings, because the one string means a line break. */
export function normalInlines(inlines: readonly Inline[]): Inline[] {
  const out: Inline[] = [];
  let run = '';
  const endRun = (): void => {
    if (run === 'br') out.push('b', 'r');
    else if (run !== '') out.push(run);
    run = '';
  };
  for (const inline of inlines) {
    if (typeof inline === 'string' && inline !== 'br') {
      run += inline;
      continue;
    }
    const normal = normalInline(inline);
    if (normal === undefined) continue;
    endRun();
    out.push(normal);
  }
  endRun();
  return out;
}

/** A text as inlines: the letters "br" alone would mean a line break. */
export function textInline(text: string): Inline[] {
  return text === 'br' ? ['b', 'r'] : [text];
}

/** A text of several lines as inlines. */
export function linesInline(text: string): Inline[] {
  const lines = text.split(/\r\n|\r|\n/);
  return normalInlines(lines.flatMap((line, index): Inline[] => [...(index > 0 ? ['br'] : []), ...textInline(line)]));
}

/** Blocks in normal form. */
export function normalBlocks(blocks: readonly Block[]): Block[] {
  return blocks.map(normalBlock).filter((block) => block !== undefined);
}

/** The inlines that `inline` wraps, and the same wrapper around others; `undefined` for what wraps nothing that may be cut. */
export function wrapped(
  inline: Exclude<Inline, string>,
): { inner: Inline[]; around(inner: Inline[]): Inline } | undefined {
  if ('b' in inline) return { inner: inline.b, around: (b) => ({ b }) };
  if ('i' in inline) return { inner: inline.i, around: (i) => ({ i }) };
  if ('u' in inline) return { inner: inline.u, around: (u) => ({ u }) };
  if ('s' in inline) return { inner: inline.s, around: (s) => ({ s }) };
  if ('spoiler' in inline) return { inner: inline.spoiler, around: (spoiler) => ({ ...inline, spoiler }) };
  if ('color' in inline) return { inner: inline.text, around: (text) => ({ ...inline, text }) };
  return undefined;
}

function normalInline(inline: Inline): Inline | undefined {
  if (typeof inline === 'string') return inline;
  if ('link' in inline) return { link: inline.link, text: normalInlines(inline.text) };
  if ('code' in inline) return inline.code === '' ? undefined : inline;
  const wrapper = wrapped(inline);
  if (!wrapper) return inline;
  const inner = normalInlines(wrapper.inner);
  return inner.length === 0 ? undefined : wrapper.around(inner);
}

function normalBlock(block: Block): Block | undefined {
  if ('p' in block) {
    const p = normalInlines(block.p);
    return p.length === 0 ? undefined : { p };
  }
  if ('heading' in block) {
    const heading = normalInlines(block.heading);
    return heading.length === 0 ? undefined : { heading, level: block.level };
  }
  if ('quote' in block) {
    const quote = normalBlocks(block.quote);
    return quote.length === 0 ? undefined : { quote };
  }
  if ('list' in block) {
    const list = block.list.map(normalBlocks).filter((item) => item.length > 0);
    return list.length === 0 ? undefined : { ...block, list };
  }
  if ('pre' in block) return block.pre === '' ? undefined : block;
  return block;
}
