// Who is typing where: in memory only, each notice with its end. Changes are numbered, so that /sync can ask what changed; the numbers
// begin at the time of the start, so that a number of an earlier process is older than all of this one. Other processes of the
// server are told by the injected `publish` and tell us through `heard`; a notice that is lost ends by itself.
// https://spec.matrix.org/v1.19/client-server-api/#typing-notifications

import type { Clock, Timer } from '../platform/clock.ts';

/** A notice as processes tell it to each other. */
export interface TypingNotice {
  readonly roomNid: number;
  readonly userId: string;
  /** 0: has stopped. */
  readonly timeoutMs: number;
}

/** What typing needs of the house. */
export interface TypingParts {
  readonly clock: Clock;
  /** Tells the other processes of this server. */
  readonly publish: (notice: TypingNotice) => void;
}

const timeoutMsMax = 120_000;
/** Typing at once in one room; more are not noted. */
const typistsMax = 500;
/** Rooms noted; of those where nobody types any more the ones quiet for longest are forgotten. Some 200 bytes each. */
const roomsMax = 10_000;

interface RoomTyping {
  /** User → the timer that ends their notice. */
  readonly typists: Map<string, Timer>;
  serial: number;
}

/** The typing notices of one process. */
export class Typing {
  readonly #parts: TypingParts;
  readonly #rooms = new Map<number, RoomTyping>();
  readonly #listeners = new Set<(roomNid: number) => void>();
  #serial: number;

  constructor(parts: TypingParts) {
    this.#parts = parts;
    this.#serial = parts.clock.now();
  }

  /** Number of the latest change. */
  get serial(): number {
    return this.#serial;
  }

  /** Calls back after each change of a room. Returns the way to stop. */
  onChange(listener: (roomNid: number) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A local user types, or (0) has stopped. */
  set(notice: TypingNotice): void {
    this.heard(notice);
    this.#parts.publish(notice);
  }

  /** A notice of this or another process. */
  heard({ roomNid, userId, timeoutMs }: TypingNotice): void {
    const room = this.#rooms.get(roomNid) ?? { typists: new Map<string, Timer>(), serial: 0 };
    const timer = room.typists.get(userId);
    timer?.cancel();
    if (timeoutMs <= 0) {
      room.typists.delete(userId);
    } else if (timer !== undefined || room.typists.size < typistsMax) {
      const stop = () => this.heard({ roomNid, userId, timeoutMs: 0 });
      room.typists.set(userId, this.#parts.clock.setTimer(Math.min(timeoutMs, timeoutMsMax), stop));
    }
    // Typing on is no change.
    if (room.typists.has(userId) === (timer !== undefined)) return;
    this.#serial += 1;
    room.serial = this.#serial;
    this.#rooms.delete(roomNid);
    this.#rooms.set(roomNid, room);
    if (this.#rooms.size > roomsMax) this.#forgetOne();
    for (const listener of this.#listeners) listener(roomNid);
  }

  #forgetOne(): void {
    for (const [roomNid, { typists }] of this.#rooms)
      if (typists.size === 0) {
        this.#rooms.delete(roomNid);
        return;
      }
  }

  /** Who is typing in a room. */
  typistsIn(roomNid: number): string[] {
    return [...(this.#rooms.get(roomNid)?.typists.keys() ?? [])];
  }

  /** Whether the typists of a room changed after a number. */
  changedSince(roomNid: number, serial: number): boolean {
    return (this.#rooms.get(roomNid)?.serial ?? 0) > serial;
  }

  /** Ends all notices and their timers. */
  close(): void {
    for (const room of this.#rooms.values()) for (const timer of room.typists.values()) timer.cancel();
    this.#rooms.clear();
    this.#listeners.clear();
  }
}
