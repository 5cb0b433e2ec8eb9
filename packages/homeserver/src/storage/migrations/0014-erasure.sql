-- 0014 erasure. Compatible with the version before, which shows erased contents. Breaking: no.
-- Where the stream stood when a user asked for erasure: what they had sent by then is shown to those who come later without its content.
-- A table of its own, since a ghost that is purged leaves no account; whoever has its id in another life may ask again.
create table erasures (
  user_id   text collate "C" not null,
  position  bigint not null,
  primary key (user_id, position)
);
