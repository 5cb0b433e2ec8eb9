// Matrix's HTML as the message tree that networks are given. White space means what it means to a browser: runs are one space, except
// in code. A pill becomes a mention of the remote user when there is one, else its label.
// https://spec.matrix.org/v1.19/client-server-api/#mroommessage-msgtypes

import { linesInline, normalBlocks, normalInlines, textInline } from './message-ast.ts';
import type { Block, Chat, Inline, UserId } from './network.ts';
import { type HtmlNode, readHtml, textOf, unescapeHtml } from './read-html.ts';

/** Who and what Matrix ids stand for on the network. */
export interface RemoteNames {
  userOf(mxid: string): UserId | undefined;
  /** By room id or alias. */
  chatOf(room: string): Chat | undefined;
}

const NESTING = new Set(['div', 'details', 'section', 'article', 'body', 'html', 'table', 'thead', 'tbody', 'tr']);
const PARAGRAPHS = new Set(['p', 'summary', 'td', 'th', 'caption']);
const MATRIX_TO = /^https:\/\/matrix\.to\/#\/([^/?]+)/;
const MATRIX_URI = /^matrix:(u|r|roomid)\/([^/?]+)/;

/** The tree of an HTML message. */
export function htmlToAst(html: string, names: RemoteNames): Block[] {
  return normalBlocks(blocksOf(readHtml(html), names));
}

/** The tree of a plain text: one paragraph, line breaks and spaces kept. */
export function textToAst(text: string): Block[] {
  return normalBlocks([{ p: linesInline(text) }]);
}

function blocksOf(nodes: readonly HtmlNode[], names: RemoteNames): Block[] {
  const blocks: Block[] = [];
  let loose: HtmlNode[] = [];
  const endLoose = (): void => {
    const p = paragraph(loose, names);
    if (p.length > 0) blocks.push({ p });
    loose = [];
  };
  for (const node of nodes) {
    const made = typeof node === 'string' ? undefined : blockOf(node, names);
    if (!made) {
      loose.push(node);
      continue;
    }
    endLoose();
    blocks.push(...made);
  }
  endLoose();
  return blocks;
}

function blockOf(node: Exclude<HtmlNode, string>, names: RemoteNames): Block[] | undefined {
  const { tag, children, attributes } = node;
  if (NESTING.has(tag)) return blocksOf(children, names);
  // A paragraph that was not closed may hold blocks.
  if (PARAGRAPHS.has(tag)) return blocksOf(children, names);
  if (tag === 'blockquote') return [{ quote: blocksOf(children, names) }];
  if (tag === 'hr') return [{ hr: true }];
  if (/^h[1-6]$/.test(tag)) return [{ heading: paragraph(children, names), level: Number(tag[1]) }];
  if (tag === 'pre') return [preOf(children)];
  if (tag === 'ul' || tag === 'ol') {
    const items = children.filter((child) => typeof child !== 'string' || child.trim() !== '');
    const list = items.map((item) =>
      blocksOf(typeof item !== 'string' && item.tag === 'li' ? item.children : [item], names),
    );
    const start = Number(attributes.get('start') ?? '1');
    return [tag === 'ul' ? { list } : { list, from: Number.isSafeInteger(start) ? start : 1 }];
  }
  return undefined;
}

function preOf(children: readonly HtmlNode[]): Block {
  const [only] = children;
  const code = children.length === 1 && typeof only === 'object' && only.tag === 'code' ? only : undefined;
  const language = /(?:^|\s)language-([\w+#.-]+)/.exec(code?.attributes.get('class') ?? '')?.[1];
  const pre = textOf(code?.children ?? children).replace(/\n$/, '');
  return language === undefined ? { pre } : { pre, lang: language };
}

/** Inlines of one paragraph: spaces at its edges gone, those that do not break turned into ordinary ones. */
function paragraph(nodes: readonly HtmlNode[], names: RemoteNames): Inline[] {
  const inlines = normalInlines(inlinesOf(nodes, names));
  const first = inlines[0];
  if (typeof first === 'string' && first !== 'br') inlines.splice(0, 1, ...textInline(first.replace(/^ +/, '')));
  const last = inlines.at(-1);
  if (typeof last === 'string' && last !== 'br') inlines.splice(-1, 1, ...textInline(last.replace(/ +$/, '')));
  return normalInlines(inlines.map(ordinarySpaces));
}

function ordinarySpaces(inline: Inline): Inline {
  if (typeof inline === 'string') return inline.replaceAll('\u00a0', ' ');
  const within = (inner: readonly Inline[]): Inline[] => inner.map(ordinarySpaces);
  if ('b' in inline) return { b: within(inline.b) };
  if ('i' in inline) return { i: within(inline.i) };
  if ('u' in inline) return { u: within(inline.u) };
  if ('s' in inline) return { s: within(inline.s) };
  if ('link' in inline) return { link: inline.link, text: within(inline.text) };
  if ('color' in inline) return { ...inline, text: within(inline.text) };
  if ('spoiler' in inline) return { ...inline, spoiler: within(inline.spoiler) };
  if ('mention' in inline || 'chat' in inline) return { ...inline, label: inline.label.replaceAll('\u00a0', ' ') };
  return inline;
}

function inlinesOf(nodes: readonly HtmlNode[], names: RemoteNames): Inline[] {
  return nodes.flatMap((node): Inline[] => {
    if (typeof node !== 'string') return inlineOf(node, names);
    return textInline(unescapeHtml(node.replace(/[ \t\n\r\f]+/g, ' ')));
  });
}

function inlineOf(node: Exclude<HtmlNode, string>, names: RemoteNames): Inline[] {
  const { tag, attributes, children } = node;
  const inner = (): Inline[] => inlinesOf(children, names);
  switch (tag) {
    case 'br':
      return ['br'];
    case 'b':
    case 'strong':
      return [{ b: inner() }];
    case 'i':
    case 'em':
      return [{ i: inner() }];
    case 'u':
    case 'ins':
      return [{ u: inner() }];
    case 's':
    case 'del':
    case 'strike':
      return [{ s: inner() }];
    case 'code':
    case 'tt':
      return [{ code: textOf(children) }];
    case 'a':
      return [linkOf(attributes.get('href'), inner(), textOf(children), names)].flat();
    case 'img':
      return attributes.has('data-mx-emoticon')
        ? [{ emoji: attributes.get('alt') ?? attributes.get('title') ?? '' }]
        : [attributes.get('alt') ?? ''];
    case 'span':
    case 'font':
      return spanOf(attributes, inner());
    default:
      // Blocks inside inline elements, and tags we do not know: their content, apart from what follows.
      return /^(p|div|li|tr|blockquote|h[1-6]|ul|ol|pre)$/.test(tag) ? [...inner(), 'br'] : inner();
  }
}

function linkOf(href: string | undefined, text: Inline[], label: string, names: RemoteNames): Inline | Inline[] {
  if (href === undefined) return text;
  const id = matrixIdOf(href);
  if (id?.startsWith('@')) {
    const user = names.userOf(id);
    return user === undefined ? text : { mention: user, label };
  }
  const chat = id === undefined ? undefined : names.chatOf(id);
  return chat === undefined ? { link: href, text: normalInlines(text) } : { chat, label };
}

function matrixIdOf(href: string): string | undefined {
  try {
    const web = MATRIX_TO.exec(href)?.[1];
    if (web !== undefined) return decodeURIComponent(web);
    const uri = MATRIX_URI.exec(href);
    if (!uri) return undefined;
    const sigil = { u: '@', r: '#', roomid: '!' }[uri[1] ?? 'u'] ?? '@';
    return sigil + decodeURIComponent(uri[2] ?? '');
  } catch {
    // A broken escape: an ordinary link.
    return undefined;
  }
}

function spanOf(attributes: ReadonlyMap<string, string>, inner: Inline[]): Inline[] {
  const why = attributes.get('data-mx-spoiler');
  const color = attributes.get('data-mx-color') ?? attributes.get('color');
  const bg = attributes.get('data-mx-bg-color');
  let out = inner;
  if (color !== undefined) out = [{ color, ...(bg === undefined ? {} : { bg }), text: out }];
  if (why !== undefined) out = [why === '' ? { spoiler: out } : { spoiler: out, why }];
  return out;
}
