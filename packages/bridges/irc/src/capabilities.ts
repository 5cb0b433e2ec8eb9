// What this bridge tells the kit about IRC: how much fits, what can be formatted, what cannot be done at all.

import type { Limits } from '@pons/appservice-sdk/bridge';
import type { IrcConfig } from './config.ts';

/** Bytes that one piece of a message may take: far more than a line, because to-irc.ts makes the lines. */
const PIECE_BYTES_MAX = 16_384;

/** The limits of one network. A longer message is cut into pieces of so many lines, each sent and remembered by itself. */
export function limitsOf(cfg: IrcConfig): Partial<Limits> {
  return {
    text: { max: PIECE_BYTES_MAX, unit: 'bytes', lines: cfg.messages.maxLines, over: 'split' },
    format: ['b', 'i', 'u', 's', 'code', 'link', 'mention', 'color', 'spoiler'],
  };
}
