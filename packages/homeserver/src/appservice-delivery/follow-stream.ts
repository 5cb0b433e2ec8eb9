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
import type { Clock, Timer } from '../platform/clock.ts';
import type { Log } from '../platform/telemetry/log.ts';
import type { StreamExtraRow } from '../storage/tables/appservice-stream.ts';
import {
  deviceListItem,
  ephemeralItem,
  ephemeralSent,
  metItem,
  presenceText,
  receiptItem,
  receiptSent,
  toDeviceItem,
  typingText,
} from './extra-items.ts';
import { faultOf } from './fault.ts';
import { type Feed, type WaitingEvent, waitingEvent, type WaitingExtra } from './feed.ts';
import { type Met, metBy } from './met-users.ts';
import type { RecentEvents } from './recent-events.ts';
import { isShownTo } from './shown-state.ts';
import { readStream, type StreamEvent, type StreamPiece, type StreamReaderParts } from './read-stream.ts';

export interface FollowerParts extends Omit<StreamReaderParts, 'unwrittenRooms' | 'recent'> {
  readonly clock: Clock;
  readonly log: Log;
  readonly recent: Pick<RecentEvents, 'after' | 'passed'>;
  /** An event is left out because of its age. */
  readonly onTooOld: (appserviceId: string, position: number) => void;
  /** Something waits in this feed. */
  readonly onWaiting: (feed: Feed) => void;
}

/** Events read at a time: as many as a transaction takes. */
const pieceEventsMax = 100;
const nobody: ReadonlySet<string> = new Set();
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
  /** In a row; the first is logged. */
  #failures = 0;

  constructor(parts: FollowerParts) {
    this.#parts = parts;
  }

  /** Rooms whose count of members the table does not have yet. */
  unwrittenRooms(): number[] {
    return [...new Set([...this.#feeds.values()].flatMap((feed) => [...feed.unwrittenRooms()]))];
  }

  /** How far the stream is known to have grown. */
  get grownTo(): number {
    return this.#grownTo;
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
    if (![...this.#feeds.values()].some((feed) => feed.wantsEphemeral)) return;
    await index.load([roomNid]);
    const roomId = index.roomId(roomNid);
    const text = typingText(roomId, userIds);
    const wanted = new Set(
      ['', ...userIds].flatMap((sender) => [...index.of({ roomNid, type: 'm.typing', sender, stateKey: null })]),
    );
    for (const id of wanted) {
      const feed = this.#feeds.get(id);
      if (feed === undefined || !feed.wantsEphemeral) continue;
      // Whose typing it is is not one user: only rooms and types can leave it out.
      if (feed.filter?.({ type: 'm.typing', sender: '', roomId }, 0) !== undefined) continue;
      feed.putPassing(`typing ${roomNid}`, text);
      this.#parts.onWaiting(feed);
    }
  }

  /** How a user is now; sent to those who want ephemeral data and have an interest in a room that they are in, or have them in a namespace. */
  async presence(userId: string, roomNids: Iterable<number>, content: JsonObject): Promise<void> {
    const { index, registry } = this.#parts;
    const feeds = [...this.#feeds.values()].filter((feed) => feed.wantsEphemeral);
    if (feeds.length === 0) return;
    const rooms = [...roomNids];
    await index.load(rooms);
    const ofUser = new Set(registry.ofUser(userId).map(({ id }) => id));
    const text = presenceText(userId, content);
    for (const feed of feeds) {
      const { id } = feed.appservice;
      const isInteresting = (roomNid: number) => {
        const { members, alias, roomId } = index.reasons(roomNid, id);
        return members > 0 || alias || roomId;
      };
      if (!ofUser.has(id) && !rooms.some(isInteresting)) continue;
      if (feed.filter?.({ type: 'm.presence', sender: userId, roomId: '' }, 0) !== undefined) continue;
      feed.putPassing(`presence ${userId}`, text);
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
        this.#failures = 0;
      }
    } catch (error) {
      // Whatever it was (the database, mostly), nothing has been taken out of the stream: the same piece is read again.
      if (this.#failures === 0)
        this.#parts.log.warn(faultOf(error), 'reading the stream for application services failed');
      this.#failures += 1;
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
    if (piece === undefined || !(piece.more ?? piece.upTo < this.#grownTo)) {
      feed.atHead = true;
      // Memory ends at the head, or where another process has written.
      if (piece !== undefined && piece.more === undefined) this.#mustLook = true;
    }
    if (piece !== undefined) this.#deal(piece, new Map([[feed.appservice.id, feed]]));
    // Even when nothing was dealt: what is not full yet is not waited for without end (freeze.ts).
    if (!feed.isEmpty) this.#parts.onWaiting(feed);
    return true;
  }

  #read(after: number, look: boolean): Promise<StreamPiece | undefined> {
    const feeds = [...this.#feeds.values()];
    const extras: StreamExtraRow['kind'][] = ['toDevice'];
    if (feeds.some((feed) => feed.wantsEphemeral)) extras.push('receipt', 'ephemeral');
    if (feeds.some((feed) => feed.wantsDevices)) extras.push('deviceList');
    const unwrittenRooms = () => this.unwrittenRooms();
    return readStream({ ...this.#parts, unwrittenRooms }, { after, limit: pieceEventsMax, extras, look });
  }

  #deal(piece: StreamPiece, feeds: ReadonlyMap<string, Feed>): void {
    const touched = new Set<Feed>();
    let dealt = 0;
    const dealExtrasBefore = (position: number) => {
      for (
        let extra = piece.extras[dealt];
        extra !== undefined && extra.position < position;
        extra = piece.extras[dealt]
      ) {
        for (const feed of this.#dealExtra(extra, piece, feeds)) touched.add(feed);
        dealt += 1;
      }
    };
    for (const event of piece.events) {
      dealExtrasBefore(event.position);
      for (const feed of this.#dealEvent(event, feeds)) touched.add(feed);
    }
    dealExtrasBefore(Number.POSITIVE_INFINITY);
    for (const feed of feeds.values()) feed.readPosition = Math.max(feed.readPosition, piece.upTo);
    this.#parts.recent.passed(Math.min(...[...this.#feeds.values()].map((feed) => feed.readPosition)));
    for (const feed of touched) this.#parts.onWaiting(feed);
  }

  #dealEvent(event: StreamEvent, feeds: ReadonlyMap<string, Feed>): Feed[] {
    const { index, clock } = this.#parts;
    const wanted = index.of(event);
    const begun = this.#count(event, feeds);
    if (event.type === 'm.room.redaction') for (const feed of this.#feeds.values()) feed.outdate(event.roomNid);
    if (event.text === undefined) return [];
    const dealt: Feed[] = [];
    let waiting: WaitingEvent | undefined;
    let showing: WaitingEvent | undefined;
    for (const id of begun.size === 0 ? wanted : new Set([...wanted, ...begun])) {
      const feed = feeds.get(id);
      if (feed === undefined || event.position <= feed.readPosition) continue;
      const met = this.#met(feed, event, begun.has(id));
      if (!wanted.has(id) || id === event.bulkBy || this.#isLeftOut(feed, event)) {
        if (met === undefined || met === 'nobody') continue;
        feed.push({ ...metItem(event, met), readAtMs: clock.monotonicMs() });
      } else {
        let item: WaitingEvent;
        if (isShownTo(feed.appservice, event))
          item = showing ??= waitingEvent(event, event.text(event.shown), clock.monotonicMs());
        else item = waiting ??= waitingEvent(event, event.text(), clock.monotonicMs());
        feed.push(met === undefined ? item : { ...item, met });
      }
      dealt.push(feed);
    }
    return dealt;
  }

  #isLeftOut(feed: Feed, event: StreamEvent): boolean {
    if (feed.filter === undefined) return false;
    const roomId = this.#parts.index.roomId(event.roomNid);
    const by = feed.filter({ ...event, roomId }, this.#parts.clock.now());
    if (by === 'max_age_ms') this.#parts.onTooOld(feed.appservice.id, event.position);
    return by !== undefined;
  }

  // undefined: there is nobody to meet by such an event, or nobody is told of it.
  #met({ wantsDevices, appservice }: Feed, event: StreamEvent, began: boolean): Met | undefined {
    if (!wantsDevices || !(began || event.membership !== undefined || event.type === 'm.room.encryption'))
      return undefined;
    return metBy(appservice, event, {
      began,
      members: this.#parts.index.reasons(event.roomNid, appservice.id).members,
    });
  }

  // A user in a namespace came or went. Counted for each feed at its own position, and not again what the table has counted.
  // Returns those whose first one came.
  #count(event: StreamEvent, feeds: ReadonlyMap<string, Feed>): ReadonlySet<string> {
    const { membership, merged, stateKey, roomNid, position } = event;
    if (membership === undefined && merged === undefined) return nobody;
    const begun = new Set<string>();
    const own = membership === undefined || stateKey === null ? [] : [{ userId: stateKey, ...membership }];
    // What came elsewhere than at the end of the room changed what the merge says, which may be somebody else.
    for (const { userId, is, was } of merged ?? own) {
      // Who is only invited is in no room yet: the invitation is sent to them as its target, and nothing else.
      const change = Number(is === 'join') - Number(was === 'join');
      if (change === 0) continue;
      for (const { id } of this.#parts.registry.ofUser(userId)) {
        const feed = feeds.get(id);
        if (feed === undefined || position <= feed.readPosition || position <= feed.countedAt) continue;
        const members = this.#parts.index.count(roomNid, id, change);
        if (members === change) begun.add(id);
        feed.noteCount({ position, roomNid, members });
      }
    }
    return begun;
  }

  #dealExtra(row: StreamExtraRow, piece: StreamPiece, feeds: ReadonlyMap<string, Feed>): Feed[] {
    const readAtMs = this.#parts.clock.monotonicMs();
    const dealt: Feed[] = [];
    for (const [feed, item] of this.#whoGets(row, piece, feeds)) {
      if (row.position <= feed.readPosition) continue;
      feed.push({ ...item, readAtMs });
      dealt.push(feed);
    }
    return dealt;
  }

  *#whoGets(
    row: StreamExtraRow,
    piece: StreamPiece,
    feeds: ReadonlyMap<string, Feed>,
  ): Iterable<readonly [Feed, Omit<WaitingExtra, 'readAtMs'>]> {
    const { index, registry, clock } = this.#parts;
    if (row.kind === 'toDevice') {
      for (const { id } of registry.ofUser(row.userId)) {
        const feed = feeds.get(id);
        if (feed !== undefined) yield [feed, toDeviceItem(row)];
      }
    } else if (row.kind === 'receipt') {
      const { roomNid, userId } = row;
      const item = receiptItem(row, index.roomId(roomNid));
      for (const id of index.of({ roomNid, type: 'm.receipt', sender: userId, stateKey: null })) {
        const feed = feeds.get(id);
        if (feed !== undefined && receiptSent(feed, row, index.roomId(roomNid))) yield [feed, item];
      }
    } else if (row.kind === 'ephemeral') {
      const { roomNid, userId: sender, type } = row;
      if (row.ts <= clock.now()) return;
      const item = ephemeralItem(row);
      for (const id of index.of({ roomNid, type, sender, stateKey: null })) {
        const feed = feeds.get(id);
        if (feed !== undefined && ephemeralSent(feed, row, index.roomId(roomNid))) yield [feed, item];
      }
    } else {
      const rooms = piece.shared.get(row.userId) ?? [];
      const ofUser = new Set(registry.ofUser(row.userId).map(({ id }) => id));
      for (const feed of feeds.values()) {
        const { id } = feed.appservice;
        const isWanted = () => ofUser.has(id) || rooms.some((roomNid) => index.reasons(roomNid, id).members > 0);
        if (feed.wantsDevices && isWanted()) yield [feed, deviceListItem(row)];
      }
    }
  }
}
