// The small pure functions a network's author starts from: the network itself, a message of plain text, and back.
// Called by connectors; nothing here knows Matrix.

import { linesInline } from './message-ast.ts';
import type { Block, Chat, Inline, Message, Network } from './network.ts';

/** A network, typed: `S` is what `connect` returns, `Cred` what a login keeps, `Cfg` what `config.parse` returns. */
export function defineNetwork<S, Cred, Cfg = unknown>(network: Network<S, Cred, Cfg>): Network<S, Cred, Cfg> {
  return network;
}

/** A message of one plain text; each line break becomes a `'br'`. */
export function text(s: string): Message {
  return { parts: [{ style: 'text', blocks: [{ p: linesInline(s) }] }] };
}

/** The readable text of a message: formatting dropped, links and media named, list items and quotes marked. */
export function plain(message: Message): string {
  return message.parts
    .map((part) => {
      const lines: string[] = [];
      if (part.blocks) lines.push(plainBlocks(part.blocks));
      if (part.media) lines.push(part.media.remote ? `${part.media.name} ${part.media.remote}` : part.media.name);
      if (part.location)
        lines.push(`${part.location.label ?? 'location'} geo:${part.location.lat},${part.location.lon}`);
      if (part.contact) lines.push(part.contact.name);
      if (part.poll)
        lines.push(part.poll.question, ...part.poll.options.map((option) => `- ${plainInlines(option.text)}`));
      return lines.join('\n');
    })
    .join('\n');
}

/** Whether two chats are the same one, the login they belong to included. */
export function sameChat(a: Chat, b: Chat): boolean {
  if (typeof a === 'string' || typeof b === 'string') return a === b;
  return a.id === b.id && a.receiver === b.receiver;
}

/** The readable text of blocks, one per line. */
export function plainBlocks(blocks: readonly Block[]): string {
  return blocks.map(plainBlock).join('\n');
}

/** The readable text of inlines. */
export function plainInlines(inlines: readonly Inline[]): string {
  return inlines.map(plainInline).join('');
}

function plainBlock(block: Block): string {
  if ('p' in block) return plainInlines(block.p);
  if ('quote' in block) return prefixLines(plainBlocks(block.quote), '> ', '> ');
  if ('pre' in block) return block.pre;
  if ('heading' in block) return plainInlines(block.heading);
  if ('hr' in block) return '---';
  return block.list
    .map((item, index) => {
      const mark = block.from === undefined ? '- ' : `${block.from + index}. `;
      return prefixLines(plainBlocks(item), mark, ' '.repeat(mark.length));
    })
    .join('\n');
}

function plainInline(inline: Inline): string {
  if (inline === 'br') return '\n';
  if (typeof inline === 'string') return inline;
  if ('b' in inline) return plainInlines(inline.b);
  if ('i' in inline) return plainInlines(inline.i);
  if ('u' in inline) return plainInlines(inline.u);
  if ('s' in inline) return plainInlines(inline.s);
  if ('code' in inline) return inline.code;
  if ('link' in inline) {
    const label = plainInlines(inline.text);
    return label === '' || label === inline.link ? inline.link : `${label} (${inline.link})`;
  }
  if ('mention' in inline) return inline.label;
  if ('chat' in inline) return inline.label;
  if ('emoji' in inline) return inline.emoji;
  if ('color' in inline) return plainInlines(inline.text);
  return plainInlines(inline.spoiler);
}

function prefixLines(lines: string, first: string, rest: string): string {
  return lines
    .split('\n')
    .map((line, index) => (index === 0 ? first : rest) + line)
    .join('\n');
}
