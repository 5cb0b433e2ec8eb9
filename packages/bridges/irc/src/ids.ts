// How channels, people and messages of IRC are called in the bridge's store, and so in Matrix ids: channels and nicks by their folded
// form, so that two spellings of one name are one room and one ghost. A mapping from names to ids that merged two channels has let
// people into rooms they had no business in: what is not a channel's name never becomes an id.

import { createHash } from 'node:crypto';
import type { Chat, LoginId, MsgId, UserId } from '@pons/appservice-sdk/bridge';
import { fold } from './protocol/casemapping.ts';
import { isChannel, type Isupport } from './protocol/isupport.ts';
import { isControl } from './text/style.ts';

/** A channel as a chat: shared, without a receiver. */
export type ChannelId = Extract<Chat, string>;

/** The id of a nick. */
export function userIdOf(nick: string, features: Isupport): UserId {
  return fold(nick, features.casemapping);
}

/** The id of a channel, the same for every spelling. */
export function channelIdOf(channel: string, features: Isupport): ChannelId {
  return fold(channel, features.casemapping);
}

/** The private chat of one login with one person. */
export function privateChatOf(user: string, receiver: LoginId): Chat {
  return { id: user, receiver };
}

/** The id of a chat without its receiver: a folded channel or nick, which is what messages are sent to. */
export function targetOf(chat: Chat): string {
  return typeof chat === 'string' ? chat : chat.id;
}

/**
 * Whether a text is the name of exactly one channel.
 * A comma would make it two; spaces, control characters and U+0007 end it.
 */
export function isChannelName(text: string, features: Isupport): boolean {
  const sane = text.length > 1 && text.length <= features.channelLength && isChannel(text, features);
  return sane && !Array.from(text).some((letter) => letter === ' ' || letter === ',' || isControl(letter));
}

/** The id of a message that the server gave an id. */
export function messageIdOf(msgid: string): MsgId {
  return `id:${msgid}`;
}

/** The server's own id inside a message id; undefined for one that we made. */
export function msgidIn(id: MsgId): string | undefined {
  return id.startsWith('id:') ? id.slice(3) : undefined;
}

/** Messages of the same moment whose repetitions are counted. */
const COUNTED_MAX = 256;

/** Makes ids for messages of servers that give none: the same for the same message, however often it is seen in order. */
export class MessageIds {
  readonly #seen = new Map<string, number>();

  /**
   * @param at    server's time in ms since 1970
   * @param parts what tells the message from others: nick, target, command, text
   */
  next(at: number, parts: readonly string[]): MsgId {
    const hash = createHash('sha256')
      .update(JSON.stringify([at, ...parts]))
      .digest('base64url')
      .slice(0, 16);
    const count = this.#seen.get(hash) ?? 0;
    this.#seen.delete(hash);
    this.#seen.set(hash, count + 1);
    const oldest = this.#seen.keys().next();
    if (this.#seen.size > COUNTED_MAX && !oldest.done) this.#seen.delete(oldest.value);
    return `at:${at.toString(36)}-${hash}${count === 0 ? '' : `-${count}`}`;
  }
}
