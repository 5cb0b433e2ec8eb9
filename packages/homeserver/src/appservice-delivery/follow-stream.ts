// Reads the stream once for all application services whose lease this process holds, and puts into each one's feed what concerns it.
//
//   stream   ─────────────●──────────────────────────────●─▶ end
//                         │                              └ feeds at the head: read together, row by row, decided by the index
//                         └ a feed that is full, or has just begun: catches up by itself, a piece at a time, in turn with the others
//
// A feed that is full is left behind and costs the others nothing. Interest is counted at the position of each feed's own reading, and
// the counts are written with the cursor that passes them (deliver.ts): a restart at any moment reads and counts the same again.
// All reading is one loop, so nothing here runs twice at once.

import type { JsonObject } from '@pons/spec';
import type { InterestIndex } from '../appservices/interest.ts';
import type { AppserviceRegistry } from '../appservices/registry.ts';
import type { Clock, Timer } from '../platform/clock.ts';
import type { Log } from '../platform/telemetry/log.ts';
import type { Feed } from './feed.ts';
import { readStream, type StreamEvent, type StreamPiece, type StreamReaderParts } from './read-stream.ts';

export interface FollowerParts extends StreamReaderParts {
  readonly index: InterestIndex;
  readonly registry: AppserviceRegistry;
  readonly clock: Clock;
  readonly log: Log;
  /** Something waits in this feed. */
  readonly onWaiting: (feed: Feed) => void;
}

/** Events read at a time: as many as a transaction takes. */
const pieceEventsMax = 100;
/** After an error of the database. */
const retryAfterMs = 1000;

/** The one reader of a process. */
export class StreamFollower {
  readonly #parts: FollowerParts;
  readonly #feeds = new Map<string, Feed>();
  #running: Promise<void> | undefined;
  #again = false;
  #mustLook = true;
  #grownTo = 0;
  #stopped = false;
  #retry: Timer | undefined;
  #turn = 0;

  constructor(parts: FollowerParts) {
    this.#parts = parts;
  }

  /** Begins to read for a feed, from where it stands. */
  add(feed: Feed): void {
    feed.atHead = false;
    this.#feeds.set(feed.appservice.id, feed);
    this.news();
  }

  /** A feed has room again. */
  drained(): void {
    this.#kick();
  }

  remove(appserviceId: string): void {
    this.#feeds.delete(appserviceId);
  }

  feeds(): Iterable<Feed> {
    return this.#feeds.values();
  }

  /**
   * The stream has grown: never waits, never loses a call.
   *
   * @param position  how far it has grown; without it the database is asked
   */
  news(position?: number): void {
    if (position === undefined) this.#mustLook = true;
    else this.#grownTo = Math.max(this.#grownTo, position);
    this.#kick();
  }

  #kick(): void {
    this.#again = true;
    if (this.#stopped || this.#running !== undefined) return;
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
      if (this.#again && this.#retry === undefined) this.#kick();
    });
  }

  /** Who types in a room now; sent to those who want ephemeral data and have an interest in the room. */
  async typing(roomNid: number, userIds: readonly string[]): Promise<void> {
    const { index } = this.#parts;
    if (!this.#anyWantsEphemeral()) return;
    await index.load([roomNid]);
    const item = { type: 'm.typing', room_id: index.roomId(roomNid), content: { user_ids: [...userIds] } };
    const wanted = new Set(
      ['', ...userIds].flatMap((sender) => [...index.of({ roomNid, type: item.type, sender, stateKey: null })]),
    );
    for (const id of wanted) {
      const feed = this.#feeds.get(id);
      if (feed === undefined || !wantsEphemeral(feed)) continue;
      feed.putEphemeral(`typing ${roomNid}`, item);
      this.#parts.onWaiting(feed);
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#retry?.cancel();
    await this.#running;
  }

  async #run(): Promise<void> {
    try {
      let more = true;
      while (!this.#stopped && (more || this.#again)) {
        this.#again = false;
        const ahead = await this.#readHead();
        const behind = await this.#catchUpOne();
        more = ahead || behind;
      }
    } catch (error) {
      // Whatever it was (the database, mostly), nothing has been taken out of the stream: the same piece is read again.
      this.#parts.log.warn({ err: error }, 'reading the stream for application services failed');
      this.#mustLook = true;
      this.#retry = this.#parts.clock.setTimer(retryAfterMs, () => {
        this.#retry = undefined;
        this.#kick();
      });
    }
  }

  async #readHead(): Promise<boolean> {
    const group = [...this.#feeds.values()].filter((feed) => feed.atHead);
    if (group.length === 0) return false;
    const after = Math.min(...group.map((feed) => feed.readPosition));
    const mustLook = this.#mustLook;
    this.#mustLook = false;
    const piece = await this.#read(after, mustLook || this.#grownTo > after);
    if (piece === undefined) return false;
    // Looking ends where the database has no more, not with a full page or with what memory had.
    if (mustLook && piece.more !== false) this.#mustLook = true;
    // Some may have been removed while we read; what is put into their feeds is of no consequence.
    this.#deal(piece, new Map(group.map((feed) => [feed.appservice.id, feed])));
    for (const feed of group) if (feed.isFull) feed.atHead = false;
    return true;
  }

  async #catchUpOne(): Promise<boolean> {
    const behind = [...this.#feeds.values()].filter((feed) => !feed.atHead && feed.hasRoom);
    const feed = behind[(this.#turn += 1) % Math.max(1, behind.length)];
    if (feed === undefined) return false;
    const piece = await this.#read(feed.readPosition, true);
    if (piece !== undefined) this.#deal(piece, new Map([[feed.appservice.id, feed]]));
    if (piece === undefined || !(piece.more ?? piece.events.length >= pieceEventsMax)) {
      feed.atHead = true;
      // Memory ends at the head, or where another process has written.
      if (piece !== undefined && piece.more === undefined) this.#mustLook = true;
    }
    return true;
  }

  #read(after: number, look: boolean): Promise<StreamPiece | undefined> {
    return readStream(this.#parts, { after, limit: pieceEventsMax, receipts: this.#anyWantsEphemeral(), look });
  }

  #deal(piece: StreamPiece, feeds: ReadonlyMap<string, Feed>): void {
    const readAtMs = this.#parts.clock.monotonicMs();
    const touched = new Set<Feed>();
    for (const event of piece.events) {
      const wanted = this.#parts.index.of(event);
      this.#count(event, feeds);
      if (event.type === 'm.room.redaction') for (const feed of this.#feeds.values()) feed.outdate(event.roomNid);
      const { text } = event;
      if (text === undefined) continue;
      let waiting: Parameters<Feed['push']>[0] | undefined;
      for (const id of wanted) {
        const feed = feeds.get(id);
        if (feed === undefined || event.position <= feed.readPosition) continue;
        waiting ??= { ...event, text, bytes: Buffer.byteLength(text), readAtMs };
        feed.push(waiting);
        touched.add(feed);
      }
    }
    for (const receipt of piece.receipts) for (const feed of this.#dealReceipt(receipt, feeds)) touched.add(feed);
    for (const feed of feeds.values()) feed.readPosition = Math.max(feed.readPosition, piece.upTo);
    for (const feed of touched) this.#parts.onWaiting(feed);
  }

  // A user in a namespace came or went. Counted for each feed at its own position, and not again what the table has counted.
  #count(event: StreamEvent, feeds: ReadonlyMap<string, Feed>): void {
    const { membership, stateKey, roomNid, position } = event;
    if (membership === undefined || stateKey === null) return;
    const change = Number(isMember(membership.is)) - Number(isMember(membership.was));
    if (change === 0) return;
    for (const { id } of this.#parts.registry.ofUser(stateKey)) {
      const feed = feeds.get(id);
      if (feed === undefined || position <= feed.readPosition || position <= feed.countedAt) continue;
      feed.noteCount({ position, roomNid, members: this.#parts.index.count(roomNid, id, change) });
    }
  }

  #dealReceipt(receipt: StreamPiece['receipts'][number], feeds: ReadonlyMap<string, Feed>): Feed[] {
    const { index } = this.#parts;
    const { roomNid, userId, type, threadId, eventId, ts, position } = receipt;
    const wanted = index.of({ roomNid, type: 'm.receipt', sender: userId, stateKey: null });
    const whose: JsonObject = threadId === '' ? { ts } : { ts, thread_id: threadId };
    const item: JsonObject = {
      type: 'm.receipt',
      room_id: index.roomId(roomNid),
      content: { [eventId]: { [type]: { [userId]: whose } } },
    };
    return [...wanted].flatMap((id) => {
      const feed = feeds.get(id);
      if (feed === undefined || position <= feed.readPosition || !wantsEphemeral(feed)) return [];
      // What a user has read in private is told only to whom the user belongs.
      if (type === 'm.read.private' && feed.appservice.namespaces.user(userId) === 'outside') return [];
      feed.putEphemeral(`${type} ${roomNid} ${userId} ${threadId}`, item);
      return [feed];
    });
  }

  #anyWantsEphemeral(): boolean {
    for (const feed of this.#feeds.values()) if (wantsEphemeral(feed)) return true;
    return false;
  }
}

function wantsEphemeral({ appservice: { registration } }: Feed): boolean {
  return registration.receiveEphemeral || registration.pushEphemeral;
}

function isMember(membership: string): boolean {
  return membership === 'join' || membership === 'invite';
}
