// Which application services want an event: those whose users sent it or are its target, and those with an interest in its room. The
// room's part is an index, room → who and why, so that one event costs as many steps as there are application services in the room,
// however many members it has and however many application services the server has.
//
// Counts of members are kept by the delivery's follower in the transaction that moves its cursor; aliases and room ids are looked up
// when the room is. Recent rooms stay in memory; `forgetRoom` after a change of its aliases.
// https://spec.matrix.org/v1.19/application-service-api/#registration

import { LRUCache } from 'lru-cache';
import { atMost } from '../platform/at-most.ts';
import type { Clock } from '../platform/clock.ts';
import type { Queryable } from '../storage/database.ts';
import { interestOfRooms } from '../storage/tables/appservice-interest.ts';
import type { AppserviceRegistry } from './registry.ts';

/** What decides about an event. */
export interface InterestingEvent {
  readonly roomNid: number;
  readonly type: string;
  readonly sender: string;
  readonly stateKey: string | null;
}

/** Counts of members that are in memory but not yet in the table: they win over it. */
export type UnwrittenCounts = (roomNid: number) => Iterable<readonly [appserviceId: string, members: number]>;

/** The index. `load` reads, everything else answers from memory. */
export interface InterestIndex {
  /** Makes sure of these rooms. */
  load(roomNids: Iterable<number>): Promise<void>;
  roomId(roomNid: number): string;
  /** Ids of the application services that want it. The room must have been loaded. */
  of(event: InterestingEvent): ReadonlySet<string>;
  /** Whether anybody has an interest in the room itself. */
  hasInterest(roomNid: number): boolean;
  /** Why an application service is interested in a room. */
  reasons(roomNid: number, appserviceId: string): { members: number; alias: boolean; roomId: boolean };
  /** Members more (or fewer) in its namespace. @returns how many there are now */
  count(roomNid: number, appserviceId: string, change: number): number;
  /** Aliases changed: look the room up again. */
  forgetRoom(roomNid: number): void;
  /** Registrations or leases changed. */
  clear(): void;
}

interface RoomEntry {
  /** Of another generation: good for what has it loaded, and looked up again by the next load. */
  generation: number;
  readonly roomId: string;
  readonly members: Map<string, number>;
  readonly byAlias: ReadonlySet<string>;
  readonly byRoomId: ReadonlySet<string>;
}

/** Rooms in memory: about 10 MB. */
const roomsRememberedMax = 20_000;
/** Aliases that another process gave out are seen after this long. */
const roomRememberedMs = 30_000;
/** The generation of no room. */
const forgotten = -1;

/** An index over the table, for the application services that `unwritten` knows. */
export function createInterestIndex(
  db: Queryable,
  registry: AppserviceRegistry,
  unwritten: UnwrittenCounts,
  clock: Clock,
): InterestIndex {
  const rooms = new LRUCache<number, RoomEntry>({
    ...atMost(roomsRememberedMax),
    ttl: roomRememberedMs,
    perf: { now: () => clock.monotonicMs() },
    // What was loaded for this piece of the stream serves it to the end, however long that takes.
    allowStale: true,
    noDeleteOnStaleGet: true,
  });

  let generation = 0;
  let roomsForgotten = 0;

  function isCurrent(roomNid: number): boolean {
    return rooms.has(roomNid) && rooms.peek(roomNid)?.generation === generation;
  }

  function entry(roomNid: number): RoomEntry {
    const found = rooms.get(roomNid);
    if (found === undefined) throw new Error(`interest in room ${roomNid} was asked for before it was loaded`);
    return found;
  }

  return {
    async load(roomNids) {
      const missing = [...new Set(roomNids)].filter((roomNid) => !isCurrent(roomNid));
      if (missing.length === 0) return;
      const loaded = generation;
      const forgottenBefore = roomsForgotten;
      // Counts may be written while we read; those from before the read are then the ones that the read has missed.
      const before = new Map(missing.map((roomNid) => [roomNid, [...unwritten(roomNid)]]));
      const gone = new Set(missing);
      for (const row of await interestOfRooms(db, missing)) {
        gone.delete(row.roomNid);
        const members = new Map(row.appserviceIds.map((id, index) => [id, row.members[index] ?? 0]));
        for (const [id, count] of [...(before.get(row.roomNid) ?? []), ...unwritten(row.roomNid)])
          members.set(id, count);
        rooms.set(row.roomNid, {
          generation: roomsForgotten === forgottenBefore ? loaded : forgotten,
          roomId: row.roomId,
          members,
          byAlias: new Set(row.aliases.flatMap((alias) => registry.ofAlias(alias).map(({ id }) => id))),
          byRoomId: new Set(registry.ofRoom(row.roomId).map(({ id }) => id)),
        });
      }
      // A room that was deleted: what is still on its way is told to those of whom this process knows, and to nobody else.
      for (const roomNid of gone) rooms.set(roomNid, { ...(rooms.get(roomNid) ?? goneRoom()), generation: loaded });
    },
    roomId: (roomNid) => entry(roomNid).roomId,
    of(event) {
      const { roomId, members, byAlias, byRoomId } = entry(event.roomNid);
      if (roomId === '') return new Set();
      const wanted = new Set(byAlias);
      for (const id of byRoomId) wanted.add(id);
      for (const [id, count] of members) if (count > 0) wanted.add(id);
      for (const { id } of registry.ofUser(event.sender)) wanted.add(id);
      if (event.type === 'm.room.member' && event.stateKey !== null && event.stateKey !== event.sender)
        for (const { id } of registry.ofUser(event.stateKey)) wanted.add(id);
      return wanted;
    },
    hasInterest(roomNid) {
      const { members, byAlias, byRoomId } = entry(roomNid);
      return members.size + byAlias.size + byRoomId.size > 0;
    },
    reasons(roomNid, appserviceId) {
      const { members, byAlias, byRoomId } = entry(roomNid);
      return {
        members: members.get(appserviceId) ?? 0,
        alias: byAlias.has(appserviceId),
        roomId: byRoomId.has(appserviceId),
      };
    },
    count(roomNid, appserviceId, change) {
      const { members } = entry(roomNid);
      const count = Math.max(0, (members.get(appserviceId) ?? 0) + change);
      if (count === 0) members.delete(appserviceId);
      else members.set(appserviceId, count);
      return count;
    },
    forgetRoom: (roomNid) => {
      roomsForgotten += 1;
      const found = rooms.peek(roomNid);
      if (found !== undefined) found.generation = forgotten;
    },
    clear: () => {
      generation += 1;
    },
  };
}

function goneRoom(): Omit<RoomEntry, 'generation'> {
  return { roomId: '', members: new Map(), byAlias: new Set(), byRoomId: new Set() };
}
