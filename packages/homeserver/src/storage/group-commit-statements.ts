// What the door can write: a section for each table, a CTE that takes only rows whose guard is in `g`. group-commit-variants.ts
// makes statements of them.
import type { ColumnType } from './group-commit-arrays.ts';
import { keySections } from './group-commit-keys.ts';

/** A table's part in the door's statement. */
export interface Section {
  readonly columns: Readonly<Record<string, ColumnType>>;
  /** @param from `from g, unnest(…) as t(…)`, for new and bumped rooms without g */
  sql(from: string): string;
  /** Dearer rows are the exception: for rows that are known to be the first of their keys. */
  sqlOfFirst?(from: string): string;
}

const guarded = 'where t.guard = any(g.rooms)';

const insertMembers = `insert into room_members (room_nid, user_id, membership, event_nid, sender, local, displayname, avatar_url, position)
      select t.guard, t.user_id, t.membership, t.event_nid, t.sender, t.local, t.displayname, t.avatar_url, g.base + t.at`;

/** What the door can write, in the order in which it is written. */
export const sections = {
  rooms: {
    columns: {
      room_nid: 'bigint',
      built_on: 'bigint',
      state_version: 'bigint',
      extremities: 'text',
      depth: 'bigint',
      joined: 'bigint',
      invited: 'bigint',
      next_line: 'bigint',
      published: 'boolean',
    },
    sql: (from) => `r as (update rooms set version = rooms.version + 1, state_version = t.state_version,
        extremities = t.extremities::bigint[], depth = t.depth, joined = t.joined, invited = t.invited,
        next_line = t.next_line, published = coalesce(t.published, rooms.published)
      ${from} where rooms.room_nid = t.room_nid and rooms.version = t.built_on and p.base is not null
      returning rooms.room_nid)`,
  },
  newRooms: {
    columns: {
      room_nid: 'bigint',
      room_id: 'text',
      room_version: 'text',
      state_version: 'bigint',
      extremities: 'text',
      depth: 'bigint',
      joined: 'bigint',
      invited: 'bigint',
      next_line: 'bigint',
      published: 'boolean',
    },
    sql: (
      from,
    ) => `c as (insert into rooms (room_nid, room_id, room_version, version, state_version, extremities, depth, joined,
        invited, next_line, published)
      select t.room_nid, t.room_id, t.room_version, 0, t.state_version, t.extremities::bigint[], t.depth, t.joined, t.invited,
        t.next_line, coalesce(t.published, false) ${from} where p.base is not null returning room_nid)`,
  },
  events: {
    columns: {
      guard: 'bigint',
      event_nid: 'bigint',
      event_id: 'text',
      at: 'bigint',
      type: 'text',
      sender: 'text',
      depth: 'bigint',
      origin_server_ts: 'bigint',
      state_version: 'bigint',
      transaction_key: 'text',
      trace: 'text',
    },
    sql: (
      from,
    ) => `e as (insert into events (room_nid, event_nid, event_id, position, order_major, order_minor, type, sender, depth,
        origin_server_ts, line, state_version, transaction_key, trace)
      select t.guard, t.event_nid, t.event_id, g.base + t.at, g.base + t.at, 0, t.type, t.sender, t.depth, t.origin_server_ts, 0,
        t.state_version, t.transaction_key, t.trace ${from} ${guarded})`,
  },
  fullEvents: {
    columns: {
      guard: 'bigint',
      event_nid: 'bigint',
      event_id: 'text',
      at: 'bigint',
      order_major: 'bigint',
      order_minor: 'bigint',
      type: 'text',
      sender: 'text',
      key_nid: 'bigint',
      depth: 'bigint',
      origin_server_ts: 'bigint',
      line: 'bigint',
      state_version: 'bigint',
      outlier: 'boolean',
      rejected: 'boolean',
      soft_failed: 'boolean',
      redacted_by: 'bigint',
      auth_chain: 'bigint',
      auth_chain_seq: 'bigint',
      transaction_key: 'text',
      trace: 'text',
      bulk_by: 'text',
      current_version: 'bigint',
    },
    sql: (
      from,
    ) => `ef as (insert into events (room_nid, event_nid, event_id, position, order_major, order_minor, type, sender, key_nid,
        depth, origin_server_ts, line, state_version, outlier, rejected, soft_failed, redacted_by, auth_chain, auth_chain_seq,
        transaction_key, trace, bulk_by, current_version)
      select t.guard, t.event_nid, t.event_id, g.base + t.at, coalesce(t.order_major, g.base + t.at, 0), t.order_minor, t.type,
        t.sender, t.key_nid, t.depth, t.origin_server_ts, t.line, t.state_version, t.outlier, t.rejected, t.soft_failed,
        t.redacted_by, t.auth_chain, t.auth_chain_seq, t.transaction_key, t.trace, t.bulk_by,
        t.current_version ${from} ${guarded})`,
  },
  // An outlier that has turned out to be an event of the room's history: it gets its place, and a position if it is news.
  placedEvents: {
    columns: {
      guard: 'bigint',
      event_nid: 'bigint',
      at: 'bigint',
      line: 'bigint',
      state_version: 'bigint',
      current_version: 'bigint',
      rejected: 'boolean',
      soft_failed: 'boolean',
    },
    sql: (
      from,
    ) => `ep as (update events set position = g.base + t.at, order_major = coalesce(g.base + t.at, 0), outlier = false,
        line = t.line, state_version = t.state_version, current_version = t.current_version, rejected = t.rejected,
        soft_failed = t.soft_failed
      ${from} ${guarded} and events.room_nid = t.guard and events.event_nid = t.event_nid and events.outlier)`,
  },
  eventJson: {
    columns: { guard: 'bigint', event_nid: 'bigint', json: 'text' },
    sql: (from) => `j as (insert into event_json (room_nid, event_nid, json)
      select t.guard, t.event_nid, t.json ${from} ${guarded})`,
  },
  clientTransactions: {
    columns: {
      guard: 'bigint',
      user_id: 'text',
      device_id: 'text',
      endpoint: 'text',
      room_nid: 'bigint',
      txn_id: 'text',
      response: 'text',
      created_ts: 'bigint',
    },
    sql: (
      from,
    ) => `ct as (insert into client_transactions (user_id, device_id, endpoint, room_nid, txn_id, response, created_ts)
      select t.user_id, t.device_id, t.endpoint, t.room_nid, t.txn_id, t.response, t.created_ts ${from} ${guarded})`,
  },
  relations: {
    columns: { guard: 'bigint', event_nid: 'bigint', relates_to: 'text', rel_type: 'text', key: 'text' },
    sql: (from) => `rl as (insert into event_relations (room_nid, event_nid, relates_to, rel_type, key)
      select t.guard, t.event_nid, t.relates_to, t.rel_type, t.key ${from} ${guarded})`,
  },
  redactions: {
    columns: { guard: 'bigint', event_nid: 'bigint', redacted_by: 'bigint', json: 'text' },
    sql: (from) => `rd as (update events set redacted_by = t.redacted_by ${from}
        ${guarded} and events.room_nid = t.guard and events.event_nid = t.event_nid),
      rj as (update event_json set json = t.json ${from}
        ${guarded} and event_json.room_nid = t.guard and event_json.event_nid = t.event_nid),
      rr as (delete from event_relations using ${from.replace(/^from /, '')}
        ${guarded} and event_relations.room_nid = t.guard and event_relations.event_nid = t.event_nid)`,
  },
  earlyRedactions: {
    columns: { guard: 'bigint', redacts: 'text', event_nid: 'bigint' },
    sql: (from) => `er as (insert into early_redactions (room_nid, redacts, event_nid)
      select t.guard, t.redacts, t.event_nid ${from} ${guarded})`,
  },
  authEdges: {
    columns: { guard: 'bigint', event_nid: 'bigint', auth_event_id: 'text' },
    sql: (from) => `ae as (insert into event_auth (room_nid, event_nid, auth_event_id)
      select t.guard, t.event_nid, t.auth_event_id ${from} ${guarded})`,
  },
  authLinks: {
    columns: { guard: 'bigint', from_chain: 'bigint', to_chain: 'bigint', from_seq: 'bigint', to_seq: 'bigint' },
    sql: (from) => `li as (insert into auth_chain_links (room_nid, from_chain, to_chain, from_seq, to_seq)
      select t.guard, t.from_chain, t.to_chain, t.from_seq, t.to_seq ${from} ${guarded})`,
  },
  closedState: {
    columns: { guard: 'bigint', line: 'bigint', key_nid: 'bigint', from_version: 'bigint' },
    // The newest interval of a key by the end of the primary key: neither a key with 10,000 old ones nor a room with 10,000 keys costs
    // more than one. It is then updated where it lies; the room's guard keeps it there.
    sql: (from) => `sc as (update room_state set to_version = t.from_version ${from}
      cross join lateral (select o.ctid, o.to_version from room_state o
        where o.room_nid = t.guard and o.line = t.line and o.key_nid = t.key_nid
        order by o.from_version desc limit 1) o
      ${guarded} and room_state.ctid = o.ctid and o.to_version is null)`,
  },
  state: {
    columns: {
      guard: 'bigint',
      line: 'bigint',
      key_nid: 'bigint',
      from_version: 'bigint',
      to_version: 'bigint',
      event_nid: 'bigint',
    },
    sql: (from) => `so as (insert into room_state (room_nid, line, key_nid, from_version, to_version, event_nid)
      select t.guard, t.line, t.key_nid, t.from_version, t.to_version, t.event_nid ${from} ${guarded})`,
  },
  lines: {
    columns: { guard: 'bigint', line: 'bigint', base_version: 'bigint' },
    sql: (from) => `sl as (insert into state_lines (room_nid, line, base_version)
      select t.guard, t.line, t.base_version ${from} ${guarded})`,
  },
  members: {
    columns: {
      guard: 'bigint',
      user_id: 'text',
      membership: 'text',
      event_nid: 'bigint',
      sender: 'text',
      local: 'boolean',
      displayname: 'text',
      avatar_url: 'text',
      at: 'bigint',
    },
    sql: (from) => `mb as (${insertMembers} ${from} ${guarded}
      on conflict (room_nid, user_id) do update set membership = excluded.membership, event_nid = excluded.event_nid,
        sender = excluded.sender, local = excluded.local, displayname = excluded.displayname,
        avatar_url = excluded.avatar_url, forgotten = false, position = excluded.position)`,
    sqlOfFirst: (from) => `mb as (${insertMembers} ${from} ${guarded})`,
  },
  membersRemoved: {
    columns: { guard: 'bigint', user_id: 'text', local: 'boolean', at: 'bigint' },
    sql: (from) => `mr as (delete from room_members using ${from.replace(/^from /, '')}
      ${guarded} and room_members.room_nid = t.guard and room_members.user_id = t.user_id),
    mt as (insert into member_removals (room_nid, user_id, position) select t.guard, t.user_id, g.base + t.at ${from}
      ${guarded} and t.local
      on conflict (room_nid, user_id) do update set position = excluded.position)`,
  },
  forgotten: {
    columns: { guard: 'bigint', user_id: 'text' },
    sql: (from) => `fg as (update room_members set forgotten = true ${from}
      ${guarded} and room_members.room_nid = t.guard and room_members.user_id = t.user_id)`,
  },
  aliases: {
    columns: { guard: 'bigint', alias: 'text', creator: 'text' },
    sql: (from) => `al as (insert into room_aliases (alias, room_nid, creator)
      select t.alias, t.guard, t.creator ${from} ${guarded})`,
  },
  aliasesRemoved: {
    columns: { guard: 'bigint', alias: 'text' },
    sql: (from) => `ar as (delete from room_aliases using ${from.replace(/^from /, '')}
      ${guarded} and room_aliases.alias = t.alias and room_aliases.room_nid = t.guard)`,
  },
  batchEvents: {
    columns: { guard: 'bigint', appservice_id: 'text', remote_id: 'text', event_id: 'text' },
    sql: (from) => `be as (insert into batch_events (room_nid, appservice_id, remote_id, event_id)
      select t.guard, t.appservice_id, t.remote_id, t.event_id ${from} ${guarded})`,
  },
  batchPoints: {
    columns: { guard: 'bigint', event_nid: 'bigint', line: 'bigint' },
    sql: (from) => `bp as (insert into batch_points (room_nid, event_nid, line)
      select t.guard, t.event_nid, t.line ${from} ${guarded})`,
  },
  accountData: {
    columns: { guard: 'bigint', user_id: 'text', room_nid: 'bigint', type: 'text', json: 'text', at: 'bigint' },
    sql: (from) => `ad as (insert into account_data (user_id, room_nid, type, json, position)
      select t.user_id, t.room_nid, t.type, t.json, g.base + t.at ${from} ${guarded}
      on conflict (user_id, room_nid, type) do update set json = excluded.json, position = excluded.position)`,
  },
  receipts: {
    columns: {
      guard: 'bigint',
      room_nid: 'bigint',
      user_id: 'text',
      type: 'text',
      thread_id: 'text',
      event_id: 'text',
      ts: 'bigint',
      at: 'bigint',
    },
    sql: (from) => `rc as (insert into receipts (room_nid, user_id, type, thread_id, event_id, ts, position)
      select t.room_nid, t.user_id, t.type, t.thread_id, t.event_id, t.ts, g.base + t.at ${from} ${guarded}
      on conflict (room_nid, user_id, type, thread_id) do update set event_id = excluded.event_id, ts = excluded.ts,
        position = excluded.position)`,
  },
  ephemeralEvents: {
    columns: {
      guard: 'bigint',
      room_nid: 'bigint',
      user_id: 'text',
      device_id: 'text',
      txn_id: 'text',
      type: 'text',
      json: 'text',
      expires_ts: 'bigint',
      at: 'bigint',
    },
    sql: (
      from,
    ) => `ev as (insert into ephemeral_events (position, room_nid, user_id, device_id, txn_id, type, json, expires_ts)
      select g.base + t.at, t.room_nid, t.user_id, t.device_id, t.txn_id, t.type, t.json, t.expires_ts ${from} ${guarded})`,
  },
  toDevice: {
    columns: { guard: 'bigint', user_id: 'text', device_id: 'text', json: 'text', at: 'bigint' },
    sql: (from) => `td as (insert into to_device (position, user_id, device_id, json)
      select g.base + t.at, t.user_id, t.device_id, t.json ${from} ${guarded})`,
  },
  deviceListChanges: {
    columns: { guard: 'bigint', user_id: 'text', only_for: 'text', at: 'bigint' },
    sql: (from) => `dl as (insert into device_list_changes (position, user_id, only_for)
      select g.base + t.at, t.user_id, t.only_for ${from} ${guarded})`,
  },
  profileChanges: {
    columns: { guard: 'bigint', user_id: 'text', at: 'bigint' },
    sql: (from) => `pc as (insert into profile_changes (position, user_id)
      select g.base + t.at, t.user_id ${from} ${guarded})`,
  },
  ...keySections,
} as const satisfies Record<string, Section>;

export type SectionName = keyof typeof sections;
