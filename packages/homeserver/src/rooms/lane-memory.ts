// What a lane remembers of its room between parts: where the room stands (the point) and the current state, key by key, as far as it
// was asked for. Never the whole room: a send in a room of 2,000 members needs four keys, and so costs what it costs in one of 10.
// The memory is only a guess: another process may have written since. The door checks the guess (rooms.version); a refused part
// comes back here to be refreshed by what changed.
import { LRUCache } from 'lru-cache';
import { atMost } from '../platform/at-most.ts';
import { MatrixError, type Pdu, type RoomVersionRules } from '@pons/spec';
import type { Queryable } from '../storage/database.ts';
import { redactedSince } from '../storage/tables/events.ts';
import { currentKeyValues, stateChanges } from '../storage/tables/room-state.ts';
import { ChainMemory } from './chain-memory.ts';
import {
  type ExtremityRow,
  extremitiesOf,
  lastStreamPosition,
  type RoomRow,
  roomsByNids,
} from '../storage/tables/rooms.ts';

/** Values of state that one lane keeps; a room of 2,000 ghosts fits, and so does all that one part reads. */
const cachedValuesMax = 2_500;
/** What a remembered value costs beside the text of its event, in bytes. */
const valueOverhead = 500;
/** Changes that a refresh takes one by one; beyond them forgetting the values is cheaper. */
const refreshedChangesMax = 500;

/** Rows of state that copies of forks may take: of a sudden, and for each event, which one always may. */
const forkRowsMax = 20_000;
const forkRowsPerEvent = 15;
/** Hidden events of which a lane remembers what they follow. */
const hiddenMax = 500;

/** What a part of a room that does not exist is built on. */
const newRoomVersion = -1;

/** A key of a room's state. */
export interface StateKey {
  readonly type: string;
  readonly stateKey: string;
}

/** The event that is the value of a key of the room's state. */
export interface StateValue {
  readonly keyNid: number;
  readonly eventNid: number;
  readonly eventId: string;
  readonly event: StateContent;
  /** Length of the event's text: about what remembering it costs. */
  readonly length: number;
}

/** Of an event of the state, what rules and rows look at: signatures and the like would double what a room of ghosts keeps in memory. */
export type StateContent = Pick<Pdu, 'type' | 'state_key' | 'sender' | 'content'>;

/** That part of an event. */
export function stateContent({ type, state_key: stateKey = '', sender, content }: Pdu): StateContent {
  return { type, state_key: stateKey, sender, content };
}

/** About what all lanes of a process remember together. */
export interface Remembering {
  bytes: number;
}

/** Known not to be there, as opposed to not known. */
const absent: unique symbol = Symbol('absent');
type Remembered = StateValue | typeof absent;

function costOf(value: Remembered): number {
  return value === absent ? valueOverhead : valueOverhead + value.length;
}

/** Which room a memory is of, and what its values add to. */
export interface LaneRoom {
  readonly roomNid: number;
  readonly roomId: string;
  readonly rules: RoomVersionRules;
  readonly total: Remembering;
}

/** Where a room stands after a commit. */
export interface RoomPoint {
  readonly version: number;
  readonly stateVersion: number;
  readonly extremities: readonly ExtremityRow[];
  readonly depth: number;
  readonly joined: number;
  readonly invited: number;
  readonly nextLine: number;
}

/** Types whose last key is remembered; there are as many as somebody invents. */
const typesMax = 100;
const lastTexts = new Map<string, { stateKey: string; text: string }>();

/**
 * Text by which a key of state is found in maps. A type cannot hold U+0000.
 *
 * An event's keys are asked for a dozen times one after another: the same text has its hash already.
 */
export function stateKeyText(type: string, stateKey: string): string {
  const last = lastTexts.get(type);
  if (last?.stateKey === stateKey) return last.text;
  const text = `${type}\0${stateKey}`;
  if (last !== undefined) {
    last.stateKey = stateKey;
    last.text = text;
  } else {
    if (lastTexts.size >= typesMax) lastTexts.clear();
    lastTexts.set(type, { stateKey, text });
  }
  return text;
}

/** One room as its lane knows it. */
export class LaneMemory {
  readonly roomNid: number;
  readonly roomId: string;
  readonly rules: RoomVersionRules;
  /**
   * Of soft-failed and rejected events: which ends they follow that were loose when they came. What is no loose end now is never one again,
   * so this stays right whoever writes.
   */
  readonly hidden = new LRUCache<string, readonly string[]>({ maxSize: hiddenMax, sizeCalculation: () => 1 });
  /** Rows that a copy of a fork may take now: who forks a large fork again and again would fill the disk. */
  forkRows = forkRowsMax;
  /** What is known of the room's auth-chain index. */
  readonly chains = new ChainMemory();
  point: RoomPoint;
  /** No event of the room that this memory does not know of has a position up to this one. */
  #knownUpTo: number;
  #isNew = false;
  readonly #values: LRUCache<string, Remembered>;

  constructor(room: LaneRoom, point: RoomPoint, knownUpTo: number) {
    const { total } = room;
    this.#values = new LRUCache({
      ...atMost(cachedValuesMax),
      onInsert: (value, _key, reason) => {
        if (reason !== 'update') total.bytes += costOf(value);
      },
      dispose: (value) => {
        total.bytes -= costOf(value);
      },
    });
    this.roomNid = room.roomNid;
    this.roomId = room.roomId;
    this.rules = room.rules;
    this.point = point;
    this.#knownUpTo = knownUpTo;
  }

  /** Reads where the room stands. */
  static async read(db: Queryable, row: RoomRow, rules: RoomVersionRules, total: Remembering): Promise<LaneMemory> {
    // Values are read after this, so whatever was redacted up to here is redacted in them.
    const position = await lastStreamPosition(db);
    return new LaneMemory(
      { roomNid: row.roomNid, roomId: row.roomId, rules, total },
      await readPoint(db, row),
      position,
    );
  }

  /** Nothing is in it yet: what is not remembered is not there. */
  static ofNewRoom(room: LaneRoom): LaneMemory {
    const point = {
      version: newRoomVersion,
      stateVersion: 0,
      extremities: [],
      depth: 0,
      joined: 0,
      invited: 0,
      nextLine: 1,
    };
    const memory = new LaneMemory(room, point, 0);
    memory.#isNew = true;
    return memory;
  }

  /** The room is stored: from now on, what is not remembered is read. */
  createdNow(): void {
    this.#isNew = false;
  }

  /** The remembered value of a key; `undefined` when there is none, `'unknown'` when it must be read first. */
  peek(key: string): StateValue | undefined | 'unknown' {
    const value = this.#values.get(key);
    if (value === undefined) return this.#isNew ? undefined : 'unknown';
    return value === absent ? undefined : value;
  }

  /** Reads the values of keys that are not remembered. */
  async load(db: Queryable, keys: readonly StateKey[]): Promise<void> {
    if (this.#isNew) return;
    // `get`, not `has`: what is remembered becomes the youngest, so that what is read now does not push it out.
    const missing = keys.filter((key) => this.#values.get(stateKeyText(key.type, key.stateKey)) === undefined);
    if (missing.length === 0) return;
    // Contents may name keys with U+0000, which no row can have and PostgreSQL does not take.
    const possible = missing.filter((key) => !key.stateKey.includes('\0'));
    const rows = await currentKeyValues(db, this.roomNid, possible);
    for (const key of missing) this.#values.set(stateKeyText(key.type, key.stateKey), absent);
    for (const row of rows) this.remember(row.type, row.stateKey, storedValue(row));
  }

  remember(type: string, stateKey: string, value: StateValue | undefined): void {
    this.#values.set(stateKeyText(type, stateKey), value ?? absent);
  }

  /** A value that changed and is hardly asked for again: it is read when it is. */
  drop(type: string, stateKey: string): void {
    this.#values.delete(stateKeyText(type, stateKey));
  }

  /** The lane is let go: its values are counted no more. */
  forget(): void {
    this.#values.clear();
  }

  /** A part is stored: so many events, and copies of forks of so many rows. */
  noteForks(events: number, copiedRows: number): void {
    const left = Math.min(forkRowsMax, this.forkRows + forkRowsPerEvent * events) - copiedRows;
    this.forkRows = Math.max(forkRowsPerEvent, left);
  }

  /** After a commit of this lane: the room stands here now. */
  advance(point: RoomPoint, position: number): void {
    this.point = point;
    if (position > this.#knownUpTo) this.#knownUpTo = position;
  }

  /** Learns what others have committed. @returns whether anything had changed. @throws MatrixError when the room is deleted */
  async refresh(db: Queryable): Promise<boolean> {
    // The position first: what is committed after it is looked at again by the next refresh, never missed.
    const position = await lastStreamPosition(db);
    const row = (await roomsByNids(db, [this.roomNid]))[0];
    if (row === undefined) throw new MatrixError('M_NOT_FOUND', 'This server does not have that room any more.');
    if (row.version === this.point.version) return false;
    this.chains.forget();
    if (row.stateVersion > this.point.stateVersion) await this.#refreshState(db, row.stateVersion);
    // A redaction changes an event that is state without changing which event is: forget what may have been stripped.
    if (await redactedSince(db, this.roomNid, this.#knownUpTo)) this.#values.clear();
    this.point = await readPoint(db, row);
    this.#knownUpTo = position;
    return true;
  }

  async #refreshState(db: Queryable, upTo: number): Promise<void> {
    const rows = await stateChanges(db, this.roomNid, this.point.stateVersion, upTo, refreshedChangesMax + 1);
    if (rows.length > refreshedChangesMax) return this.#values.clear();
    for (const { type, stateKey, keyNid, eventNid, eventId, json } of rows) {
      const value =
        eventNid === null || eventId === null || json === null
          ? undefined
          : storedValue({ keyNid, eventNid, eventId, json });
      this.remember(type, stateKey, value);
    }
  }
}

async function readPoint(db: Queryable, row: RoomRow): Promise<RoomPoint> {
  return {
    version: row.version,
    stateVersion: row.stateVersion,
    extremities: await extremitiesOf(db, row.roomNid, row.extremities),
    depth: row.depth,
    joined: row.joined,
    invited: row.invited,
    nextLine: row.nextLine,
  };
}

function storedValue(row: {
  readonly keyNid: number;
  readonly eventNid: number;
  readonly eventId: string;
  readonly json: string;
}): StateValue {
  return {
    keyNid: row.keyNid,
    eventNid: row.eventNid,
    eventId: row.eventId,
    event: stateContent(JSON.parse(row.json) as Pdu),
    length: row.json.length,
  };
}
