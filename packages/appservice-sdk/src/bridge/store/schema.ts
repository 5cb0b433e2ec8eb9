// The tables of a bridge, in the file that the SDK's memory is in too. Steps are frozen: a change is a new step.
// A chat is two columns everywhere: its id, and the login it belongs to ('' when it is shared).

/** The steps, in order. */
export const BRIDGE_STEPS: readonly string[] = [
  `create table portals (
     chat_id text not null, receiver text not null,
     room_id text not null unique,
     name text, topic text,
     primary key (chat_id, receiver)
   ) strict, without rowid;
   create table ghosts (user_id text primary key, mxid text not null unique, name text not null) strict, without rowid;
   create table members (
     chat_id text not null, receiver text not null, user_id text not null,
     wanted integer not null, -- 1: should be in the room, 0: should leave it
     primary key (chat_id, receiver, user_id)
   ) strict, without rowid;
   create table messages (
     chat_id text not null, receiver text not null, msg_id text not null, part_id text not null,
     event_id text not null, sender text not null, ts integer not null,
     primary key (chat_id, receiver, msg_id, part_id)
   ) strict, without rowid;
   create index messages_by_event on messages (event_id);
   create table reactions (
     event_id text primary key,
     chat_id text not null, receiver text not null, msg_id text not null, part_id text not null,
     user_id text not null, key text not null
   ) strict, without rowid;
   create index reactions_by_target on reactions (chat_id, receiver, msg_id, user_id, key);
   create table logins (login_id text primary key, mxid text, given text not null, cred text not null) strict, without rowid;
   create table login_values (login_id text not null, key text not null, value blob not null, primary key (login_id, key)) strict, without rowid;
   create table remote_events (
     seq integer primary key autoincrement,
     login_id text not null, self text not null, lane text not null, event text not null, received_ts integer not null,
     failed text -- set when it cannot be carried and is not tried again
   ) strict;
   create table matrix_events (
     seq integer primary key autoincrement,
     event_id text not null unique,
     chat_id text not null, receiver text not null,
     event text, -- null at the end
     state text not null, -- waiting, accepted (the network will confirm), delivered, failed, unsupported
     pieces integer not null default 0, -- how many of a cut message are out
     attempts integer not null default 0,
     received_ts integer not null, reason text
   ) strict;
   create index matrix_events_waiting on matrix_events (seq) where event is not null;`,
];
