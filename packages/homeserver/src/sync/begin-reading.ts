// Where one reading of the stream begins: up to which position, of which rooms, and whom the viewer does not want to hear of. From memory
// where this process committed all that concerns the viewer since their token (wait-for-news.ts): then only rooms with news are looked at
// and no statement is needed. Else from the database: two statements at once, and more where the viewer came or went.

import { MatrixError, roomVersionRules } from '@pons/spec';
import { LRUCache } from 'lru-cache';
import { atMost } from '../platform/at-most.ts';
import type { Typing } from '../ephemeral/typing.ts';
import type { Clock } from '../platform/clock.ts';
import type { Queryable } from '../storage/database.ts';
import { type StreamRoomRow, streamRooms } from '../storage/tables/stream.ts';
import { type AccountDataRead, accountDataOf, newAccountData } from './account-data-section.ts';
import { roomPasses } from './filter.ts';
import type { RecentCommit } from './recent-commits.ts';
import { type RoomsOfResponse, type RoomWindow, roomsOfResponse, type WindowRoom } from './room-window.ts';
import type { Reading, SyncRequest } from './sync-request.ts';
import type { NewsIndex, RecentNews } from './wait-for-news.ts';

/** What a reading begins with. */
export interface BegunReading {
  readonly reading: Reading;
  /** Rooms that the viewer is joined to. */
  readonly roomNids: ReadonlySet<number>;
  /** Rooms in which anything may have changed for the viewer. */
  readonly rooms: readonly Omit<WindowRoom, 'roomId'>[];
  readonly selected: RoomsOfResponse;
  readonly accountData: AccountDataRead;
}

/** What it is read with. */
export interface ReadingParts {
  readonly db: Queryable;
  readonly clock: Clock;
  readonly news: NewsIndex;
  readonly typing: Typing;
}

/** Rooms whose id and version are remembered: neither ever changes. */
const namesMax = 20_000;

/** Begins the readings of one process. */
export class Readings {
  readonly #parts: ReadingParts;
  readonly #names = new LRUCache<number, Pick<StreamRoomRow, 'roomId' | 'roomVersion'>>(atMost(namesMax));

  constructor(parts: ReadingParts) {
    this.#parts = parts;
  }

  /** Begins to read for a request. @throws MatrixError M_INVALID_PARAM for a token from the future */
  async begin(request: SyncRequest): Promise<BegunReading> {
    const begun = this.#fromMemory(request) ?? (await this.#fromDatabase(request));
    const { reading, roomNids } = begun;
    this.#parts.news.remember(request.userId, { roomNids, ignored: reading.ignored }, reading.position);
    return begun;
  }

  #fromMemory(request: SyncRequest): BegunReading | undefined {
    const { since, userId, fullState } = request;
    if (since === undefined || since.moreToDevice || fullState) return undefined;
    const recent = this.#parts.news.recentNews(userId, since.position);
    if (recent === undefined) return undefined;
    const { position, roomNids, ignored, commits } = recent;
    const windows = this.#recentWindows(request, recent);
    if (windows === undefined) return undefined;
    const reading = { request, position, now: this.#parts.clock.now(), ignored, recent: commits };
    return {
      reading,
      roomNids,
      // Whatever the filter leaves out of the rooms: devices are none of it.
      rooms: [...commits].map(([roomNid, news]) => recentRoom(roomNid, news)),
      selected: { windows, invited: [], knocked: [] },
      accountData: { rows: [], ignored },
    };
  }

  // Undefined: a room is not known by name.
  #recentWindows({ since, filter }: SyncRequest, recent: RecentNews): RoomWindow[] | undefined {
    const { typing } = this.#parts;
    const roomNids = new Set(recent.commits.keys());
    if (since === undefined) return undefined;
    if (typing.serial > since.typing) {
      for (const roomNid of recent.roomNids) if (typing.changedSince(roomNid, since.typing)) roomNids.add(roomNid);
    }
    const windows: RoomWindow[] = [];
    for (const roomNid of roomNids) {
      const name = this.#names.get(roomNid);
      const rules = name === undefined ? undefined : roomVersionRules(name.roomVersion);
      if (name === undefined || rules === undefined) return undefined;
      const { roomId } = name;
      if (!roomPasses(filter, roomId)) continue;
      const room = { ...recentRoom(roomNid, recent.commits.get(roomNid) ?? []), roomId };
      windows.push({
        room,
        rules,
        section: 'join',
        isNew: false,
        showsState: true,
        after: since.position,
        upTo: recent.position,
        endVersion: room.stateVersion,
      });
    }
    return windows;
  }

  async #fromDatabase(request: SyncRequest): Promise<BegunReading> {
    const { db, clock } = this.#parts;
    const { since, userId, filter, fullState } = request;
    const initial = since === undefined;
    const want = { after: since?.position ?? 0, initial, includeLeave: filter.includeLeave && (initial || fullState) };
    // At once: the response waits for one trip to the database less.
    const [{ position, rooms }, accountNews] = await Promise.all([
      streamRooms(db, userId, want),
      newAccountData(db, request),
    ]);
    if (since !== undefined && since.position > position) {
      throw new MatrixError('M_INVALID_PARAM', 'this server never gave out that token: sync again without one');
    }
    const joined = rooms.filter((room) => room.membership === 'join');
    for (const { roomNid, roomId, roomVersion } of joined) this.#names.set(roomNid, { roomId, roomVersion });
    const changedRooms = rooms.filter((room) => room.memberPosition > want.after).map((room) => room.roomNid);
    const newRooms = initial ? [] : changedRooms;
    const accountData = await accountDataOf(db, request, accountNews, { upTo: position, newRooms });
    const reading: Reading = { request, position, now: clock.now(), ignored: accountData.ignored };
    const selected = await roomsOfResponse(db, reading, rooms);
    return { reading, roomNids: new Set(joined.map(({ roomNid }) => roomNid)), rooms, selected, accountData };
  }
}

// Who has no news by name was joined before any of these events. A room without a part has only receipts, typing or devices among its
// news: nothing of it depends on its state then.
function recentRoom(roomNid: number, news: readonly RecentCommit[]): Omit<WindowRoom, 'roomId'> {
  const part = news.findLast(({ commit }) => commit.room?.roomNid === roomNid)?.commit.room;
  const { stateVersion = 0, joined = 0, invited = 0 } = part ?? {};
  return { roomNid, stateVersion, joined, invited, membership: 'join', memberPosition: 0 };
}
