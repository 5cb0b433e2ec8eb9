-- 0017 active users. Compatible with the version before, which counts nobody. Breaking: no.
-- On which days people were here, in days since 1970 (UTC): one row each, written at most once a day. Users of application services have none.
create table active_users (
  user_id     text collate "C" primary key references users on delete cascade,
  last_day    int not null,
  day_before  int            -- the one before that, whenever it was: with it, yesterday can be counted today
);
