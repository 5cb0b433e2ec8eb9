// `pons db check`: whether the tables agree with one another. Reads only, in one snapshot, so a running server may go on. What it
// finds is listed, never mended.
import { citedIds, type EventReference } from '@pons/spec';
import { openSession } from './session.ts';
import type { ConnectionTarget } from './connection.ts';
import { type Queryable, statement } from './database.ts';

/** Something that should not be. */
export interface Finding {
  /** What must hold. */
  readonly rule: string;
  /** Where it does not. */
  readonly where: string;
}

/** Findings listed for one rule. */
const findingsPerRuleMax = 20;
const eventsPerPage = 2_000;

// Each selects `place`, text that names where the rule is broken.
const rules: readonly { readonly rule: string; readonly broken: ReturnType<typeof statement> }[] = [
  {
    rule: 'no position is beyond the counter',
    broken: statement(
      'check.positions',
      `select place || ' ' || position as place from (
        select 'events' as place, max(position) as position from events
        union all select 'room_members', max(position) from room_members
        union all select 'account_data', max(position) from account_data
        union all select 'receipts', max(position) from receipts
        union all select 'to_device', max(position) from to_device
        union all select 'device_list_changes', max(position) from device_list_changes
        union all select 'profile_changes', max(position) from profile_changes) x
      where position > (select value from position) limit $1`,
    ),
  },
  {
    rule: 'every event has its text, every text its event',
    broken: statement(
      'check.event_json',
      `select coalesce(e.room_nid, j.room_nid) || '/' || coalesce(e.event_nid, j.event_nid) as place
      from events e full join event_json j on j.room_nid = e.room_nid and j.event_nid = e.event_nid
      where e.event_nid is null or j.event_nid is null limit $1`,
    ),
  },
  {
    rule: 'every room has its m.room.create in its state',
    broken: statement(
      'check.create',
      `select r.room_id as place from rooms r
      where r.state_version > 0 and not exists (
        select from room_state s join state_keys k using (key_nid) join events e on e.room_nid = s.room_nid and e.event_nid = s.event_nid
        where s.room_nid = r.room_nid and s.line = 0 and s.to_version is null and k.type = 'm.room.create' and k.state_key = '')
      limit $1`,
    ),
  },
  {
    rule: 'state points to events that are there and of that key',
    broken: statement(
      'check.state_events',
      `select s.room_nid || ' line ' || s.line || ' key ' || s.key_nid || ' from ' || s.from_version as place
      from room_state s left join events e on e.room_nid = s.room_nid and e.event_nid = s.event_nid
      where s.event_nid is not null and (e.event_nid is null or e.key_nid is distinct from s.key_nid) limit $1`,
    ),
  },
  {
    rule: 'the intervals of a state key follow one another, and the last is open',
    broken: statement(
      'check.state_intervals',
      `select room_nid || ' line ' || line || ' key ' || key_nid || ' from ' || from_version as place from (
        select *, lead(from_version) over (partition by room_nid, line, key_nid order by from_version) as next from room_state) s
      where to_version is distinct from next or to_version <= from_version limit $1`,
    ),
  },
  {
    rule: 'no state is newer than its room, no line is beyond the next one',
    broken: statement(
      'check.state_versions',
      `select r.room_id || ' line ' || s.line as place from rooms r join lateral (
          select line, max(from_version) as newest from room_state where room_nid = r.room_nid group by line) s on true
      where (s.line = 0 and s.newest > r.state_version) or s.line >= r.next_line
        or (s.line <> 0 and not exists (select from state_lines l where l.room_nid = r.room_nid and l.line = s.line))
      limit $1`,
    ),
  },
  {
    rule: 'members are those of the state',
    broken: statement(
      'check.members',
      `select r.room_id || ' ' || coalesce(m.user_id, k.state_key) as place
      from room_members m
      full join (select s.room_nid, k.state_key, s.event_nid from room_state s join state_keys k using (key_nid)
          where s.line = 0 and s.to_version is null and s.event_nid is not null and k.type = 'm.room.member') k
        on k.room_nid = m.room_nid and k.state_key = m.user_id
      join rooms r on r.room_nid = coalesce(m.room_nid, k.room_nid)
      where m.event_nid is distinct from k.event_nid limit $1`,
    ),
  },
  {
    rule: 'the counts of members are right',
    broken: statement(
      'check.counts',
      `select r.room_id || ' joined ' || r.joined || '/' || m.joined || ' invited ' || r.invited || '/' || m.invited as place
      from rooms r join lateral (
        select count(*) filter (where membership = 'join') as joined, count(*) filter (where membership = 'invite') as invited
        from room_members where room_nid = r.room_nid) m on true
      where r.joined <> m.joined or r.invited <> m.invited limit $1`,
    ),
  },
  {
    rule: 'a backup of room keys counts the keys in it',
    broken: statement(
      'check.key_backups',
      `select b.user_id || ' ' || b.version || ': ' || b.keys || '/' || k.keys as place from key_backups b
      join lateral (select count(*) as keys from key_backup_sessions s where s.user_id = b.user_id and s.version = b.version) k on true
      where b.keys <> k.keys limit $1`,
    ),
  },
];

const everyRoom = statement('check.rooms', 'select room_nid as "roomNid", room_id as "roomId", extremities from rooms');
const eventsOfRoom = statement(
  'check.events_of_room',
  `select e.event_nid as "eventNid", e.event_id as "eventId", e.depth, j.json
  from events e join event_json j using (room_nid, event_nid)
  where e.room_nid = $1 and e.event_nid > $2 and not (e.outlier or e.rejected or e.soft_failed)
    and e.order_minor >= 0 -- imported history hangs on the room, and nothing follows it
  order by e.event_nid limit $3`,
);

/**
 * Looks for what does not agree.
 *
 * @returns nothing when all is well; at most 20 places for each rule
 */
export async function checkDatabase(
  connection: ConnectionTarget,
  progress: (text: string) => void = () => {},
): Promise<Finding[]> {
  const session = await openSession(connection, () => {}, { limited: false });
  try {
    await session.query({ name: 'check.begin', text: 'begin isolation level repeatable read read only' });
    const findings: Finding[] = [];
    for (const { rule, broken } of rules) {
      progress(rule);
      const rows = await session.query<{ place: string }>(broken, [findingsPerRuleMax]);
      findings.push(...rows.map(({ place }) => ({ rule, where: place })));
    }
    progress(leavesRule);
    findings.push(...(await checkLeaves(session)));
    return findings;
  } finally {
    await session.close();
  }
}

const leavesRule = 'the extremities of a room are the events that nothing follows';

async function checkLeaves(session: Queryable): Promise<Finding[]> {
  const findings: Finding[] = [];
  const rooms = await session.query<{ roomNid: number; roomId: string; extremities: number[] }>(everyRoom);
  for (const { roomNid, roomId, extremities } of rooms) {
    const { leaves, newestGap } = await leavesOf(session, roomNid);
    // What followed an event that is older than a gap may have been in the gap (purged history, history of other servers).
    const isWrong = [...leaves].some(([eventNid, depth]) => depth >= newestGap && !extremities.includes(eventNid));
    const isRight = !isWrong && extremities.every((eventNid) => leaves.has(eventNid));
    if (!isRight && findings.length < findingsPerRuleMax) findings.push({ rule: leavesRule, where: roomId });
  }
  return findings;
}

/**
 * Walks a room once; in memory is only what nothing has followed yet, and what was followed before it came.
 *
 * @returns events that nothing follows with their depths; the depth of the newest event that follows one which is not there
 */
async function leavesOf(
  session: Queryable,
  roomNid: number,
): Promise<{ readonly leaves: ReadonlyMap<number, number>; readonly newestGap: number }> {
  const unfollowed = new Map<string, { readonly eventNid: number; readonly depth: number }>();
  const early = new Map<string, number>();
  for (let after = 0; ; ) {
    const page = await session.query<{ eventNid: number; eventId: string; depth: number; json: string }>(eventsOfRoom, [
      roomNid,
      after,
      eventsPerPage,
    ]);
    for (const { eventNid, eventId, depth, json } of page) {
      if (!early.delete(eventId)) unfollowed.set(eventId, { eventNid, depth });
      const { prev_events: prevEvents = [] } = JSON.parse(json) as { prev_events?: EventReference[] };
      for (const prevEvent of citedIds(prevEvents))
        if (!unfollowed.delete(prevEvent)) early.set(prevEvent, Math.max(depth, early.get(prevEvent) ?? 0));
      after = eventNid;
    }
    if (page.length < eventsPerPage) {
      const leaves = new Map([...unfollowed.values()].map(({ eventNid, depth }) => [eventNid, depth]));
      return { leaves, newestGap: Math.max(0, ...early.values()) };
    }
  }
}
