-- 0009 forks. Compatible with the version before. Breaking: no.
--
-- Events of other servers may follow what is not the end of the room here. Such an event stands on a state of its own, so it does not say
-- where the room's state was when it came: this column does. null: it came at the end of the room, and (line 0, state_version) says it.
alter table events add column current_version bigint;   -- version of line 0 just before it

create table early_redactions (               -- redactions that came before what they redact
  room_nid   bigint not null,
  redacts    text collate "C" not null,       -- event id
  event_nid  bigint not null,                 -- the redaction
  primary key (room_nid, redacts, event_nid)
);
