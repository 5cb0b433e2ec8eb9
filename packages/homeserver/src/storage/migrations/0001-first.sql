-- 0001 first. Compatible with nothing before it. Breaking: no.
--
-- Identifiers are text in the byte order of "C". Times of Matrix are bigint milliseconds and end in _ts. A position is a place in
-- the one stream of this server: taken from `position` in the committing statement, so positions become visible in order.
-- room_nid comes first in the keys of room tables. event_nid and room_nid are numbers of ours (blocks of the sequence `nids`).

create table server (
  one          boolean primary key default true check (one),
  server_name  text not null,               -- a data folder or database refuses another name
  created_ts   bigint not null
);
create table secrets (name text collate "C" primary key, value bytea not null);   -- 256 random bits each, made at the first start

create table position (one boolean primary key default true check (one), value bigint not null);
insert into position (value) values (0);
create sequence nids increment by 1000;      -- a process takes 1000 at a time: nextval .. nextval + 999

-- What other processes must forget (tokens, registrations, paused application services): polled, and hinted at by NOTIFY.
create table invalidations (
  id          bigint generated always as identity primary key,
  kind        text collate "C" not null,     -- token | user | appservices | room
  key         text collate "C" not null,
  created_ts  bigint not null
);
create table leases (                         -- stream/lease.ts: the fencing number of each named piece of work
  name   text collate "C" primary key,
  fence  bigint not null
);

-- Rooms ------------------------------------------------------------------------------------------------------------------

create table rooms (
  room_nid       bigint primary key,
  room_id        text collate "C" not null unique,
  room_version   text collate "C" not null,
  version        bigint not null,             -- counts commits; a commit built on another version is refused
  state_version  bigint not null,             -- version of line 0: counts changes of the room's state as we resolved it
  extremities    bigint[] not null,           -- event_nid of the forward extremities
  depth          bigint not null,             -- greatest depth among them
  joined         int not null default 0,      -- members by membership, as of state_version
  invited        int not null default 0,
  next_line      int not null default 1,      -- next free line of state
  published      boolean not null default false   -- in the server's room directory
);

create table state_keys (                     -- interned (type, state_key); 'm.room.member', '@a:x' → 17
  key_nid    bigint generated always as identity primary key,
  type       text collate "C" not null,
  state_key  text collate "C" not null,
  unique (type, state_key)
);

create table events (
  room_nid          bigint not null,
  event_nid         bigint not null,
  event_id          text collate "C" not null,
  position          bigint,                   -- null: outlier, soft-failed or rejected; never shown to anybody by itself
  order_major       bigint not null,          -- place in the room's history: (position, 0) for what arrived live,
  order_minor       bigint not null,          -- something in between or before for history that arrived late
  type              text collate "C" not null,
  sender            text collate "C" not null,
  key_nid           bigint,                   -- of its (type, state_key); null: not a state event
  depth             bigint not null,
  origin_server_ts  bigint not null,
  line              int not null,             -- the state before it: (line, state_version)
  state_version     bigint not null,
  outlier           boolean not null default false,
  rejected          boolean not null default false,
  soft_failed       boolean not null default false,
  redacted_by       bigint,                   -- event_nid of the redaction that took effect
  auth_chain        bigint,                   -- auth-chain index: the chain this event is on and its place there (state events)
  auth_chain_seq    bigint,
  transaction_key   text collate "C",         -- "device_id\ntxn_id" of the request that made it: the sender's own unsigned.transaction_id
  trace             text collate "C",         -- W3C traceparent of the request that made it
  primary key (room_nid, event_nid)
);
create unique index events_by_id on events (room_nid, event_id);
create index events_by_position on events (position) where position is not null;
create index events_by_order on events (room_nid, order_major, order_minor) where position is not null;

create table event_json (                     -- apart, so that a redaction is one update here
  room_nid   bigint not null,
  event_nid  bigint not null,
  json       text not null,                   -- the PDU, canonical; U+0000 stays JSON-escaped. Its prev_events are read from here
  primary key (room_nid, event_nid)
);
create table event_auth (                     -- of state events only: auth chains run through nothing else
  room_nid       bigint not null,
  event_nid      bigint not null,
  auth_event_id  text collate "C" not null,
  primary key (room_nid, event_nid, auth_event_id)
);

create table room_state (                     -- D15: a key's value from one version of a line to another
  room_nid      bigint not null,
  line          int not null,                 -- 0: the room as we resolved it; others: what a fork differs in from its base
  key_nid       bigint not null,
  from_version  bigint not null,
  to_version    bigint,                       -- exclusive; null: still so
  event_nid     bigint,                       -- null: the key is absent here
  primary key (room_nid, line, key_nid, from_version)
);
-- Versions begin at 1, so nothing is left out: but only who says `from_version > 0` gets this index. On tables that were not analysed yet
-- the planner would take it to look up one key, and read all versions of the room.
create index room_state_by_version on room_state (room_nid, line, from_version) where from_version > 0;
create table state_lines (                    -- a fork of state: what (line, 0) stands on; always on line 0 (flat)
  room_nid      bigint not null,
  line          int not null,
  base_version  bigint not null,
  primary key (room_nid, line)
);

create table room_members (                   -- membership now, for the questions asked by user and by membership
  room_nid     bigint not null,
  user_id      text collate "C" not null,
  membership   text collate "C" not null,
  event_nid    bigint not null,
  sender       text collate "C" not null,
  local        boolean not null,
  displayname  text,
  avatar_url   text,
  forgotten    boolean not null default false,
  position     bigint not null,               -- of the last change
  primary key (room_nid, user_id)
);
create index room_members_by_user on room_members (user_id, membership);
create table event_relations (
  room_nid     bigint not null,
  event_nid    bigint not null,
  relates_to   text collate "C" not null,     -- event id
  rel_type     text collate "C" not null,
  key          text,                          -- aggregation key of m.annotation
  primary key (room_nid, event_nid)
);
create index event_relations_by_target on event_relations (room_nid, relates_to, rel_type);
create table room_aliases (
  alias       text collate "C" primary key,
  room_nid    bigint not null,
  creator     text collate "C" not null
);
create index room_aliases_by_room on room_aliases (room_nid);

create table client_transactions (            -- remembered over restarts; room_nid 0 where the endpoint has no room
  user_id     text collate "C" not null,
  device_id   text collate "C" not null,      -- '' for a requester without a device
  endpoint    text collate "C" not null,      -- operation of the descriptor
  room_nid    bigint not null,
  txn_id      text collate "C" not null,
  response    text not null,                  -- JSON body that was or will be answered
  created_ts  bigint not null,
  primary key (user_id, device_id, endpoint, room_nid, txn_id)   -- deleted by age in one scan: no index that each send would pay for
);

-- Positioned rows that are not events ------------------------------------------------------------------------------------

create table account_data (
  user_id   text collate "C" not null,
  room_nid  bigint not null,                  -- 0: global
  type      text collate "C" not null,
  json      text not null,
  position  bigint not null,
  primary key (user_id, room_nid, type)
);
create index account_data_by_position on account_data (user_id, position);
create table receipts (
  room_nid   bigint not null,
  user_id    text collate "C" not null,
  type       text collate "C" not null,       -- m.read | m.read.private | m.fully_read is account data
  thread_id  text collate "C" not null,       -- '' unthreaded
  event_id   text collate "C" not null,
  ts         bigint not null,
  position   bigint not null,
  primary key (room_nid, user_id, type, thread_id)
);
create index receipts_by_position on receipts (room_nid, position);
create index receipts_by_stream on receipts (position);   -- application services follow the whole stream
create table to_device (
  position   bigint primary key,
  user_id    text collate "C" not null,
  device_id  text collate "C" not null,
  json       text not null                    -- {type, sender, content}
);
create index to_device_by_device on to_device (user_id, device_id, position);
create table device_list_changes (
  position  bigint primary key,
  user_id   text collate "C" not null
);
create table profile_changes (                -- who must hear of a profile or user: sync of the user directory, application services
  position  bigint primary key,
  user_id   text collate "C" not null
);

-- Accounts ---------------------------------------------------------------------------------------------------------------

create table users (
  user_id         text collate "C" primary key,
  password_hash   text,                       -- argon2id, PHC form; null: no password
  created_ts      bigint not null,
  admin           boolean not null default false,
  guest           boolean not null default false,
  deactivated_ts  bigint,
  appservice_id   text collate "C"            -- the application service that registered it
);
create table devices (
  user_id        text collate "C" not null references users on delete cascade,
  device_id      text collate "C" not null,
  display_name   text,
  created_ts     bigint not null,
  last_seen_ts   bigint,
  last_seen_ip   text,
  primary key (user_id, device_id)
);
create table access_tokens (
  token_hash     bytea primary key,           -- SHA-256
  user_id        text collate "C" not null,
  device_id      text collate "C" not null,
  refresh_hash   bytea,                       -- the refresh token that was handed out with it
  expires_ts     bigint,
  created_ts     bigint not null,
  foreign key (user_id, device_id) references devices on delete cascade
);
create index access_tokens_by_device on access_tokens (user_id, device_id);
create table refresh_tokens (
  token_hash  bytea primary key,
  user_id     text collate "C" not null,
  device_id   text collate "C" not null,
  next_hash   bytea,                          -- the one it was exchanged for; it dies when that one is used
  created_ts  bigint not null,
  foreign key (user_id, device_id) references devices on delete cascade
);
create index refresh_tokens_by_device on refresh_tokens (user_id, device_id);
create table profiles (
  user_id      text collate "C" primary key,
  displayname  text,
  avatar_url   text,
  fields       text not null default '{}'     -- JSON of the other fields
);
create table filters (
  user_id    text collate "C" not null,
  filter_id  bigint not null,
  json       text not null,
  primary key (user_id, filter_id)
);
create table registration_tokens (
  token         text collate "C" primary key,
  uses_allowed  int,
  uses          int not null default 0,
  expires_ts    bigint
);
create table media (
  media_id      text collate "C" not null,
  origin        text collate "C" not null,    -- server name
  user_id       text collate "C",
  content_type  text not null,
  name          text,
  size_bytes    bigint,                       -- null: reserved, not uploaded yet
  sha256        bytea,
  created_ts    bigint not null,
  primary key (origin, media_id)
);

-- Application services ---------------------------------------------------------------------------------------------------

create table appservices (                    -- those added live; files and folder own theirs
  appservice_id  text collate "C" primary key,
  registration   text not null,               -- YAML as given
  added_ts       bigint not null
);
create table appservice_cursors (
  appservice_id  text collate "C" primary key,
  position       bigint not null,             -- everything up to here is frozen, or concerned nobody
  next_txn_id    bigint not null,             -- the first is the time it was made, so that a new database never repeats one
  counted_at     bigint not null,             -- appservice_interest counts the stream up to here; at or after position
  counted_for    text collate "C" not null,   -- SHA-256 of the users namespaces it was counted for
  paused         boolean not null default false
);
create table appservice_transactions (        -- frozen bytes; gone at their 200
  appservice_id  text collate "C" not null,
  txn_id         bigint not null,
  body           bytea not null,
  positions      bigint[] not null,           -- of the events inside, to split by
  created_ts     bigint not null,
  primary key (appservice_id, txn_id)
);
create table appservice_set_aside (           -- events that an application service refuses: listed, replayable, never in the way
  appservice_id  text collate "C" not null,
  position       bigint not null,
  reason         text not null,
  created_ts     bigint not null,
  replay         boolean not null default false,   -- an operator asks for it to be sent again
  primary key (appservice_id, position)
);
create table appservice_interest (            -- room → how many of its members are why; kept by the follower of the stream
  room_nid       bigint not null,
  appservice_id  text collate "C" not null,
  members        int not null,                -- joined or invited users in its users namespace, its sender included
  primary key (room_nid, appservice_id)
);
create table appservice_rooms (               -- rooms that an application service lists for a network of its own
  appservice_id  text collate "C" not null,
  network_id     text collate "C" not null,
  room_nid       bigint not null,
  primary key (appservice_id, network_id, room_nid)
);
