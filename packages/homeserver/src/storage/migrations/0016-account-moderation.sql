-- 0016 account moderation. Compatible with the version before, to which locked and suspended accounts are like any others. Breaking: no.
alter table users
  add column locked boolean not null default false,      -- by an administrator: may do nothing but log out, until it is taken back
  add column suspended boolean not null default false;   -- likewise: reads, leaves and takes back, and says nothing
