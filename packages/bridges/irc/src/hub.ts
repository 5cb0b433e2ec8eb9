// What the logins of one network know together: whose nicks are the bridge's own, what the listener has heard of them, and who said
// which message. It keeps the listener from repeating what came from Matrix, proves that a message arrived whose own connection
// broke, and says whom a reply answers. Everything is bounded and for this process only: the kit's store remembers the rest.

import type { Chat, MsgId } from '@pons/appservice-sdk/bridge';
import { ChannelBook } from './chat-info.ts';
import { targetOf } from './ids.ts';
import { OwnNicks } from './own-nicks.ts';
import type { Clock } from './platform/clock.ts';
import { fold } from './protocol/casemapping.ts';
import type { Isupport } from './protocol/isupport.ts';

/** Messages of our own that the listener heard, and messages whose sender is known. */
const HEARD_MAX = 500;
const REMEMBERED_MAX = 2_000;

/** A message of one of our own connections, as the listener heard it. */
interface Heard {
  nick: string;
  target: string;
  text: string;
}

/** A message that passed through this bridge. */
export interface Remembered {
  /** The nick that said it. */
  nick: string;
  /** Its lines as they stood on IRC; only of messages from Matrix, which may be edited. */
  text?: string;
}

/** One network's shared knowledge. */
export class Hub {
  readonly book = new ChannelBook();
  readonly own: OwnNicks;
  /** Nobody connects before this moment (ms since 1970): the network has banned or throttled us. */
  retryAt = 0;
  /** Whether a connection has told what the network is like. */
  known = false;
  readonly #clock: Clock;
  #heard: Heard[] = [];
  readonly #awaited = new Set<() => void>();
  readonly #remembered = new Map<string, Remembered>();

  constructor(clock: Clock) {
    this.#clock = clock;
    this.own = new OwnNicks(clock, (nick) => this.#fold(nick));
  }

  /** The listener is on the network anew and knows its features. */
  learn(features: Isupport): void {
    this.book.clear();
    this.own.forgetDepartures();
    this.book.features = features;
    this.known = true;
  }

  /** The listener heard one of our own messages in a channel. */
  hear(nick: string, target: string, text: string): void {
    this.#heard.push({ nick: this.#fold(nick), target: this.#fold(target), text });
    if (this.#heard.length > HEARD_MAX) this.#heard.shift();
    for (const check of this.#awaited) check();
  }

  /** Whether the listener hears this message, has heard it, or does so within a time; each hearing counts once. */
  heard(message: Heard, withinMs: number): Promise<boolean> {
    const take = (): boolean => {
      const index = this.#heard.findIndex(
        (each) =>
          each.nick === this.#fold(message.nick) &&
          each.target === this.#fold(message.target) &&
          each.text === message.text,
      );
      if (index >= 0) this.#heard.splice(index, 1);
      return index >= 0;
    };
    if (take()) return Promise.resolve(true);
    return new Promise((resolve) => {
      const settle = (was: boolean): void => {
        this.#awaited.delete(check);
        cancel();
        resolve(was);
      };
      const check = (): void => {
        if (take()) settle(true);
      };
      const cancel = this.#clock.after(withinMs, () => settle(false));
      this.#awaited.add(check);
    });
  }

  /** Notes a message of a chat. */
  remember(chat: Chat, id: MsgId, message: Remembered): void {
    this.#remembered.set(keyOf(chat, id), message);
    const oldest = this.#remembered.keys().next();
    if (this.#remembered.size > REMEMBERED_MAX && !oldest.done) this.#remembered.delete(oldest.value);
  }

  /** A message of this chat, never of another one whatever its id. */
  recall(chat: Chat, id: MsgId): Remembered | undefined {
    return this.#remembered.get(keyOf(chat, id));
  }

  #fold(name: string): string {
    return fold(name, this.book.features.casemapping);
  }
}

function keyOf(chat: Chat, id: MsgId): string {
  return JSON.stringify([targetOf(chat), typeof chat === 'string' ? null : chat.receiver, id]);
}
