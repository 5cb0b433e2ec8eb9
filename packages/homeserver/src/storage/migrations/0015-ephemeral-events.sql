-- 0015 ephemeral events. Compatible with the version before, which neither takes nor shows them. Breaking: no.
-- Ephemeral events of types of somebody's own, until they end; with the key of the request, which ends with them.
create table ephemeral_events (
  position    bigint primary key,
  room_nid    bigint not null,
  user_id     text collate "C" not null,      -- who sent it
  device_id   text collate "C" not null,      -- '' for a requester without a device
  txn_id      text collate "C" not null,
  type        text collate "C" not null,
  json        text not null,                  -- as it is shown: {type, sender, room_id, origin_server_ts, content}
  expires_ts  bigint not null
);
create index ephemeral_events_by_room on ephemeral_events (room_nid, position);
