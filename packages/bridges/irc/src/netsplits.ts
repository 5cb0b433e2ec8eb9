// People who seem to quit because two servers of the network lost each other. Most are back within minutes, and a room that a thousand
// ghosts leave and join is of no use to anybody: their leaving is told only when they have stayed away. Used by from-irc.ts.

import type { Chat, RemoteEvent } from '@pons/appservice-sdk/bridge';
import type { Clock } from './platform/clock.ts';

type Left = Extract<RemoteEvent, { t: 'member' }>;

/** How long somebody may be away before it is told. */
export const SPLIT_WAIT_MS = 600_000;
/** People held back at once; of more the leaving is told at once. */
const HELD_MAX = 20_000;

/** Whether a reason for quitting is that of a netsplit: the names of two servers and nothing else. */
export function isNetsplit(reason: string): boolean {
  return /^[A-Za-z0-9*-]+(?:\.[A-Za-z0-9*-]+)+ [A-Za-z0-9*-]+(?:\.[A-Za-z0-9*-]+)+$/.test(reason);
}

/** The people of one network who are split off. */
export class Netsplits {
  readonly #clock: Clock;
  readonly #tell: (event: RemoteEvent) => void;
  readonly #held = new Map<string, { left: Left; tellAt: number }>();
  #cancel: (() => void) | null = null;

  constructor(clock: Clock, tell: (event: RemoteEvent) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  /** Holds a leaving back; false when it is to be told now. */
  hold(left: Left): boolean {
    if (this.#held.size >= HELD_MAX) return false;
    this.#held.set(keyOf(left.chat, left.user), { left, tellAt: this.#clock.now() + SPLIT_WAIT_MS });
    this.#cancel ??= this.#clock.after(SPLIT_WAIT_MS, () => this.#tellDue());
    return true;
  }

  /** Somebody joins; true when nobody was told that they had left. */
  back(chat: Chat, user: string): boolean {
    return this.#held.delete(keyOf(chat, user));
  }

  /** A whole list of members is told: it says everything that was held back. */
  forget(chat: Chat): void {
    for (const [key, { left }] of this.#held) if (left.chat === chat) this.#held.delete(key);
  }

  /** The listener is gone: what it held back, its next list of names will tell. */
  close(): void {
    this.#cancel?.();
    this.#held.clear();
  }

  #tellDue(): void {
    this.#cancel = null;
    const now = this.#clock.now();
    for (const [key, { left, tellAt }] of this.#held) {
      if (tellAt > now) {
        this.#cancel = this.#clock.after(tellAt - now, () => this.#tellDue());
        return;
      }
      this.#held.delete(key);
      this.#tell(left);
    }
  }
}

function keyOf(chat: Chat, user: string): string {
  return JSON.stringify([chat, user]);
}
