// Members of a room: as they are now from the table of memberships, as they were at a place from the state there.
import type { Pdu } from '@pons/spec';
import type { Queryable } from '../storage/database.ts';
import { eventsBackwards, eventsByNids, type HistoryPlace, type TimelineRow } from '../storage/tables/events.ts';
import { membersOf } from '../storage/tables/room-members.ts';
import { keyValuesAt, type StatePlace } from '../storage/tables/room-state.ts';
import { stateEventsAt } from './current-state.ts';

/** All memberships that there are. */
const memberships = ['join', 'invite', 'knock', 'leave', 'ban'];

/** Which memberships are wanted. */
export interface MembershipFilter {
  readonly is?: string | undefined;
  readonly isNot?: string | undefined;
}

/** Membership events of a room now. */
export async function memberEventsNow(
  db: Queryable,
  roomNid: number,
  filter: MembershipFilter,
): Promise<TimelineRow[]> {
  const wanted = memberships.filter((membership) => isWanted(membership, filter));
  const members = await membersOf(db, roomNid, wanted);
  return eventsByNids(
    db,
    roomNid,
    members.map((member) => member.eventNid),
  );
}

/** Membership events of a room at a place of its state. */
export async function memberEventsAt(
  db: Queryable,
  roomNid: number,
  place: StatePlace,
  filter: MembershipFilter,
): Promise<TimelineRow[]> {
  const found: TimelineRow[] = [];
  for await (const page of stateEventsAt(db, roomNid, place)) {
    for (const row of page) {
      if (row.type !== 'm.room.member') continue;
      const { content } = JSON.parse(row.json) as { content: { membership?: unknown } };
      if (isWanted(typeof content.membership === 'string' ? content.membership : '', filter)) found.push(row);
    }
  }
  return found;
}

/** Membership events of some users at a place of the state. */
export async function memberEventsOf(
  db: Queryable,
  roomNid: number,
  place: StatePlace,
  userIds: readonly string[],
): Promise<TimelineRow[]> {
  const keys = userIds.map((stateKey) => ({ type: 'm.room.member', stateKey }));
  const values = await keyValuesAt(db, roomNid, [place], keys);
  return eventsByNids(
    db,
    roomNid,
    values.map((value) => value.eventNid),
  );
}

/**
 * Membership events of the senders of a page: as they were at its first event. Who speaks only in imported history, which has members of
 * its own, as they were in that.
 */
export async function sendersOf(db: Queryable, roomNid: number, page: readonly TimelineRow[]): Promise<TimelineRow[]> {
  const members = new Map<string, TimelineRow>();
  for (const rows of Map.groupBy(page, (row) => row.line).values()) {
    const [first] = rows;
    if (first === undefined) continue;
    const senders = [...new Set(rows.map((row) => row.sender))].filter((sender) => !members.has(sender));
    for (const member of await memberEventsOf(db, roomNid, placeBefore(first), senders)) {
      members.set((JSON.parse(member.json) as Pdu).state_key ?? '', member);
    }
  }
  return [...members.values()];
}

function placeBefore({ line, stateVersion: version }: TimelineRow): StatePlace {
  return { line, version };
}

/** Joined members with the names that they have in the room. */
export async function joinedMembers(
  db: Queryable,
  roomNid: number,
): Promise<{ readonly userId: string; readonly displayname: string | null; readonly avatarUrl: string | null }[]> {
  return membersOf(db, roomNid, ['join']);
}

/** The state just after the last event at or before a place of the history. */
export async function statePlaceAt(
  db: Queryable,
  roomNid: number,
  place: HistoryPlace,
): Promise<StatePlace | undefined> {
  const [last] = await eventsBackwards(db, roomNid, { from: place, limit: 1 });
  return last === undefined ? undefined : stateAfter(last);
}

/** The state just after an event; where that came from elsewhere, the room's as it was then. */
export function stateAfter(row: Pick<TimelineRow, 'line' | 'stateVersion' | 'currentVersion' | 'keyNid'>): StatePlace {
  const { currentVersion } = row;
  const at = currentVersion === null ? row : { line: 0, stateVersion: currentVersion };
  return { line: at.line, version: at.stateVersion + (row.keyNid === null ? 0 : 1) };
}

function isWanted(membership: string, { is, isNot }: MembershipFilter): boolean {
  return (is === undefined || membership === is) && (isNot === undefined || membership !== isNot);
}
