-- 0010 purges. Compatible with versions that know 0001. Breaking: no.

create table room_purges (                    -- what is being deleted: in slices, and after a restart where it had got to
  room_nid      bigint primary key,
  before_major  bigint,                       -- history before this place; null: the whole room, whose row is gone already
  before_minor  bigint,
  deleted       bigint not null default 0,    -- events so far
  asked_ts      bigint not null
);

-- Whoever deletes events, by whatever statement: none goes that the room still stands on. Costs nothing but deletes; a room that is gone
-- needs none.
create function events_still_needed() returns trigger language plpgsql as $$
declare
  needed text;
  room bigint;
begin
  for room in select distinct g.room_nid from gone g join rooms r on r.room_nid = g.room_nid loop
    select n.why || ' ' || n.event_id into needed from (
      (select 'forward extremity' as why, g.event_id from rooms r join gone g on g.room_nid = room and g.event_nid = any(r.extremities)
        where r.room_nid = room limit 1)
      union all
      (select 'place of imported history', g.event_id from batch_points b join gone g on g.event_nid = b.event_nid and g.room_nid = room
        where b.room_nid = room limit 1)) n
      limit 1;
    if needed is null and exists (select from gone where room_nid = room and key_nid is not null) then
      select n.why || ' ' || n.event_id into needed from (
        (select 'state' as why, g.event_id from room_state s join gone g on g.event_nid = s.event_nid and g.room_nid = room
          where s.room_nid = room limit 1)
        union all
        (select 'membership', g.event_id from room_members m join gone g on g.event_nid = m.event_nid and g.room_nid = room
          where m.room_nid = room limit 1)
        union all
        (select 'auth event', g.event_id from event_auth a join gone g on g.event_id = a.auth_event_id and g.room_nid = room
          where a.room_nid = room limit 1)) n
        limit 1;
    end if;
    if needed is not null then
      raise exception 'event is still needed: %', needed using errcode = '23503';
    end if;
  end loop;
  return null;
end $$;
create trigger events_still_needed after delete on events referencing old table as gone
  for each statement execute function events_still_needed();
