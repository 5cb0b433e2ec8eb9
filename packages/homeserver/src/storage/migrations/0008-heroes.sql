-- 0008 heroes. Compatible with the version before. Breaking: no.
-- The first members of a room by position, without reading all of them.
create index room_members_present on room_members (room_nid, position) where membership in ('join', 'invite');
