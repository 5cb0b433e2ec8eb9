// The message tree as Matrix's HTML. Everything that came from a network is escaped; links keep only schemes that open something
// harmless; colours only real ones. What nesting is too deep becomes plain text. html-to-ast.ts reads the result back unchanged.
// https://spec.matrix.org/v1.19/client-server-api/#mroommessage-msgtypes

import { plainBlocks, plainInlines } from './define-network.ts';
import { DEPTH_MAX } from './message-ast.ts';
import type { Block, Chat, Inline, UserId } from './network.ts';

/** How people and chats of the network are called in Matrix. */
export interface MatrixNames {
  /** The Matrix id of a remote user: a ghost, or whoever is logged in as them. */
  mxidOf(user: UserId): string | undefined;
  /** Room id or alias of a chat. */
  roomOf(chat: Chat): string | undefined;
}

/** A tree as HTML, with whom it mentions. */
export interface HtmlMessage {
  readonly html: string;
  /** Whether the HTML says more than the plain text. */
  readonly formatted: boolean;
  readonly mentions: { readonly user_ids?: string[]; readonly room?: true };
}

interface State {
  readonly names: MatrixNames;
  readonly users: Set<string>;
  room: boolean;
  formatted: boolean;
}

const SAFE_LINK = /^(https?|ftp|mailto|magnet|matrix|tel|xmpp|ircs?|geo):/i;
const COLOR = /^#[0-9a-f]{6}$/i;

/** The blocks as HTML. */
export function astToHtml(blocks: readonly Block[], names: MatrixNames): HtmlMessage {
  const state: State = { names, users: new Set(), room: false, formatted: blocks.some((block) => !('p' in block)) };
  const html = blocksHtml(blocks, state, 0);
  const mentions = {
    ...(state.users.size > 0 ? { user_ids: [...state.users] } : {}),
    ...(state.room ? { room: true as const } : {}),
  };
  return { html, formatted: state.formatted, mentions };
}

/** Text with everything escaped that HTML would take for its own, runs of spaces and line breaks kept. */
export function escapeHtml(text: string): string {
  return text
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;')
    .replace(/\r\n|\r|\n/g, '<br/>')
    .replace(/ {2,}/g, (run) => '&nbsp;'.repeat(run.length - 1) + ' ');
}

function blocksHtml(blocks: readonly Block[], state: State, depth: number): string {
  const [only] = blocks;
  if (blocks.length === 1 && only && 'p' in only) return paragraph(only.p, state, depth);
  return blocks.map((block) => blockHtml(block, state, depth)).join('');
}

function blockHtml(block: Block, state: State, depth: number): string {
  if (depth > DEPTH_MAX) return `<p>${escapeHtml(plainBlocks([block]))}</p>`;
  if ('p' in block) return `<p>${paragraph(block.p, state, depth)}</p>`;
  if ('quote' in block) return `<blockquote>${blocksHtml(block.quote, state, depth + 1)}</blockquote>`;
  if ('hr' in block) return '<hr/>';
  if ('heading' in block) {
    const tag = `h${Math.min(6, Math.max(1, Math.trunc(block.level) || 1))}`;
    return `<${tag}>${paragraph(block.heading, state, depth)}</${tag}>`;
  }
  if ('pre' in block) {
    const language =
      block.lang !== undefined && /^[\w+#.-]+$/.test(block.lang) ? ` class="language-${block.lang}"` : '';
    return `<pre><code${language}>${escapeCode(block.pre)}\n</code></pre>`;
  }
  const items = block.list.map((item) => `<li>${blocksHtml(item, state, depth + 1)}</li>`).join('');
  if (block.from === undefined) return `<ul>${items}</ul>`;
  return block.from === 1 ? `<ol>${items}</ol>` : `<ol start="${Math.trunc(block.from)}">${items}</ol>`;
}

/** Spaces at a paragraph's edges would not be seen, unless they are of the kind that does not break. */
function paragraph(inlines: readonly Inline[], state: State, depth: number): string {
  return inlinesHtml(inlines, state, depth).replace(/^ | $/g, '&nbsp;');
}

function inlinesHtml(inlines: readonly Inline[], state: State, depth: number): string {
  return inlines.map((inline) => inlineHtml(inline, state, depth)).join('');
}

function inlineHtml(inline: Inline, state: State, depth: number): string {
  if (inline === 'br') return '<br/>';
  if (typeof inline === 'string') return escapeHtml(inline);
  if ('mention' in inline) return mentionHtml(inline, state);
  if ('emoji' in inline) return escapeHtml(inline.emoji);
  state.formatted = true;
  if (depth > DEPTH_MAX) return escapeHtml(plainInlines([inline]));
  const inner = (inlines: readonly Inline[]): string => inlinesHtml(inlines, state, depth + 1);
  if ('b' in inline) return `<strong>${inner(inline.b)}</strong>`;
  if ('i' in inline) return `<em>${inner(inline.i)}</em>`;
  if ('u' in inline) return `<u>${inner(inline.u)}</u>`;
  if ('s' in inline) return `<del>${inner(inline.s)}</del>`;
  if ('code' in inline) return `<code>${escapeCode(inline.code)}</code>`;
  if ('link' in inline) {
    const label = inline.text.length === 0 ? escapeHtml(inline.link) : inner(inline.text);
    return SAFE_LINK.test(inline.link) ? `<a href="${escapeCode(inline.link)}">${label}</a>` : label;
  }
  if ('chat' in inline) {
    const room = state.names.roomOf(inline.chat);
    return room === undefined ? escapeHtml(inline.label) : matrixTo(room, inline.label);
  }
  if ('color' in inline) {
    const attributes = [
      COLOR.test(inline.color) ? ` data-mx-color="${inline.color}"` : '',
      inline.bg !== undefined && COLOR.test(inline.bg) ? ` data-mx-bg-color="${inline.bg}"` : '',
    ].join('');
    return attributes === '' ? inner(inline.text) : `<span${attributes}>${inner(inline.text)}</span>`;
  }
  const why = inline.why === undefined ? '' : `="${escapeCode(inline.why)}"`;
  return `<span data-mx-spoiler${why}>${inner(inline.spoiler)}</span>`;
}

function mentionHtml(inline: { mention: string; label: string }, state: State): string {
  if (inline.mention === 'room') {
    state.room = true;
    return escapeHtml(inline.label);
  }
  const mxid = state.names.mxidOf(inline.mention);
  if (mxid === undefined) return escapeHtml(inline.label);
  state.users.add(mxid);
  state.formatted = true;
  return matrixTo(mxid, inline.label);
}

function matrixTo(id: string, label: string): string {
  return `<a href="https://matrix.to/#/${encodeURIComponent(id)}">${escapeHtml(label)}</a>`;
}

/** As escapeHtml, with spaces and line breaks as they are: for attributes and code. */
function escapeCode(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
}
