-- 0017 reports: what operators and clients are told that nothing told before. Compatible with the version before, which goes on not telling.
-- Breaking: no.

-- On which days people were here, in days since 1970 (UTC): one row each, written at most once a day. Users of application services have none.
create table active_users (
  user_id     text collate "C" primary key references users on delete cascade,
  last_day    int not null,
  day_before  int            -- the one before that, whenever it was: with it, yesterday can be counted today
);

-- Local users of whom a merge of forks left nothing in the state: no event says that they are gone, so /sync has to.
create table member_removals (
  room_nid  bigint not null,
  user_id   text collate "C" not null,
  position  bigint not null,
  primary key (room_nid, user_id)
);
create index member_removals_by_user on member_removals (user_id);

-- Events that an application service was not sent because of their age: the last ones, for an operator who asks why.
create table appservice_too_old (
  appservice_id  text collate "C" not null,
  position       bigint not null,
  primary key (appservice_id, position)
);
