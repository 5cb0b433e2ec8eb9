-- 0004 registry: as_tokens and how long replaced ones live, whom people let act for them, ghosts by application service.
-- Compatible with 0001. Breaking: no.

create table appservice_tokens (
  token_hash      bytea primary key,         -- SHA-256 of an as_token
  appservice_id   text collate "C" not null,
  until_ts        bigint                     -- null: the one in its registration; else it was replaced and dies then
);
create table appservice_consents (           -- local users who let an application service act as them
  user_id        text collate "C" not null,
  appservice_id  text collate "C" not null,
  device_id      text collate "C" not null,  -- as which it acts: whoever deletes the device takes the consent back
  granted_ts     bigint not null,
  primary key (user_id, appservice_id),
  foreign key (user_id, device_id) references devices on delete cascade
);
create index appservice_consents_by_appservice on appservice_consents (appservice_id);
create index users_by_appservice on users (appservice_id, user_id) where appservice_id is not null;
