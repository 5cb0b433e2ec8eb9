// A small tolerant reader of HTML, for the few tags that Matrix messages use: it never fails and never executes anything; what it does
// not understand is text. Bounded in depth, so that hostile nesting costs nothing. html-to-ast.ts makes the message tree of its result.

import { DEPTH_MAX } from './message-ast.ts';

/** An element with its attributes (names in lower case, values unescaped), or a text as it stood there, still escaped. */
export type HtmlNode =
  | { readonly tag: string; readonly attributes: ReadonlyMap<string, string>; readonly children: HtmlNode[] }
  | string;

const TAG =
  /<(\/?)([a-z][a-z0-9-]*)((?:\s+[^\s=>"'/]+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'>]+))?|\s*\/)*)\s*>|<!--[\s\S]*?-->/giy;
const ATTRIBUTE = /([^\s=>"'/]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/g;
const VOID = new Set(['br', 'hr', 'img', 'wbr']);
/** Tags whose content is not meant to be read. */
const INVISIBLE = new Set(['mx-reply', 'script', 'style', 'title', 'template']);
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00a0' };
/** More attributes than this on one tag are not looked at. */
const ATTRIBUTES_MAX = 20;

/** Reads HTML into nodes. */
export function readHtml(html: string): HtmlNode[] {
  const root: HtmlNode[] = [];
  const open: { tag: string; children: HtmlNode[] }[] = [];
  let position = 0;
  let textFrom = 0;
  const endText = (): void => {
    if (position > textFrom) (open.at(-1)?.children ?? root).push(html.slice(textFrom, position));
  };
  while (position < html.length) {
    const next = html.indexOf('<', position);
    position = next === -1 ? html.length : next;
    if (next === -1) break;
    TAG.lastIndex = position;
    const match = TAG.exec(html);
    if (!match) {
      position++;
      continue;
    }
    endText();
    position = textFrom = TAG.lastIndex;
    const tag = match[2]?.toLowerCase();
    if (tag === undefined) continue;
    if (match[1] === '/') close(open, tag);
    else openTag(open, root, tag, match[3] ?? '');
  }
  endText();
  return root;
}

/** The text with its entities replaced; unknown ones stay as they are. */
export function unescapeHtml(text: string): string {
  return text.replace(
    /&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,6}));/gi,
    (whole, decimal?: string, hex?: string, name?: string) => {
      if (name !== undefined) return ENTITIES[name.toLowerCase()] ?? whole;
      const point = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal);
      const surrogate = point >= 0xd800 && point <= 0xdfff;
      return point === 0 || point > 0x10ffff || surrogate ? '\ufffd' : String.fromCodePoint(point);
    },
  );
}

/** All text below the nodes, unescaped, white space as it stands. */
export function textOf(nodes: readonly HtmlNode[]): string {
  return nodes
    .map((node) => (typeof node === 'string' ? unescapeHtml(node) : node.tag === 'br' ? '\n' : textOf(node.children)))
    .join('');
}

function openTag(
  open: { tag: string; children: HtmlNode[] }[],
  root: HtmlNode[],
  tag: string,
  rawAttributes: string,
): void {
  // A list item or paragraph ends where the next begins, closed or not.
  if ((tag === 'li' || tag === 'p') && open.at(-1)?.tag === tag) open.pop();
  const parent = open.at(-1)?.children ?? root;
  const children: HtmlNode[] = [];
  if (!INVISIBLE.has(tag)) parent.push({ tag, attributes: attributesOf(rawAttributes), children });
  if (VOID.has(tag)) return;
  // Beyond the depth an element's content belongs to the one above it.
  open.push({ tag, children: open.length >= DEPTH_MAX && !INVISIBLE.has(tag) ? parent : children });
}

function close(open: { tag: string; children: HtmlNode[] }[], tag: string): void {
  const index = open.findLastIndex((element) => element.tag === tag);
  if (index >= 0) open.length = index;
}

function attributesOf(raw: string): ReadonlyMap<string, string> {
  const attributes = new Map<string, string>();
  for (const match of raw.matchAll(ATTRIBUTE)) {
    if (attributes.size >= ATTRIBUTES_MAX) break;
    attributes.set((match[1] ?? '').toLowerCase(), unescapeHtml(match[2] ?? match[3] ?? match[4] ?? ''));
  }
  return attributes;
}
