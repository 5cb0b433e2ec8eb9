-- 0008 heroes. Compatible with the version before. Breaking: no.
-- The first members of a room by position, without reading all of them. Only who says `position > 0` (which always holds) gets this
-- index: on tables that were not analysed yet the planner would take it to look up one member, and read all of them.
create index room_members_present on room_members (room_nid, position)
  where membership in ('join', 'invite') and position > 0;
