-- 0003 delivery. Compatible with versions that know 0001. Breaking: no.

alter table appservice_cursors
  add column began_at      bigint not null default 0,      -- where the stream stood when it was first followed: what was before is not sent
  add column fence         bigint not null default 0,      -- lease of the process that may write this row; an older one is refused
  add column rest          bigint[] not null default '{}', -- positions of a split transaction that are not frozen again yet: they go first
  add column replay_after  bigint not null default 0,      -- events in (replay_after, replay_upto] are to be sent again
  add column replay_upto   bigint not null default 0;
