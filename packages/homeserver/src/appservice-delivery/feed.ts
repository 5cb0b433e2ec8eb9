// What waits for one application service, in the order of the stream: events, receipts, messages to its devices, changed device lists;
// and the changes of interest that must be written together with the cursor that passes them. Everything that has a position is one
// queue, so one cursor is enough for all kinds, and a room key comes no later than the events it opens. Typing and presence have no
// position: the latest of each room and user is kept, goes with the next transaction, and is gone after a restart while it waits.
// Bounded: a full feed is not read for any further; it catches up by itself later (follow-stream.ts).

import type { Appservice } from '../appservices/registry.ts';
import { compileFilter, type EventFilter } from './filter-events.ts';
import type { Met } from './met-users.ts';
import type { StreamEvent } from './read-stream.ts';

/** An event that waits. */
export interface WaitingEvent extends Omit<StreamEvent, 'text'> {
  readonly kind: 'event';
  readonly text: string;
  readonly bytes: number;
  /** Monotonic milliseconds of its reading: an old text is read again before it is frozen, a redaction may have come. */
  readonly readAtMs: number;
  /** Something in its room was redacted since. */
  readonly outdated?: boolean;
  /** Whom the application service's users meet by it, for one that encrypts; undefined: not known, or nobody. */
  readonly met?: Met;
}

/** An event as it waits, with its text. */
export function waitingEvent(event: StreamEvent, text: string, readAtMs: number): WaitingEvent {
  return { ...event, kind: 'event', text, bytes: Buffer.byteLength(text), readAtMs };
}

/** Something else that waits. */
export interface WaitingExtra {
  readonly kind: 'ephemeral' | 'toDevice' | 'deviceList';
  readonly position: number;
  /** Of ephemeral data of one key only the latest is sent. */
  readonly key: string;
  /** Whose it is: who reads, who is to get the message, whose devices changed. */
  readonly userId: string;
  /** To which device. */
  readonly deviceId?: string;
  /** Of device lists: those of everybody in this room, should it be encrypted, instead of a user's. */
  readonly roomNid?: number;
  /** At its position is an event that is not sent, so there is nothing to be read again by it. */
  readonly isUnsent?: boolean;
  /** Its JSON; '' for a device list, which is told by its user. */
  readonly text: string;
  readonly bytes: number;
  readonly readAtMs: number;
  /** Milliseconds since 1970: from then on it is not sent any more, unless it is frozen. */
  readonly expiresTs?: number;
}

/** One thing that waits. */
export type WaitingItem = WaitingEvent | WaitingExtra;

/** Something without a position: its key, its JSON. */
export type Passing = readonly [key: string, text: string];

/** A change of interest that no written cursor has passed. */
interface CountChange {
  readonly position: number;
  readonly roomNid: number;
  readonly members: number;
}

/** Of each kind. More than one transaction's worth, so that the next is ready when one is acknowledged. */
export const waitingItemsMax = 200;
export const waitingBytesMax = 2_097_152;
/** Rooms with typing and users with presence to tell of; beyond that the oldest go. */
export const passingMax = 100;

/** The queue of one application service. */
export class Feed {
  readonly appservice: Appservice;
  /** undefined: everything of interest is sent. */
  readonly filter: EventFilter | undefined;
  /** Everything up to here has been looked at. */
  readPosition: number;
  /** Interest is counted up to here in the table: joins before it are not counted again. */
  countedAt: number;
  /** Read together with the others at the head of the stream. */
  atHead = false;
  items: WaitingItem[] = [];
  #bytes = 0;
  readonly #ofKind: Record<WaitingItem['kind'], number> = { event: 0, ephemeral: 0, toDevice: 0, deviceList: 0 };
  #changes: CountChange[] = [];
  readonly #unwritten = new Map<number, number>();
  readonly #passing = new Map<string, string>();

  constructor(appservice: Appservice, position: number, countedAt: number) {
    this.appservice = appservice;
    this.filter = compileFilter(appservice);
    this.readPosition = position;
    this.countedAt = countedAt;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get isFull(): boolean {
    return this.#mostOfKind() >= waitingItemsMax || this.#bytes >= waitingBytesMax;
  }

  /** Room enough for another page. */
  get hasRoom(): boolean {
    return this.#mostOfKind() <= waitingItemsMax / 2 && this.#bytes <= waitingBytesMax / 2;
  }

  #mostOfKind(): number {
    const { event, ephemeral, toDevice, deviceList } = this.#ofKind;
    return Math.max(event, ephemeral, toDevice, deviceList);
  }

  get isEmpty(): boolean {
    return this.items.length === 0 && this.#passing.size === 0;
  }

  get wantsEphemeral(): boolean {
    const { receiveEphemeral, pushEphemeral } = this.appservice.registration;
    return receiveEphemeral || pushEphemeral;
  }

  /** Device lists and key counts. */
  get wantsDevices(): boolean {
    return this.appservice.registration.deviceExtensions;
  }

  push(item: WaitingItem): void {
    this.items.push(item);
    this.#count(item, 1);
  }

  /** Something in this room was redacted: what waits of it is read again before it is frozen. */
  outdate(roomNid: number): void {
    if (!this.items.some((item) => item.kind === 'event' && item.roomNid === roomNid)) return;
    this.items = this.items.map((item) =>
      item.kind === 'event' && item.roomNid === roomNid ? { ...item, outdated: true } : item,
    );
  }

  /** Takes away the first ones, once they are frozen. */
  take(count: number): void {
    for (const item of this.items.splice(0, count)) this.#count(item, -1);
  }

  /** Takes away those that are not to be sent any more. @returns them */
  drop(isDropped: (item: WaitingItem) => boolean): readonly WaitingItem[] {
    const dropped = this.items.filter(isDropped);
    if (dropped.length === 0) return dropped;
    for (const item of dropped) this.#count(item, -1);
    this.items = this.items.filter((item) => !isDropped(item));
    return dropped;
  }

  #count({ kind, bytes }: WaitingItem, by: 1 | -1): void {
    this.#ofKind[kind] += by;
    this.#bytes += by * bytes;
  }

  /** Ephemeral data waits. */
  get hasEphemeral(): boolean {
    return this.#ofKind.ephemeral > 0;
  }

  /** Events that wait. */
  get events(): number {
    return this.#ofKind.event;
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

  /** Rooms whose count the table does not have yet. */
  unwrittenRooms(): Iterable<number> {
    return this.#unwritten.keys();
  }

  /** Typing of a room, presence of a user: of the same key only the latest is kept. */
  putPassing(key: string, text: string): void {
    this.#passing.delete(key);
    this.#passing.set(key, text);
    const [oldest] = this.#passing.keys();
    if (this.#passing.size > passingMax && oldest !== undefined) this.#passing.delete(oldest);
  }

  passing(): Passing[] {
    return [...this.#passing];
  }

  /** These are frozen; what came meanwhile stays. */
  passingTaken(taken: readonly Passing[]): void {
    for (const [key, text] of taken) if (this.#passing.get(key) === text) this.#passing.delete(key);
  }
}
