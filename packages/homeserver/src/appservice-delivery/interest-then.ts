// Who was in the rooms at a place of the stream, for a replay: what is sent again is decided as it was when it was sent first, so that a
// ghost that left since misses nothing, and one that came since is not told what was said without it. A room is counted when the replay
// comes to it, from the count of now and what changed since; from there on by the events themselves, as the delivery does.
// Aliases are those of now: they have no history.

import { LRUCache } from 'lru-cache';
import type { InterestIndex } from '../appservices/interest.ts';
import type { Appservice, AppserviceRegistry } from '../appservices/registry.ts';
import { atMost } from '../platform/at-most.ts';
import type { Queryable } from '../storage/database.ts';
import { eventJsons } from '../storage/tables/appservice-explain.ts';
import {
  type CountedRoomRow,
  countedRooms,
  memberHistory,
  type MemberHistoryRow,
} from '../storage/tables/appservice-replay.ts';
import { membershipOf } from './client-event-text.ts';
import type { StreamEvent } from './read-stream.ts';

export interface InterestThenParts {
  readonly db: Queryable;
  readonly index: InterestIndex;
  readonly registry: AppserviceRegistry;
}

/** Rooms of a replay in memory; others are counted again. */
const roomsRememberedMax = 5_000;
/** Changes of members looked at together. */
const changesPerPage = 1_000;

/** The interest of one application service at a place that moves on through the stream. */
export class InterestThen {
  readonly #parts: InterestThenParts;
  readonly #appservice: Appservice;
  readonly #members = new LRUCache<number, number>(atMost(roomsRememberedMax));
  #position: number;
  /** Of the last piece, to go back in it: not all that was read may fit in a transaction. */
  #piece: { readonly after: number; readonly changes: { position: number; roomNid: number; change: number }[] };

  constructor(parts: InterestThenParts, appservice: Appservice, position: number) {
    this.#parts = parts;
    this.#appservice = appservice;
    this.#position = position;
    this.#piece = { after: position, changes: [] };
  }

  /** For the stream's reader: an index that knows the rooms as they were. */
  get index(): InterestIndex {
    const { index } = this.#parts;
    return {
      ...index,
      load: async (roomNids) => {
        const rooms = [...roomNids];
        await index.load(rooms);
        await this.#count(rooms);
      },
      hasInterest: (roomNid) => this.#isOfInterest(roomNid),
    };
  }

  /** Stands at a position; false when that is not in the last piece. */
  goTo(position: number): boolean {
    if (position === this.#position) return true;
    const { after, changes } = this.#piece;
    if (position < after || position > this.#position) return false;
    for (const { roomNid, change } of changes.filter((one) => one.position > position)) this.#add(roomNid, -change);
    this.#position = position;
    this.#piece = { after: position, changes: [] };
    return true;
  }

  /** The events of a piece that were of interest; afterwards it stands at its end. */
  pass(events: readonly StreamEvent[], upTo: number): readonly StreamEvent[] {
    this.#piece = { after: this.#position, changes: [] };
    const wanted = events.filter((event) => {
      const isWanted = this.#wants(event);
      this.#note(event);
      return isWanted;
    });
    this.#position = upTo;
    return wanted;
  }

  #wants({ roomNid, type, sender, stateKey }: StreamEvent): boolean {
    // A room that was deleted has no id any more, and nothing of it is sent.
    if (this.#parts.index.roomId(roomNid) === '') return false;
    const isTarget = type === 'm.room.member' && stateKey !== null && this.#isOwn(stateKey);
    return isTarget || this.#isOwn(sender) || this.#isOfInterest(roomNid);
  }

  #note({ position, roomNid, stateKey, membership, merged }: StreamEvent): void {
    const own = membership === undefined || stateKey === null ? [] : [{ userId: stateKey, ...membership }];
    for (const { userId, is, was } of merged ?? own) {
      const change = joins(is) - joins(was);
      if (change === 0 || !this.#isOwn(userId)) continue;
      this.#add(roomNid, change);
      this.#piece.changes.push({ position, roomNid, change });
    }
  }

  #add(roomNid: number, change: number): void {
    const members = this.#members.get(roomNid);
    if (members !== undefined) this.#members.set(roomNid, members + change);
  }

  #isOwn(userId: string): boolean {
    return this.#parts.registry.ofUser(userId).some(({ id }) => id === this.#appservice.id);
  }

  #isOfInterest(roomNid: number): boolean {
    return this.#isByName(roomNid) || (this.#members.get(roomNid) ?? 0) > 0;
  }

  #isByName(roomNid: number): boolean {
    const { alias, roomId } = this.#parts.index.reasons(roomNid, this.#appservice.id);
    return alias || roomId;
  }

  async #count(rooms: readonly number[]): Promise<void> {
    const roomNids = [...new Set(rooms)].filter((roomNid) => !this.#members.has(roomNid) && !this.#isByName(roomNid));
    if (roomNids.length === 0) return;
    const at = { roomNids, position: this.#position };
    for (const room of await countedRooms(this.#parts.db, this.#appservice.id, at))
      this.#members.set(room.roomNid, room.members - (await this.#changeSince(room)));
  }

  /** How many more there were when the count was taken. */
  async #changeSince({ roomNid, thenVersion, countedVersion: upTo }: CountedRoomRow): Promise<number> {
    const { db, registry } = this.#parts;
    let since = 0;
    let after = { version: thenVersion, keyNid: Number.MAX_SAFE_INTEGER };
    while (after.version < upTo) {
      const room = { roomNid, upTo, serverName: registry.serverName };
      const page = await memberHistory(db, room, { after, limit: changesPerPage });
      since += await this.#changeOf(roomNid, page);
      const last = page.at(-1);
      if (last === undefined || page.length < changesPerPage) break;
      after = last;
    }
    return since;
  }

  async #changeOf(roomNid: number, page: readonly MemberHistoryRow[]): Promise<number> {
    const own = page.filter(({ userId }) => this.#isOwn(userId));
    const nids = own.flatMap(({ wasNid, isNid }) => [wasNid, isNid].filter((nid) => nid !== null));
    const texts = await eventJsons(this.#parts.db, roomNid, [...new Set(nids)]);
    const memberships = new Map(texts.map(({ eventNid, json }) => [eventNid, membershipOf(json)]));
    const joinsBy = (nid: number | null) => joins(nid === null ? undefined : memberships.get(nid));
    return own.reduce((sum, { wasNid, isNid }) => sum + joinsBy(isNid) - joinsBy(wasNid), 0);
  }
}

function joins(membership: string | undefined): number {
  return membership === 'join' ? 1 : 0;
}
