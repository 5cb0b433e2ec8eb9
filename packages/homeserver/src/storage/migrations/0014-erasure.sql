-- 0014 erasure. Compatible with the version before, which shows erased contents. Breaking: no.
-- Where the stream stood each time when a user asked for erasure (an account of an application service may live again): what they had sent
-- by then is shown to those who come later without its content.
alter table users add column erased_positions bigint[];
create index users_erased on users (user_id) where erased_positions is not null;
