// The summary of a room: how many members, and, where it has no name of its own, its heroes, from whom clients make one up. Sent to
// clients that do not know the room yet and whenever a membership or the name is among the news.
// https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3sync

import type { JsonObject } from '@pons/spec';
import type { Queryable } from '../storage/database.ts';
import { streamHeroes, streamStateKeys, type StreamStateRow } from '../storage/tables/stream.ts';
import type { RoomWindow } from './room-window.ts';
import type { Timeline } from './timeline-section.ts';

const heroesMax = 5;
const names = ['m.room.name', 'm.room.canonical_alias'] as const;
const summaryTypes: readonly string[] = ['m.room.member', ...names];

/** Heroes of the rooms whose summary is due and that have no name, and all rooms whose summary is due. */
export interface Summaries {
  readonly due: ReadonlySet<number>;
  readonly heroes: ReadonlyMap<number, readonly string[]>;
}

/** Reads what the summaries of some rooms need. */
export async function readSummaries(db: Queryable, viewer: string, due: readonly RoomWindow[]): Promise<Summaries> {
  const named = await namedRooms(db, due);
  const unnamed = due.map(({ room }) => room).filter((room) => !named.has(room.roomNid));
  const [deserted, present] = [true, false].map((isDeserted) =>
    unnamed.filter((room) => room.joined + room.invited <= 1 === isDeserted).map((room) => room.roomNid),
  ) as [number[], number[]];
  const members = Map.groupBy(await streamHeroes(db, { present, deserted }, viewer, heroesMax), (row) => row.roomNid);
  const heroes = unnamed.map(({ roomNid }): [number, string[]] => [
    roomNid,
    (members.get(roomNid) ?? []).map((row) => row.userId),
  ]);
  return { due: new Set(due.map(({ room }) => room.roomNid)), heroes: new Map(heroes) };
}

/** Whether the summary of a room is due before anything of it is read: the client does not know the room. */
export function isDueAtOnce({ isNew, section }: RoomWindow): boolean {
  return isNew && section === 'join';
}

/** Whether it is due for what the response tells of the room. */
export function isDueFor(
  { room, section }: RoomWindow,
  timelines: ReadonlyMap<number, Timeline>,
  state: ReadonlyMap<number, readonly StreamStateRow[]>,
): boolean {
  if (section !== 'join') return false;
  const changes = (timelines.get(room.roomNid)?.rows ?? []).filter((row) => row.keyNid !== null);
  return [...changes, ...(state.get(room.roomNid) ?? [])].some(({ type }) => summaryTypes.includes(type));
}

/** The summary of one room; undefined when nothing of it changed. */
export function summarySection({ room }: RoomWindow, summaries: Summaries): JsonObject | undefined {
  if (!summaries.due.has(room.roomNid)) return undefined;
  const heroes = summaries.heroes.get(room.roomNid);
  return {
    ...(heroes === undefined ? {} : { 'm.heroes': [...heroes] }),
    'm.joined_member_count': room.joined,
    'm.invited_member_count': room.invited,
  };
}

async function namedRooms(db: Queryable, windows: readonly RoomWindow[]): Promise<ReadonlySet<number>> {
  const keys = windows.flatMap(({ room }) =>
    names.map((type) => ({ roomNid: room.roomNid, line: 0, version: room.stateVersion, type, stateKey: '' })),
  );
  const values = await streamStateKeys(db, keys);
  const named = new Set<number>();
  for (const row of values.values()) {
    const { content } = JSON.parse(row.json) as { content: JsonObject };
    if (Boolean(content['name']) || Boolean(content['alias'])) named.add(row.roomNid);
  }
  return named;
}
