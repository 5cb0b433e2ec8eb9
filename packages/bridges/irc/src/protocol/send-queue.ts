// Lines that wait for the network's flood control. A token bucket: a burst at once, then so many a second, because servers
// kill a connection that sends faster ("Excess Flood"). Answers to PING and the words of registration go past the queue, but servers
// count them too: they take their tokens afterwards.
// The queue is bounded and its length visible: whoever offers a line to a full one is told.

import type { Clock } from '../platform/clock.ts';

/** How fast a network lets one connection send. */
export interface FloodLimits {
  /** Lines that may go at once after a silence. */
  burst: number;
  linesPerSecond: number;
}

/** What becomes of a line: `flushed` when the system took it, `lost` when the connection ended before. */
export type Sent = 'flushed' | 'lost';

/** Lines held for one connection; a longer backlog than this would take minutes to send. */
export const QUEUE_LINES_MAX = 1000;

interface Waiting {
  line: string;
  cost: number;
  done: (sent: Sent) => void;
}

/** A queue for one connection; `write` is called with one line at a time and calls back once it was flushed. */
export class SendQueue {
  readonly #clock: Clock;
  readonly #limits: FloodLimits;
  readonly #write: (line: string, flushed: () => void) => void;
  #waiting: Waiting[] = [];
  #unflushed = new Set<(sent: Sent) => void>();
  #tokens: number;
  #countedAt: number;
  #cancelTimer: (() => void) | null = null;
  #open = true;

  constructor(clock: Clock, limits: FloodLimits, write: (line: string, flushed: () => void) => void) {
    this.#clock = clock;
    this.#limits = limits;
    this.#write = write;
    this.#tokens = limits.burst;
    this.#countedAt = clock.now();
  }

  /** Lines that wait for a token. */
  get length(): number {
    return this.#waiting.length;
  }

  /**
   * Sends the line when its turn comes; `null` when the queue is full and the line was not taken.
   *
   * @param cost tokens that it takes: servers count some commands for several
   */
  offer(line: string, cost = 1): Promise<Sent> | null {
    if (!this.#open) return Promise.resolve('lost');
    if (this.#waiting.length >= QUEUE_LINES_MAX) return null;
    const sent = new Promise<Sent>((resolve) => this.#waiting.push({ line, cost, done: resolve }));
    this.#drain();
    return sent;
  }

  /** Sends the line before all others and without a token: PONG, QUIT, registration. */
  urgent(line: string): Promise<Sent> {
    if (!this.#open) return Promise.resolve('lost');
    this.#refill();
    // Bounded, so that a server which sends nothing but PINGs cannot keep us silent for long.
    this.#tokens = Math.max(-this.#limits.burst, this.#tokens - 1);
    return new Promise<Sent>((resolve) => this.#send(line, resolve));
  }

  /** Forgets what waits; every line not yet flushed is lost. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#cancelTimer?.();
    const lost = [...this.#unflushed, ...this.#waiting.map((each) => each.done)];
    this.#waiting = [];
    this.#unflushed.clear();
    for (const done of lost) done('lost');
  }

  #drain(): void {
    this.#refill();
    while (this.#open) {
      const next = this.#waiting[0];
      if (next === undefined || this.#tokens < this.#priceOf(next)) break;
      this.#waiting.shift();
      this.#tokens -= this.#priceOf(next);
      this.#send(next.line, next.done);
    }
    const next = this.#waiting[0];
    if (!this.#open || next === undefined || this.#cancelTimer !== null) return;
    const missing = this.#priceOf(next) - this.#tokens;
    const waitMs = Math.max(1, Math.ceil((missing * 1000) / this.#limits.linesPerSecond));
    this.#cancelTimer = this.#clock.after(waitMs, () => {
      this.#cancelTimer = null;
      this.#drain();
    });
  }

  /** A line dearer than a whole burst would never go. */
  #priceOf(waiting: Waiting): number {
    return Math.min(waiting.cost, this.#limits.burst);
  }

  #refill(): void {
    const now = this.#clock.now();
    // A clock that was set back gives nothing and takes nothing.
    const elapsedMs = Math.max(0, now - this.#countedAt);
    this.#countedAt = now;
    this.#tokens = Math.min(this.#limits.burst, this.#tokens + (elapsedMs * this.#limits.linesPerSecond) / 1000);
  }

  #send(line: string, done: (sent: Sent) => void): void {
    this.#unflushed.add(done);
    this.#write(line, () => {
      if (this.#unflushed.delete(done)) done('flushed');
    });
  }
}
