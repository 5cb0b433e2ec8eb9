// What waits for one application service: events in order, ephemeral data, and the changes of interest that must be written together
// with the cursor that passes them. Bounded: a full feed is not read for any further; it catches up by itself later (follow-stream.ts).

import type { Appservice } from '../appservices/registry.ts';
import type { JsonObject } from '@pons/spec';
import type { StreamEvent } from './read-stream.ts';

/** An event that waits. */
export interface WaitingEvent extends StreamEvent {
  readonly text: string;
  readonly bytes: number;
  /** Monotonic milliseconds of its reading: an old text is read again before it is frozen, a redaction may have come. */
  readonly readAtMs: number;
  /** Something in its room was redacted since. */
  readonly outdated?: boolean;
}

/** A change of interest that no written cursor has passed. */
interface CountChange {
  readonly position: number;
  readonly roomNid: number;
  readonly members: number;
}

/** More than one transaction's worth, so that the next is ready when one is acknowledged. */
export const waitingEventsMax = 200;
export const waitingBytesMax = 2_097_152;
/** Ephemeral items; beyond that the oldest go. */
export const waitingEphemeralMax = 100;

/** The queue of one application service. */
export class Feed {
  readonly appservice: Appservice;
  /** Everything up to here has been looked at. */
  readPosition: number;
  /** Interest is counted up to here in the table: joins before it are not counted again. */
  countedAt: number;
  /** Read together with the others at the head of the stream. */
  atHead = false;
  events: WaitingEvent[] = [];
  #bytes = 0;
  #changes: CountChange[] = [];
  readonly #unwritten = new Map<number, number>();
  readonly #ephemeral = new Map<string, JsonObject>();

  constructor(appservice: Appservice, position: number, countedAt: number) {
    this.appservice = appservice;
    this.readPosition = position;
    this.countedAt = countedAt;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get isFull(): boolean {
    return this.events.length >= waitingEventsMax || this.#bytes >= waitingBytesMax;
  }

  /** Room enough for another page. */
  get hasRoom(): boolean {
    return this.events.length <= waitingEventsMax / 2 && this.#bytes <= waitingBytesMax / 2;
  }

  get isEmpty(): boolean {
    return this.events.length === 0 && this.#ephemeral.size === 0;
  }

  push(event: WaitingEvent): void {
    this.events.push(event);
    this.#bytes += event.bytes;
  }

  /** Puts events before all that wait: those of a transaction that was split. */
  putBack(events: readonly WaitingEvent[]): void {
    this.events = [...events, ...this.events];
    for (const { bytes } of events) this.#bytes += bytes;
  }

  /** Something in this room was redacted: what waits of it is read again before it is frozen. */
  outdate(roomNid: number): void {
    this.events = this.events.map((event) => (event.roomNid === roomNid ? { ...event, outdated: true } : event));
  }

  /** Takes away the first events, once they are frozen. */
  take(count: number): void {
    for (const { bytes } of this.events.splice(0, count)) this.#bytes -= bytes;
  }

  noteCount(change: CountChange): void {
    this.#changes.push(change);
    this.#unwritten.set(change.roomNid, change.members);
  }

  /** Counts that a cursor at `position` passes, the last of each room. */
  countsUpTo(position: number): { roomNid: number; members: number }[] {
    const counts = new Map<number, number>();
    for (const change of this.#changes) if (change.position <= position) counts.set(change.roomNid, change.members);
    return [...counts].map(([roomNid, members]) => ({ roomNid, members }));
  }

  /** They are in the table now. */
  countsWritten(position: number): void {
    this.#changes = this.#changes.filter((change) => change.position > position);
    this.#unwritten.clear();
    for (const { roomNid, members } of this.#changes) this.#unwritten.set(roomNid, members);
  }

  unwrittenCount(roomNid: number): number | undefined {
    return this.#unwritten.get(roomNid);
  }

  /** Ephemeral data: of the same key only the latest is kept. */
  putEphemeral(key: string, item: JsonObject): void {
    this.#ephemeral.delete(key);
    this.#ephemeral.set(key, item);
    const [oldest] = this.#ephemeral.keys();
    if (this.#ephemeral.size > waitingEphemeralMax && oldest !== undefined) this.#ephemeral.delete(oldest);
  }

  ephemeral(): JsonObject[] {
    return [...this.#ephemeral.values()];
  }

  /** These are frozen; what came meanwhile stays. */
  ephemeralTaken(items: readonly JsonObject[]): void {
    const taken = new Set(items);
    for (const [key, item] of this.#ephemeral) if (taken.has(item)) this.#ephemeral.delete(key);
  }
}
