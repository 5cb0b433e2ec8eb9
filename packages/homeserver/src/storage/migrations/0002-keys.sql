-- 0002 keys. Compatible with versions that know 0001. Breaking: no.
--
-- End-to-end encryption: what clients publish of their keys, and their encrypted backups. JSON is kept as it was uploaded (canonical, without
-- `unsigned`), since others verify signatures over it.

create table device_keys (                    -- identity keys of a device
  user_id    text collate "C" not null,
  device_id  text collate "C" not null,
  json       text not null,
  primary key (user_id, device_id),
  foreign key (user_id, device_id) references devices on delete cascade
);
create table one_time_keys (                  -- handed out in the order of their upload, each once
  user_id     text collate "C" not null,
  device_id   text collate "C" not null,
  algorithm   text collate "C" not null,
  key_id      text collate "C" not null,
  json        text not null,
  upload      bigint not null,                -- counts the device's uploads
  claimed_ts  bigint,                         -- handed out: remembered for a while, so that a repeated upload does not bring it back
  primary key (user_id, device_id, algorithm, key_id),
  foreign key (user_id, device_id) references devices on delete cascade
);
create index one_time_keys_unclaimed on one_time_keys (user_id, device_id, algorithm, upload) where claimed_ts is null;
create table fallback_keys (                  -- handed out when there is no one-time key left, again and again
  user_id    text collate "C" not null,
  device_id  text collate "C" not null,
  algorithm  text collate "C" not null,
  key_id     text collate "C" not null,
  json       text not null,
  used       boolean not null default false,
  primary key (user_id, device_id, algorithm),
  foreign key (user_id, device_id) references devices on delete cascade
);
create table cross_signing_keys (
  user_id     text collate "C" not null references users on delete cascade,
  usage       text collate "C" not null,      -- master | self_signing | user_signing
  public_key  text collate "C" not null,      -- unpadded base64
  json        text not null,
  primary key (user_id, usage)
);
create table key_signatures (                 -- signatures that came after the key itself
  user_id     text collate "C" not null,      -- whose key is signed
  key_id      text collate "C" not null,      -- device id, or the public key of a master key
  signer      text collate "C" not null,      -- who signed; others than the owner see only their own
  signed_by   text collate "C" not null,      -- ed25519:…
  signature   text not null,
  primary key (user_id, key_id, signer, signed_by)
);
create index key_signatures_by_signer on key_signatures (signer, signed_by);

-- Null: everybody who shares a room hears of it. Else only this user does: who signed somebody else's master key.
alter table device_list_changes add column only_for text collate "C";

-- Server-side backups of room keys: encrypted by the client, numbered by user.
create table key_backups (
  user_id    text collate "C" not null references users on delete cascade,
  version    bigint not null,
  algorithm  text not null,
  auth_data  text not null,                   -- JSON
  keys       bigint not null default 0,       -- rows in key_backup_sessions
  etag       bigint not null default 0,       -- counts changes of them
  deleted    boolean not null default false,  -- its number is never given again, and deleting it once more is no error
  primary key (user_id, version)
);
create table key_backup_sessions (
  user_id              text collate "C" not null,
  version              bigint not null,
  room_id              text collate "C" not null,
  session_id           text collate "C" not null,
  first_message_index  bigint not null,
  forwarded_count      bigint not null,
  is_verified          boolean not null,
  session_data         text not null,         -- JSON
  primary key (user_id, version, room_id, session_id),
  foreign key (user_id, version) references key_backups on delete cascade
);
