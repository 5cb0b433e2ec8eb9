-- 0005 batches. Compatible with versions that know 0001. Breaking: no.
--
-- What application services import and what they do in bulk: history that arrives late (order_minor below 0, right before the event that
-- was the room's first message), and events that their maker need not be told of.

-- timestamp_to_event: with history and massaged times, the order of a room is not that of its times. Costs 0.3 µs of 33 for each event.
create index events_by_ts on events (room_nid, origin_server_ts) where position is not null;

alter table events add column bulk_by text collate "C";   -- the application service that made it in bulk: told to everybody but it, notifies nobody

create table batch_points (                   -- where imported history goes in
  room_nid   bigint primary key,
  event_nid  bigint not null,                 -- the room's first message when the first history came: history stands right before it
  line       int not null                     -- the state before those events: the room's at that message, and the members of that time
);
create table batch_events (                   -- names that an application service gave to events of its batches: the same again is the same event
  room_nid        bigint not null,
  appservice_id   text collate "C" not null,
  remote_id       text collate "C" not null,
  event_id        text collate "C" not null,
  primary key (room_nid, appservice_id, remote_id)
);
