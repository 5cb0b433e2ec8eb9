// Who is there: in memory only, gathered from what each device does (it syncs, it says so, it sends), and told to those who share a room.
// Changes are numbered by the time, so that /sync can ask what changed and a token of one process means the same in another. Each process
// tells the others what it sees of a user and says it again while it lasts; what a process that died last said ends by itself.
//
//   /sync, PUT presence, sends ──▶ contacts by device ──┐
//   other processes ──▶ reports by process ─────────────┴──▶ one presence ──(changed)──▶ rooms of the user ──▶ numbered, told
//
// A user who never synced nor said anything has no entry: thousands of ghosts cost nothing.
// https://spec.matrix.org/v1.19/client-server-api/#presence

import type { JsonObject } from '@pons/spec';
import type { Clock, Timer } from '../platform/clock.ts';

/** What a user can be. */
export type PresenceState = 'online' | 'unavailable' | 'offline';

/** What one process says of a user to the others. */
export interface PresenceReport {
  readonly userId: string;
  readonly presence: PresenceState;
  readonly lastActiveTs: number;
  readonly statusMsg?: string;
  /** When the status was set; the newest counts. */
  readonly statusTs: number;
}

/** What presence needs of the house. */
export interface PresenceParts {
  readonly clock: Clock;
  /** Tells the other processes of this server. */
  readonly publish: (report: PresenceReport) => void;
  /** Numbers of the rooms that a user is joined to. */
  readonly roomsOf: (userId: string) => Promise<readonly number[]>;
}

/** Offline so long after the last sign of a device. */
const offlineAfterMs = 30_000;
/** Unavailable so long after the last thing that a user did. */
const idleAfterMs = 5 * 60_000;
const sweepEveryMs = 5_000;
/** Other processes hear again of whoever is there, and forget what they heard so long ago. */
const repeatEveryMs = 2 * 60_000;
const heardForMs = 5 * 60_000;
/** Users noted; for new ones the oldest of those who are offline are forgotten, or else the oldest of whom a service says it. Some 500 bytes each. */
const usersMax = 50_000;
/** Devices of a user, and rooms to be told. */
const devicesMax = 50;
const roomsMax = 5_000;
/** Changes that are found without looking at everybody. */
const recentMax = 4_096;

interface Contact {
  presence: 'online' | 'unavailable';
  /** Requests of /sync under way. */
  syncing: number;
  seenTs: number;
  /** An application service says it: it knows by itself when that ends. */
  readonly stays: boolean;
}

interface Entry {
  readonly userId: string;
  readonly contacts: Map<string, Contact>;
  readonly elsewhere: Map<string, { readonly presence: PresenceState; readonly untilTs: number }>;
  lastActiveTs: number;
  statusMsg?: string;
  statusTs: number;
  /** As it was told last. */
  presence: PresenceState;
  /** What this process told the others last, and when. */
  reported: PresenceState;
  reportedTs: number;
  serial: number;
  roomNids: ReadonlySet<number>;
  telling: boolean;
  isStale: boolean;
}

/** The presence of users as one process knows it. */
export class Presence {
  readonly #parts: PresenceParts;
  readonly #entries = new Map<string, Entry>();
  readonly #present = new Set<Entry>();
  /** Of whom an application service says it, the oldest first. */
  readonly #staying = new Set<Entry>();
  readonly #listeners = new Set<(userId: string, roomNids: ReadonlySet<number>) => void>();
  #recent: Entry[] = [];
  #rememberedAfter = 0;
  #serial: number;
  #sweep: Timer | undefined;
  #closed = false;

  constructor(parts: PresenceParts) {
    this.#parts = parts;
    this.#serial = parts.clock.now();
  }

  /** Number of the latest change that was told. */
  get serial(): number {
    return this.#serial;
  }

  /** Calls back after each change, with the rooms whose members are concerned. Returns the way to stop. */
  onChange(listener: (userId: string, roomNids: ReadonlySet<number>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A device begins to sync; `offline`: it does not want to be noticed. Returns what to call at the end. */
  syncing(userId: string, deviceId: string, presence: PresenceState): () => void {
    if (presence === 'offline') return () => {};
    const entry = this.#entry(userId);
    const before = entry?.contacts.get(deviceId)?.presence;
    const contact = entry === undefined ? undefined : this.#contact(entry, deviceId, { presence, stays: false });
    if (entry === undefined || contact === undefined) return () => {};
    if (presence === 'online' && before !== 'online') entry.lastActiveTs = this.#parts.clock.now();
    contact.syncing += 1;
    this.#update(entry);
    return () => {
      contact.syncing -= 1;
      contact.seenTs = this.#parts.clock.now();
    };
  }

  /** A user says how they are; what an application service says stays until it says otherwise. */
  set(
    who: { readonly userId: string; readonly deviceId: string; readonly stays: boolean },
    status: { readonly presence: PresenceState; readonly statusMsg?: string },
  ): void {
    const entry = this.#entry(who.userId);
    if (entry === undefined) return;
    const now = this.#parts.clock.now();
    if (status.presence === 'offline') entry.contacts.delete(who.deviceId);
    else this.#contact(entry, who.deviceId, { presence: status.presence, stays: who.stays });
    this.#staying.delete(entry);
    if ([...entry.contacts.values()].some(({ stays }) => stays)) this.#staying.add(entry);
    if (status.presence === 'online') entry.lastActiveTs = now;
    const isNewStatus = entry.statusMsg !== status.statusMsg;
    if (status.statusMsg === undefined) delete entry.statusMsg;
    else entry.statusMsg = status.statusMsg;
    entry.statusTs = now;
    this.#update(entry, isNewStatus);
  }

  /** A user did something. Costs a look into a map for those who are not noted. */
  active(userId: string): void {
    const entry = this.#entries.get(userId);
    if (entry === undefined || entry.presence === 'offline') return;
    entry.lastActiveTs = this.#parts.clock.now();
    if (entry.presence === 'unavailable') {
      for (const contact of entry.contacts.values()) if (!contact.stays) contact.presence = 'online';
      this.#update(entry);
    }
  }

  /** What another process sees of a user. */
  heard(processId: string, report: PresenceReport): void {
    const entry = this.#entry(report.userId);
    if (entry === undefined) return;
    const untilTs = this.#parts.clock.now() + heardForMs;
    if (report.presence === 'offline') entry.elsewhere.delete(processId);
    else entry.elsewhere.set(processId, { presence: report.presence, untilTs });
    entry.lastActiveTs = Math.max(entry.lastActiveTs, report.lastActiveTs);
    const isNewStatus = report.statusTs > entry.statusTs && report.statusMsg !== entry.statusMsg;
    if (report.statusTs > entry.statusTs) {
      entry.statusTs = report.statusTs;
      if (report.statusMsg === undefined) delete entry.statusMsg;
      else entry.statusMsg = report.statusMsg;
    }
    this.#settle(entry, isNewStatus);
  }

  /** The content of a user's m.presence; undefined for one who is not noted. */
  contentOf(userId: string): JsonObject | undefined {
    const entry = this.#entries.get(userId);
    if (entry === undefined) return undefined;
    const { presence, lastActiveTs, statusMsg } = entry;
    return {
      presence,
      ...(lastActiveTs === 0 ? {} : { last_active_ago: Math.max(0, this.#parts.clock.now() - lastActiveTs) }),
      ...(statusMsg === undefined ? {} : { status_msg: statusMsg }),
    };
  }

  /** Users whose presence changed after a number, in rooms of these. */
  changedSince(serial: number, roomNids: ReadonlySet<number>): string[] {
    if (serial >= this.#serial) return [];
    const entries = serial >= this.#rememberedAfter ? this.#recent : this.#entries.values();
    const found = new Set<string>();
    for (const entry of entries) {
      if (entry.serial > serial && meet(entry.roomNids, roomNids)) found.add(entry.userId);
    }
    return [...found];
  }

  /** Users who are not offline. */
  present(): string[] {
    return [...this.#present].map((entry) => entry.userId);
  }

  /** Ends its timer. */
  close(): void {
    this.#closed = true;
    this.#sweep?.cancel();
    this.#listeners.clear();
  }

  #entry(userId: string): Entry | undefined {
    const known = this.#entries.get(userId);
    if (known !== undefined) return known;
    if (this.#entries.size >= usersMax && !this.#forgetOne()) return undefined;
    const entry: Entry = {
      userId,
      contacts: new Map(),
      elsewhere: new Map(),
      lastActiveTs: 0,
      statusTs: 0,
      presence: 'offline',
      reported: 'offline',
      reportedTs: 0,
      serial: 0,
      roomNids: new Set(),
      telling: false,
      isStale: false,
    };
    this.#entries.set(userId, entry);
    return entry;
  }

  #forgetOne(): boolean {
    if (this.#present.size >= this.#entries.size) return this.#forgetStaying();
    for (const entry of this.#entries.values()) {
      if (!this.#present.has(entry)) return this.#entries.delete(entry.userId);
    }
    return false;
  }

  #forgetStaying(): boolean {
    const [oldest] = this.#staying;
    if (oldest === undefined) return false;
    this.#staying.delete(oldest);
    oldest.contacts.clear();
    this.#update(oldest); // others are told that they are offline
    this.#present.delete(oldest);
    return this.#entries.delete(oldest.userId);
  }

  #contact(entry: Entry, deviceId: string, as: Pick<Contact, 'presence' | 'stays'>): Contact | undefined {
    const seenTs = this.#parts.clock.now();
    const known = entry.contacts.get(deviceId);
    if (known !== undefined && known.stays === as.stays) return Object.assign(known, { presence: as.presence, seenTs });
    if (known === undefined && entry.contacts.size >= devicesMax) return undefined;
    const contact: Contact = { ...as, syncing: known?.syncing ?? 0, seenTs };
    entry.contacts.set(deviceId, contact);
    return contact;
  }

  /** Something of this process's own view may have changed. */
  #update(entry: Entry, isNews = false): void {
    this.#settle(entry, isNews);
    if (isNews || this.#own(entry) !== entry.reported) this.#report(entry);
  }

  #report(entry: Entry): void {
    const { userId, lastActiveTs, statusMsg, statusTs } = entry;
    entry.reported = this.#own(entry);
    entry.reportedTs = this.#parts.clock.now();
    const status = statusMsg === undefined ? {} : { statusMsg };
    this.#parts.publish({ userId, presence: entry.reported, lastActiveTs, ...status, statusTs });
  }

  /** What follows from all that is known; tells of it when it is other than before. */
  #settle(entry: Entry, isNews: boolean): void {
    const now = this.#parts.clock.now();
    const elsewhere = [...entry.elsewhere.values()].filter(({ untilTs }) => untilTs > now);
    const views = [this.#own(entry), ...elsewhere.map(({ presence }) => presence)];
    const presence = views.includes('online') ? 'online' : views.includes('unavailable') ? 'unavailable' : 'offline';
    const changed = isNews || presence !== entry.presence;
    entry.presence = presence;
    if (presence === 'offline') this.#present.delete(entry);
    else this.#present.add(entry);
    this.#sweepLater();
    if (changed) void this.#tell(entry);
  }

  /** What this process sees by itself. */
  #own(entry: Entry): PresenceState {
    const now = this.#parts.clock.now();
    let found: PresenceState = 'offline';
    for (const [deviceId, contact] of entry.contacts) {
      if (!contact.stays && contact.syncing === 0 && contact.seenTs + offlineAfterMs <= now) {
        entry.contacts.delete(deviceId);
        continue;
      }
      const isIdle = !contact.stays && entry.lastActiveTs + idleAfterMs <= now;
      if (contact.presence === 'online' && !isIdle) return 'online';
      found = 'unavailable';
    }
    return found;
  }

  async #tell(entry: Entry): Promise<void> {
    entry.isStale = true;
    if (entry.telling) return;
    entry.telling = true;
    while (entry.isStale && !this.#closed) {
      entry.isStale = false;
      // Without the database nobody can ask either; the next change tells.
      const rooms = await this.#parts.roomsOf(entry.userId).catch(() => undefined);
      if (rooms === undefined || this.#closed) break;
      entry.roomNids = new Set(rooms.slice(0, roomsMax));
      this.#serial = Math.max(this.#parts.clock.now(), this.#serial + 1);
      entry.serial = this.#serial;
      this.#remember(entry);
      for (const listener of this.#listeners) listener(entry.userId, entry.roomNids);
    }
    entry.telling = false;
  }

  #remember(entry: Entry): void {
    if (this.#recent.length >= recentMax) {
      // The older half goes; whoever asks from before it looks at everybody.
      const gone = this.#recent.splice(0, recentMax / 2);
      this.#rememberedAfter = Math.max(this.#rememberedAfter, ...gone.map(({ serial }) => serial));
    }
    this.#recent.push(entry);
  }

  #sweepLater(): void {
    if (this.#sweep !== undefined || this.#present.size === 0 || this.#closed) return;
    this.#sweep = this.#parts.clock.setTimer(sweepEveryMs, () => {
      this.#sweep = undefined;
      const now = this.#parts.clock.now();
      for (const entry of this.#present) {
        this.#update(entry);
        const isOwn = entry.contacts.size > 0;
        if (isOwn && entry.presence !== 'offline' && entry.reportedTs + repeatEveryMs <= now) this.#report(entry);
      }
      this.#sweepLater();
    });
  }
}

function meet(left: ReadonlySet<number>, right: ReadonlySet<number>): boolean {
  const [few, many] = left.size < right.size ? [left, right] : [right, left];
  for (const one of few) if (many.has(one)) return true;
  return false;
}
