// Which nicks on the network are the bridge's own, as the listener should believe it. Two sources tell of a connection's end, in any
// order: the connection itself, and the QUIT (or NICK) that the listener hears. Between the two the nick is still ours; after both,
// whoever has it is somebody else. So for each nick the ends told by connections are weighed against the departures heard.

import type { LoginId, UserId } from '@pons/appservice-sdk/bridge';
import type { Clock } from './platform/clock.ts';

/** A departure that the listener cannot hear, for want of a common channel, is taken as heard after this. */
const LINGER_MS = 120_000;

interface Own {
  login: LoginId;
  /** Who it is for the kit. */
  user: UserId;
  /** Whether a connection has the nick, as far as it knows. */
  live: boolean;
  /** Ends told by connections minus departures heard. */
  unheard: number;
  cancel: (() => void) | null;
}

/** The bridge's nicks on one network. */
export class OwnNicks {
  readonly #clock: Clock;
  readonly #fold: (nick: string) => string;
  readonly #nicks = new Map<string, Own>();

  constructor(clock: Clock, fold: (nick: string) => string) {
    this.#clock = clock;
    this.#fold = fold;
  }

  /** A connection of ours has this nick now. */
  hold(nick: string, login: LoginId, user: UserId): void {
    const before = this.#nicks.get(this.#fold(nick));
    const { unheard = 0, cancel = null } = before ?? {};
    // A departure heard of a connection that had not noticed yet does not count against the next one.
    this.#nicks.set(this.#fold(nick), { login, user, live: true, unheard: Math.max(0, unheard), cancel });
  }

  /** The connection of this login has the nick no more. */
  release(nick: string, login: LoginId): void {
    const key = this.#fold(nick);
    const own = this.#nicks.get(key);
    if (own === undefined || own.login !== login || !own.live) return;
    own.live = false;
    own.unheard += 1;
    own.cancel?.();
    own.cancel = this.#clock.after(LINGER_MS, () => {
      own.unheard = Math.min(0, own.unheard);
      this.#tidy(key);
    });
    this.#tidy(key);
  }

  /** The listener heard the nick quit. */
  gone(nick: string): void {
    const own = this.#nicks.get(this.#fold(nick));
    if (own === undefined) return;
    own.unheard -= 1;
    this.#tidy(this.#fold(nick));
  }

  /** The listener heard one of our nicks change; the connection may not have heard it yet. */
  renamed(was: string, now: string): void {
    const own = this.#nicks.get(this.#fold(was));
    if (own === undefined || this.#fold(was) === this.#fold(now)) return;
    if (!this.has(now)) this.hold(now, own.login, own.user);
    this.gone(was);
  }

  /** The listener missed what happened while it was away: its next list of names tells who is there. */
  forgetDepartures(): void {
    for (const [key, own] of this.#nicks) {
      own.unheard = 0;
      this.#tidy(key);
    }
  }

  /** Whether the nick is one of the bridge's own. */
  has(nick: string): boolean {
    return this.userOf(nick) !== undefined;
  }

  /** The kit's id of whoever of ours has this nick; undefined when it is not ours. */
  userOf(nick: string): UserId | undefined {
    const own = this.#nicks.get(this.#fold(nick));
    if (own === undefined) return undefined;
    return (own.live ? own.unheard >= 0 : own.unheard > 0) ? own.user : undefined;
  }

  /** The nick that a user of ours has now, folded. */
  nickOf(user: UserId): string | undefined {
    for (const [nick, own] of this.#nicks) if (own.user === user && own.live && own.unheard >= 0) return nick;
    return undefined;
  }

  #tidy(key: string): void {
    const own = this.#nicks.get(key);
    if (own === undefined || own.live || own.unheard > 0) return;
    own.cancel?.();
    this.#nicks.delete(key);
  }
}
