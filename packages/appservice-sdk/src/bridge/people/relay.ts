// Relaying: what somebody without a login says goes out through the listener, with their name in front so that the other side knows.

import { textInline } from '../message-ast.ts';
import type { Block, Inline, Media, Message, Part } from '../network.ts';

/** The message with its speaker's name in front of each part's text. */
export function relayed<M extends Media>(message: Message<M>, name: string): Message<M> {
  const parts = message.parts.map((part, index): Part<M> => {
    if (!part.blocks && !part.media) return part;
    if (index > 0 && !part.blocks) return part;
    const emote = part.style === 'emote';
    const label: Inline[] = emote ? ['* ', { b: textInline(name) }, ' '] : [{ b: textInline(name) }, ': '];
    return { ...part, ...(emote ? { style: 'text' as const } : {}), blocks: withLabel(part.blocks ?? [], label) };
  });
  return { ...message, parts };
}

function withLabel(blocks: readonly Block[], label: readonly Inline[]): Block[] {
  const [first, ...rest] = blocks;
  if (first && 'p' in first) return [{ p: [...label, ...first.p] }, ...rest];
  return [{ p: [...label] }, ...blocks];
}
