// What must hold between the tables, as data: each rule in plain words, and a statement that finds where it is broken. check.ts runs them.

import { type Statement, statement } from './database.ts';

/** Something that must hold. */
export interface CheckRule {
  readonly rule: string;
  /**
   * Selects `place`, text that names where it does not. Parameters: rows at most; before that, where the rule is one of rooms, the rooms
   * (room_nid) that are looked at.
   */
  readonly broken: Statement;
}

function ofRooms(name: string, rule: string, sql: string): CheckRule {
  return { rule, broken: statement(`check.${name}`, `${sql} limit $2`) };
}

/** Rules of a room, checked for some rooms at a time. */
export const roomRules: readonly CheckRule[] = [
  ofRooms(
    'event_json',
    'every event has its text, every text its event',
    `select coalesce(e.room_nid, j.room_nid) || '/' || coalesce(e.event_nid, j.event_nid) as place
      from (select room_nid, event_nid from events where room_nid = any($1)) e
      full join (select room_nid, event_nid from event_json where room_nid = any($1)) j
        on j.room_nid = e.room_nid and j.event_nid = e.event_nid
      where e.event_nid is null or j.event_nid is null`,
  ),
  ofRooms(
    'create',
    'every room has its m.room.create in its state',
    `select r.room_id as place from rooms r
      where r.room_nid = any($1) and r.state_version > 0 and not exists (
        select from state_keys k join room_state s on s.room_nid = r.room_nid and s.line = 0 and s.key_nid = k.key_nid
          join events e on e.room_nid = s.room_nid and e.event_nid = s.event_nid
        where s.to_version is null and k.type = 'm.room.create' and k.state_key = '')`,
  ),
  ofRooms(
    'state_events',
    'state points to events that are there and of that key',
    `select s.room_nid || ' line ' || s.line || ' key ' || s.key_nid || ' from ' || s.from_version as place
      from room_state s left join events e on e.room_nid = s.room_nid and e.event_nid = s.event_nid
      where s.room_nid = any($1) and s.event_nid is not null and (e.event_nid is null or e.key_nid is distinct from s.key_nid)`,
  ),
  ofRooms(
    'state_rejected',
    'no rejected event is in a state',
    `select r.room_id || ' ' || e.event_id as place
      from room_state s join events e on e.room_nid = s.room_nid and e.event_nid = s.event_nid join rooms r on r.room_nid = s.room_nid
      where s.room_nid = any($1) and e.rejected`,
  ),
  ofRooms(
    'state_intervals',
    'the intervals of a state key follow one another, and the last is open',
    `select room_nid || ' line ' || line || ' key ' || key_nid || ' from ' || from_version as place from (
        select *, lead(from_version) over (partition by room_nid, line, key_nid order by from_version) as next
        from room_state where room_nid = any($1)) s
      where to_version is distinct from next or to_version <= from_version`,
  ),
  ofRooms(
    'state_versions',
    'no state is newer than its room, no line is beyond the next one',
    `select r.room_id || ' line ' || s.line as place from rooms r join lateral (
        select line, max(from_version) as newest from room_state where room_nid = r.room_nid group by line) s on true
      where r.room_nid = any($1) and ((s.line = 0 and s.newest > r.state_version) or s.line >= r.next_line
        or (s.line <> 0 and not exists (select from state_lines l where l.room_nid = r.room_nid and l.line = s.line)))`,
  ),
  ofRooms(
    'event_places',
    'the state before an event is one that the room has or had',
    `select r.room_id || ' ' || e.event_id as place from rooms r join events e on e.room_nid = r.room_nid
      where r.room_nid = any($1) and not e.outlier and (e.current_version > r.state_version or case
        when e.line = 0 then e.state_version > r.state_version
        else not exists (select from state_lines l where l.room_nid = e.room_nid and l.line = e.line) end)`,
  ),
  ofRooms(
    'members',
    'members are those of the state',
    `select r.room_id || ' ' || coalesce(m.user_id, k.state_key) as place
      from (select room_nid, user_id, event_nid from room_members where room_nid = any($1)) m
      full join (select s.room_nid, k.state_key, s.event_nid from room_state s join state_keys k using (key_nid)
          where s.room_nid = any($1) and s.line = 0 and s.to_version is null and s.event_nid is not null and k.type = 'm.room.member') k
        on k.room_nid = m.room_nid and k.state_key = m.user_id
      join rooms r on r.room_nid = coalesce(m.room_nid, k.room_nid)
      where m.event_nid is distinct from k.event_nid`,
  ),
  ofRooms(
    'counts',
    'the counts of members are right',
    `select r.room_id || ' joined ' || r.joined || '/' || m.joined || ' invited ' || r.invited || '/' || m.invited as place
      from rooms r join lateral (
        select count(*) filter (where membership = 'join') as joined, count(*) filter (where membership = 'invite') as invited
        from room_members where room_nid = r.room_nid) m on true
      where r.room_nid = any($1) and (r.joined <> m.joined or r.invited <> m.invited)`,
  ),
  ofRooms(
    'extremities',
    'the extremities of a room are events that it shows',
    `select r.room_id || ' ' || x.event_nid as place from rooms r cross join unnest(r.extremities) as x (event_nid)
      left join events e on e.room_nid = r.room_nid and e.event_nid = x.event_nid
      where r.room_nid = any($1) and (e.event_nid is null or e.outlier or e.rejected or e.soft_failed)`,
  ),
  ofRooms(
    'depth',
    'a room is as deep as its deepest extremity',
    `select r.room_id || ' ' || r.depth || '/' || e.depth as place from rooms r join lateral (
        select max(depth) as depth from events where room_nid = r.room_nid and event_nid = any(r.extremities)) e on true
      where r.room_nid = any($1) and r.depth <> e.depth`,
  ),
  ofRooms(
    'order',
    'no two events are at the same place of a room, or at the same position',
    `select r.room_id || ' ' || e.major || '.' || e.minor as place from rooms r join (
        select room_nid, order_major as major, order_minor as minor from events where room_nid = any($1) and position is not null
          group by 1, 2, 3 having count(*) > 1
        union all
        select room_nid, position, 0 from events where room_nid = any($1) and position is not null
          group by 1, 2 having count(*) > 1) e on e.room_nid = r.room_nid
      where r.room_nid = any($1)`,
  ),
  ofRooms(
    'relations',
    'a relation belongs to an event that is there',
    `select r.room_id || ' ' || l.event_nid || ' to ' || l.relates_to as place
      from event_relations l join rooms r on r.room_nid = l.room_nid
      left join events e on e.room_nid = l.room_nid and e.event_nid = l.event_nid
      where l.room_nid = any($1) and e.event_nid is null`,
  ),
  ofRooms(
    'auth_events',
    'what authorises a state event is there',
    `select r.room_id || ' ' || e.event_id || ' cites ' || a.auth_event_id as place
      from event_auth a join rooms r on r.room_nid = a.room_nid
      left join events e on e.room_nid = a.room_nid and e.event_nid = a.event_nid
      left join events cited on cited.room_nid = a.room_nid and cited.event_id = a.auth_event_id
      where a.room_nid = any($1) and (e.event_nid is null or (cited.event_nid is null and not e.outlier and not e.rejected))`,
  ),
  ofRooms(
    'auth_chains',
    'the events of an auth chain follow one another, and its links lead to events',
    `select r.room_id || ' chain ' || x.chain || ' at ' || x.seq as place from rooms r join (
        select e.room_nid, e.auth_chain as chain, e.auth_chain_seq as seq from events e
          where e.room_nid = any($1) and e.auth_chain is not null and e.auth_chain_seq > 1 and not exists (
            select from events b where b.room_nid = e.room_nid and b.auth_chain = e.auth_chain and b.auth_chain_seq = e.auth_chain_seq - 1)
        union all
        select l.room_nid, l.to_chain, l.to_seq from auth_chain_links l
          where l.room_nid = any($1) and not exists (
            select from events b where b.room_nid = l.room_nid and b.auth_chain = l.to_chain and b.auth_chain_seq = l.to_seq)) x
        on x.room_nid = r.room_nid
      where r.room_nid = any($1)`,
  ),
  ofRooms(
    'batch_points',
    'imported history goes in at an event that is there',
    `select r.room_id || ' ' || b.event_nid as place from batch_points b join rooms r on r.room_nid = b.room_nid
      left join events e on e.room_nid = b.room_nid and e.event_nid = b.event_nid
      where b.room_nid = any($1) and e.event_nid is null`,
  ),
  ofRooms(
    'numbers',
    'no number is beyond the sequence',
    `select r.room_id || ' ' || e.newest as place from rooms r join lateral (
        select greatest(r.room_nid, max(event_nid)) as newest from events where room_nid = r.room_nid) e on true
      where r.room_nid = any($1) and e.newest >= (select last_value + 1000 from nids)`,
  ),
];

// Rooms of a table one by one by its index, however many rows each has.
const orphans = (table: string) => `(with recursive r as (
    (select room_nid from ${table} where room_nid > 0 order by room_nid limit 1)
    union all
    select (select t.room_nid from ${table} t where t.room_nid > r.room_nid order by t.room_nid limit 1) from r where r.room_nid is not null)
  select '${table} ' || r.room_nid as place from r
  where r.room_nid is not null and not exists (select from rooms x where x.room_nid = r.room_nid)
    and not exists (select from room_purges x where x.room_nid = r.room_nid and x.before_major is null))`;

/** Tables whose rows belong to a room by the first column of an index. */
const roomTables = [
  'events',
  'event_json',
  'event_auth',
  'room_state',
  'room_members',
  'member_removals',
  'event_relations',
  'room_aliases',
  'batch_points',
];

/** Tables whose rows take a position of the stream. */
const positioned = [
  'events',
  'account_data',
  'receipts',
  'ephemeral_events',
  'to_device',
  'device_list_changes',
  'profile_changes',
];

/** Tables whose rows have the position of the event that made them. */
const placedByEvents = ['room_members', 'member_removals'];

/** Rules of the whole database, looked at in one go. */
export const databaseRules: readonly CheckRule[] = [
  {
    rule: 'no position is beyond the counter',
    broken: statement(
      'check.positions',
      `select place || ' ' || position as place from (${[...positioned, ...placedByEvents]
        .map((table) => `select '${table}' as place, max(position) as position from ${table}`)
        .join(' union all ')}) x
      where position > (select value from position) limit $1`,
    ),
  },
  {
    rule: 'everything of a room has its room',
    broken: statement('check.rooms_of', `${roomTables.map(orphans).join(' union all ')} limit $1`),
  },
  {
    // Who of the members is in a namespace is not for SQL to say: fewer than it counts they cannot be.
    rule: 'an application service counts no more of its users in a room than local users have joined it',
    broken: statement(
      'check.interest',
      `select r.room_id || ' ' || i.appservice_id || ': ' || i.members || '/' || m.members as place
      from appservice_interest i join appservice_cursors c on c.appservice_id = i.appservice_id
      join rooms r on r.room_nid = i.room_nid
      join lateral (select count(*) as members from room_members m where m.room_nid = i.room_nid and m.local
        and m.membership = 'join') m on true
      -- what was counted before invitations stopped counting is counted anew when it is next followed
      where i.members > m.members and c.counted_for like 'joined:%' and not exists (
        -- the count is of where the cursor is
        select from events e where e.room_nid = i.room_nid and e.order_major > c.counted_at and e.position > c.counted_at) limit $1`,
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

/** Rules that read all of the largest tables: for a check that somebody waits for. */
export const thoroughRules: readonly CheckRule[] = [
  {
    rule: 'no position is taken twice',
    broken: statement(
      'check.positions_unique',
      `select 'position ' || position as place from (${positioned
        .map((table) => `select position from ${table} where position is not null`)
        .join(' union all ')}) x
      group by position having count(*) > 1 limit $1`,
    ),
  },
];

/** All rules in plain words, those of the walk (check-events.ts) included. */
export const walkRules = {
  leaves: 'the extremities of a room are the events that nothing follows',
  rows: 'the row of an event says what its text says',
  ids: 'the id of an event is the hash of its text',
  hashes: 'an event is whole, or redacted',
  memberships: 'a membership is what its event says',
} as const;
