// GET /sync from end to end. One reading of the stream fixes a position and reads everything up to it (begin-reading.ts), from memory where
// this process has just committed it; a response that would be empty waits for news (wait-for-news.ts) and reads again.
//
//   acknowledge messages ──▶ anything since the token? ──(remembered: certainly not)──▶ wait ─┐
//                                     │ maybe                                                 │
//                                     ▼                                                       │
//                    read: rooms · account data · timelines · state · …  ◀────────────────────┘
//                                     │ empty, time left ──▶ wait, read again
//                                     ▼
//                                  respond
//
// A client that misses a response asks again with its old token and gets the same: nothing here is consumed by reading, except
// messages to the device, which go when the next token shows that they arrived.
// https://spec.matrix.org/v1.19/client-server-api/#syncing

import type { JsonObject } from '@pons/spec';
import type { KeyCountMemory } from '../e2ee/key-counts.ts';
import type { Presence } from '../ephemeral/presence.ts';
import type { Typing } from '../ephemeral/typing.ts';
import type { Clock } from '../platform/clock.ts';
import type { Queryable } from '../storage/database.ts';
import { globalAccountData } from './account-data-section.ts';
import { type BegunReading, Readings } from './begin-reading.ts';
import { deviceKeyCounts } from './device-keys-section.ts';
import { type DeviceLists, deviceLists } from './device-lists-section.ts';
import { strippedRooms, strippedSections } from './invited-rooms.ts';
import { roomSections } from './joined-rooms.ts';
import { SentMembers } from './lazy-members.ts';
import { presenceSection } from './presence-section.ts';
import { touchesDevices } from './recent-timeline.ts';
import type { RoomsOfResponse } from './room-window.ts';
import { type SinceToken, sinceToken } from './since-token.ts';
import type { SyncRequest } from './sync-request.ts';
import { type DeleteToDevice, ToDeviceAcknowledgements, toDeviceSection } from './to-device-section.ts';
import type { NewsIndex } from './wait-for-news.ts';

/** What /sync is made of. */
export interface SyncParts {
  readonly db: Queryable;
  readonly clock: Clock;
  readonly news: NewsIndex;
  readonly typing: Typing;
  readonly presence: Presence;
  readonly keyCounts: Pick<KeyCountMemory, 'of'>;
  readonly deleteToDevice: DeleteToDevice;
}

/** A response, and whether it tells the client anything. */
interface Response {
  readonly body: JsonObject;
  readonly hasNews: boolean;
  readonly position: number;
  readonly roomNids: ReadonlySet<number>;
}

/** A client waits at most so long. */
const timeoutMsMax = 300_000;

/** Answers /sync requests. */
export class Sync {
  readonly #parts: SyncParts;
  readonly #sentMembers = new SentMembers();
  readonly #acknowledgements: ToDeviceAcknowledgements;
  readonly #readings: Readings;

  constructor(parts: SyncParts) {
    this.#parts = parts;
    this.#readings = new Readings(parts);
    this.#acknowledgements = new ToDeviceAcknowledgements(parts.deleteToDevice);
  }

  /** The body of the response, at once when there are news or none are to be waited for. @throws MatrixError M_INVALID_PARAM */
  async respond(request: SyncRequest): Promise<JsonObject> {
    const { clock, news, typing, presence } = this.#parts;
    await this.#acknowledgements.acknowledge(request);
    const { since, userId, signal } = request;
    if (since === undefined || request.fullState) return (await this.#read(request)).body;
    const deadline = clock.monotonicMs() + Math.min(request.timeoutMs, timeoutMsMax);
    const timeLeft = () => deadline - clock.monotonicMs();
    const quiet = since.moreToDevice ? undefined : news.roomsWithoutNews(userId, since.position);
    // What concerned strangers until now need not be looked through again.
    const seen = {
      ...since,
      typing: Math.max(since.typing, typing.serial),
      presence: Math.max(since.presence, presence.serial),
    };
    if (quiet !== undefined && this.#isStill(since, quiet)) {
      const why = await news.wait({ userId, roomNids: quiet, after: since.position, timeoutMs: timeLeft(), signal });
      if (why === 'timeout') return this.#emptyBody(request, seen);
      await afterThisTurn();
    }
    for (;;) {
      const response = await this.#read(request);
      if (response.hasNews) return response.body;
      const { roomNids, position: after } = response;
      const why = await news.wait({ userId, roomNids, after, timeoutMs: timeLeft(), signal });
      if (why === 'timeout') return response.body;
      await afterThisTurn();
    }
  }

  async #read(request: SyncRequest): Promise<Response> {
    const { db, typing, presence, keyCounts: counts } = this.#parts;
    const [typingSerial, presenceSerial] = [typing.serial, presence.serial];
    const begun = await this.#readings.begin(request);
    const { reading, roomNids, selected, accountData } = begun;
    const { position } = reading;
    const parts = { db, typing, sentMembers: this.#sentMembers };
    const [keyCounts, sections, outside, toDevice, lists] = await Promise.all([
      deviceKeyCounts(counts, request),
      roomSections(parts, reading, selected.windows, accountData),
      this.#outside(request.userId, selected),
      toDeviceSection(db, reading),
      this.#deviceLists(begun),
    ]);
    const present = await presenceSection({ db, presence }, reading, { roomNids, met: lists?.met ?? [] });
    const body = {
      next_batch: sinceToken({
        position,
        typing: typingSerial,
        presence: presenceSerial,
        toDevice: toDevice.last,
        moreToDevice: toDevice.more,
      }),
      ...optionalRooms({ ...sections, ...outside }),
      ...optionalEvents('account_data', globalAccountData(request, accountData)),
      ...optionalEvents('presence', present),
      ...optionalEvents('to_device', toDevice.events),
      ...optionalDeviceLists(lists),
    };
    const hasNews = Object.keys(body).length > 1;
    return { body: { ...body, ...keyCounts }, hasNews, position, roomNids };
  }

  /** Nothing at the first /sync, nor where nothing in memory can concern them. */
  #deviceLists({ reading, rooms }: BegunReading): Promise<DeviceLists | undefined> {
    const { request, recent, position } = reading;
    const { since, userId } = request;
    if (since === undefined) return Promise.resolve(undefined);
    if (recent !== undefined && !touchesDevices(recent.values())) return Promise.resolve(undefined);
    return deviceLists(this.#parts.db, userId, rooms, { after: since.position, upTo: position });
  }

  async #outside(
    userId: string,
    { invited, knocked }: RoomsOfResponse,
  ): Promise<Record<'invite' | 'knock', JsonObject>> {
    const stripped = await strippedRooms(this.#parts.db, userId, [...invited, ...knocked]);
    return {
      invite: strippedSections(invited, stripped, 'invite_state'),
      knock: strippedSections(knocked, stripped, 'knock_state'),
    };
  }

  /** Nothing new. Nobody reads the answer of a request that was given up. */
  async #emptyBody(request: SyncRequest, since: SinceToken): Promise<JsonObject> {
    const keyCounts = request.signal.aborted ? {} : await deviceKeyCounts(this.#parts.keyCounts, request);
    return { next_batch: sinceToken(since), ...keyCounts };
  }

  /** Nobody in these rooms types, comes or goes. */
  #isStill(since: SinceToken, roomNids: ReadonlySet<number>): boolean {
    const { typing, presence } = this.#parts;
    if (typing.serial > since.typing) {
      for (const roomNid of roomNids) if (typing.changedSince(roomNid, since.typing)) return false;
    }
    return presence.changedSince(since.presence, roomNids).length === 0;
  }
}

/** Those who wake others are answered first. */
function afterThisTurn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

function optionalDeviceLists(lists: DeviceLists | undefined): JsonObject {
  const { changed = [], left = [] } = lists ?? {};
  return changed.length + left.length === 0 ? {} : { device_lists: { changed: [...changed], left: [...left] } };
}

function optionalRooms(sections: Record<'join' | 'leave' | 'invite' | 'knock', JsonObject>): JsonObject {
  const rooms = Object.entries(sections).filter(([, section]) => Object.keys(section).length > 0);
  return rooms.length === 0 ? {} : { rooms: Object.fromEntries(rooms) };
}

function optionalEvents(name: string, events: JsonObject[]): JsonObject {
  return events.length === 0 ? {} : { [name]: { events } };
}
