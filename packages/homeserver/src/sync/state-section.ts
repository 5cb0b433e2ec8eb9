// The state of all rooms of a response: whole for a room the client does not know, else what changed between its token and the start of
// the timeline (which is nothing unless the timeline is limited), or its end with `use_state_after`. Without it what changed further on and
// the timeline does not show is told here as well: what a merge of forks came to has no event of its own there. Versions make this range
// reads for all rooms together (decision D15); with lazy-loading one more for the members that the timeline needs.
// https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3sync

import type { JsonObject } from '@pons/spec';
import { erasedCopies } from '../rooms/erased-copies.ts';
import type { Queryable } from '../storage/database.ts';
import {
  type StateKeyAt,
  streamStateDelta,
  streamStateKeys,
  type StreamStateRow,
  streamWholeState,
} from '../storage/tables/stream.ts';
import { contentPasses, eventPasses, roomPasses, timelineSelection } from './filter.ts';
import type { SentMembers } from './lazy-members.ts';
import type { RoomWindow } from './room-window.ts';
import { eventFor, type Reading } from './sync-request.ts';
import type { Timeline } from './timeline-section.ts';

/** Reads the state that the rooms' sections show, by room number. */
export async function readState(
  db: Queryable,
  reading: Reading,
  windows: readonly RoomWindow[],
  timelines: ReadonlyMap<number, Timeline>,
): Promise<ReadonlyMap<number, readonly StreamStateRow[]>> {
  const { filter, fullState, useStateAfter } = reading.request;
  const wanted = windows.filter(({ room, showsState }) => showsState && roomPasses(filter.state, room.roomId));
  const versionOf = (roomNid: number) => {
    const timeline = timelines.get(roomNid);
    return (useStateAfter ? timeline?.endVersion : timeline?.startVersion) ?? 0;
  };
  const whole = wanted.filter(({ isNew }) => isNew || fullState);
  const isPicked = Object.values(timelineSelection(filter.timeline)).some((list) => list !== null);
  const isAsked = (window: RoomWindow) =>
    isPicked || !roomPasses(filter.timeline, window.room.roomId) || mayHaveChanged(window, timelines, useStateAfter);
  const changed = wanted.filter((window) => !whole.includes(window) && isAsked(window));
  const [wholeRows, changedRows, unshown] = await Promise.all([
    streamWholeState(
      db,
      whole.map(({ room }) => ({ roomNid: room.roomNid, version: versionOf(room.roomNid) })),
      !filter.state.lazyLoadMembers,
    ),
    streamStateDelta(
      db,
      changed.map(({ room, after }) => ({ roomNid: room.roomNid, since: after, version: versionOf(room.roomNid) })),
    ),
    useStateAfter ? [] : readUnshown(db, wanted, timelines),
  ]);
  const later = new Set(unshown.map(({ roomNid, keyNid }) => `${roomNid} ${keyNid}`));
  const before = [...wholeRows, ...changedRows].filter(({ roomNid, keyNid }) => !later.has(`${roomNid} ${keyNid}`));
  return Map.groupBy(await readable(db, reading, wanted, [...before, ...unshown]), (row) => row.roomNid);
}

// What changed from the start of the timelines to their end and is not in them.
async function readUnshown(
  db: Queryable,
  windows: readonly RoomWindow[],
  timelines: ReadonlyMap<number, Timeline>,
): Promise<StreamStateRow[]> {
  const stretches = windows.flatMap(({ room: { roomNid } }) => {
    const timeline = timelines.get(roomNid);
    if (timeline === undefined) return [];
    const { startVersion, endVersion, rows } = timeline;
    // A state event at the end of the room makes one version.
    const shown = rows.filter(
      ({ keyNid, line, currentVersion }) => keyNid !== null && line === 0 && currentVersion === null,
    );
    return endVersion - startVersion > shown.length
      ? [{ roomNid, fromVersion: startVersion, version: endVersion }]
      : [];
  });
  const rows = await streamStateDelta(db, stretches);
  const isShown = ({ roomNid, eventId }: StreamStateRow) =>
    timelines.get(roomNid)?.rows.some((row) => row.eventId === eventId) ?? false;
  return rows.filter((row) => !isShown(row));
}

/** Member events that lazy-loading owes: senders, the viewer where the whole state is shown, and heroes; without what the client has. */
export async function readLazyMembers(
  db: Queryable,
  reading: Reading,
  rooms: {
    readonly windows: readonly RoomWindow[];
    readonly timelines: ReadonlyMap<number, Timeline>;
    readonly state: ReadonlyMap<number, readonly StreamStateRow[]>;
    readonly heroes: ReadonlyMap<number, readonly string[]>;
  },
  sent: SentMembers,
): Promise<ReadonlyMap<number, readonly StreamStateRow[]>> {
  const { filter, userId, deviceId, since, fullState, useStateAfter } = reading.request;
  if (!filter.state.lazyLoadMembers) return new Map();
  const device = `${userId} ${deviceId ?? ''}`;
  if (since === undefined) sent.forget(device);
  const keys: StateKeyAt[] = [];
  for (const { room, isNew, showsState } of rooms.windows) {
    const { roomNid, roomId } = room;
    const timeline = rooms.timelines.get(roomNid);
    if (timeline === undefined || !showsState || !roomPasses(filter.state, roomId)) continue;
    const members = new Set(timeline.rows.map((row) => row.sender));
    if (isNew || fullState) members.add(userId);
    for (const hero of rooms.heroes.get(roomNid) ?? []) members.add(hero);
    const version = useStateAfter ? timeline.endVersion : timeline.startVersion;
    for (const stateKey of members) keys.push({ roomNid, line: 0, version, type: 'm.room.member', stateKey });
  }
  const values = await streamStateKeys(db, keys);
  const owed = [...values].flatMap(([index, row]) => {
    const member = { roomNid: row.roomNid, userId: keys[index]?.stateKey ?? '', eventId: row.eventId };
    const has = since !== undefined && sent.has(device, member, since.position);
    if (has && !filter.state.includeRedundantMembers) return [];
    sent.add(device, member, reading.position);
    const shown = rooms.state.get(row.roomNid)?.some((other) => other.eventId === row.eventId) ?? false;
    return shown ? [] : [row];
  });
  return Map.groupBy(await readable(db, reading, rooms.windows, owed), (row) => row.roomNid);
}

// As redacted copies where their senders were erased.
function readable(
  db: Queryable,
  { request: { userId } }: Reading,
  windows: readonly RoomWindow[],
  rows: readonly StreamStateRow[],
): Promise<readonly StreamStateRow[]> {
  const rules = new Map(windows.map((window) => [window.room.roomNid, window.rules]));
  return erasedCopies(db, rows, { userId, rulesOf: (roomNid) => rules.get(roomNid) });
}

const nothingElse = { transactionKey: null, replacesId: null, replacesJson: null };

/** The events of `state` or `state_after` of one room. */
export function stateEvents(reading: Reading, { rules }: RoomWindow, rows: readonly StreamStateRow[]): JsonObject[] {
  const filter = reading.request.filter.state;
  return rows
    .filter((row) => eventPasses(filter, row) && passesByContent(reading, row))
    .map((row) => eventFor(reading, { ...row, ...nothingElse }, { rules }));
}

/**
 * Without a gap nothing changed before the timeline, and after its start only what it shows. (Where the filter picks from the timeline,
 * it may hide changes: then the database is asked.)
 */
function mayHaveChanged(
  { room }: RoomWindow,
  timelines: ReadonlyMap<number, Timeline>,
  useStateAfter: boolean,
): boolean {
  const timeline = timelines.get(room.roomNid);
  if (timeline === undefined) return false;
  return timeline.limited || (useStateAfter && timeline.endVersion > timeline.startVersion);
}

function passesByContent(reading: Reading, row: StreamStateRow): boolean {
  const filter = reading.request.filter.state;
  if (filter.containsUrl === undefined) return true;
  return contentPasses(filter, (JSON.parse(row.json) as { content: JsonObject }).content);
}
