-- 0006 auth-chains. Compatible with versions that know 0001. Breaking: no.
--
-- The auth-chain index: events.auth_chain and auth_chain_seq say on which chain a state event is and at which place (a chain is named by
-- the event_nid of its first event); links are what events cite on other chains. Rows: at most the auth events of each state event.

create table auth_chain_links (
  room_nid    bigint not null,
  from_chain  bigint not null,
  to_chain    bigint not null,
  from_seq    bigint not null,                -- the event that cites; to_seq rises with it
  to_seq      bigint not null,
  primary key (room_nid, from_chain, to_chain, from_seq)
);
create unique index events_by_auth_chain on events (room_nid, auth_chain, auth_chain_seq) where auth_chain is not null;
