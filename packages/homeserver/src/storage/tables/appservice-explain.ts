// What an operator's question needs, why an event was or was not sent to an application service: the event's row, where the delivery has
// it, and who was in the room then. Read when somebody asks, never on the way of an event.

import { type Queryable, statement } from '../database.ts';

/** An event as the question needs it. */
export interface ExplainedEventRow {
  readonly roomNid: number;
  readonly eventNid: number;
  /** null: it takes no part in the stream. */
  readonly position: number | null;
  readonly type: string;
  readonly sender: string;
  readonly stateKey: string | null;
  readonly originServerTs: number;
  /** Version of the room's state before it, whatever it followed. */
  readonly stateVersion: number;
  readonly bulkBy: string | null;
  /** W3C traceparent of the request that made it. */
  readonly trace: string | null;
  readonly aliases: readonly string[];
}

const event = statement(
  'appservice_explain.event',
  `select e.room_nid as "roomNid", e.event_nid as "eventNid", e.position, e.type, e.sender,
      (select k.state_key from state_keys k where k.key_nid = e.key_nid) as "stateKey",
      e.origin_server_ts as "originServerTs", e.bulk_by as "bulkBy", e.trace,
      case when e.line = 0 or e.current_version is not null then coalesce(e.current_version, e.state_version) else
        coalesce((select l.base_version from state_lines l where l.room_nid = e.room_nid and l.line = e.line), 0) end as "stateVersion",
      array(select a.alias::text from room_aliases a where a.room_nid = e.room_nid order by a.alias) as aliases
    from rooms r join events e on e.room_nid = r.room_nid and e.event_id = $2 where r.room_id = $1`,
);

/** The event, with the aliases its room has now. */
export async function explainedEvent(
  db: Queryable,
  roomId: string,
  eventId: string,
): Promise<ExplainedEventRow | undefined> {
  return (await db.query<ExplainedEventRow>(event, [roomId, eventId]))[0];
}

const whereabouts = statement(
  'appservice_explain.whereabouts',
  `select c.appservice_id as "appserviceId", c.counted_for <> '' as "isFollowed", c.paused, c.position, c.began_at as "beganAt",
      $2::bigint = any(c.rest) as "inRest", $2 > c.replay_after and $2 <= c.replay_upto as "inReplay",
      (select min(t.txn_id) from appservice_transactions t
        where t.appservice_id = c.appservice_id and $2 = any(t.positions)) as "txnId",
      exists (select from appservice_too_old o where o.appservice_id = c.appservice_id and o.position = $2) as "wasTooOld",
      s.reason, s.created_ts as "setAsideTs"
    from appservice_cursors c
    left join appservice_set_aside s on s.appservice_id = c.appservice_id and s.position = $2
    where c.appservice_id = any($1::text[])`,
);

/** Where a position stands with the delivery to an application service. */
export interface Whereabouts {
  readonly appserviceId: string;
  /** False: it was never ready to be sent anything, because it has no url and has not connected. */
  readonly isFollowed: boolean;
  readonly paused: boolean;
  readonly position: number;
  readonly beganAt: number;
  readonly inRest: boolean;
  readonly inReplay: boolean;
  readonly txnId: number | null;
  /** It was left out because of its age. */
  readonly wasTooOld: boolean;
  /** Of a set-aside event. */
  readonly reason: string | null;
  readonly setAsideTs: number | null;
}

/** Where it stands with each of these; without those to which nothing was ever to be delivered. */
export async function whereaboutsOf(
  db: Queryable,
  appserviceIds: readonly string[],
  position: number,
): Promise<Whereabouts[]> {
  return db.query<Whereabouts>(whereabouts, [appserviceIds, position]);
}

const members = statement(
  'appservice_explain.members',
  `select k.state_key as "userId", s.event_nid as "eventNid" from room_state s join state_keys k on k.key_nid = s.key_nid
    where s.room_nid = $1 and s.line = 0 and s.from_version > 0 and s.from_version <= $2
      and (s.to_version is null or s.to_version > $2) and s.event_nid is not null
      and k.type = 'm.room.member' and right(k.state_key, length($3)) = $3 and k.state_key > $4
    order by k.state_key limit $5`,
);

/** Local users with a membership event in the room's state at a version: a page after the last one seen. */
export async function localMembersAt(
  db: Queryable,
  at: { readonly roomNid: number; readonly stateVersion: number; readonly serverName: string },
  page: { readonly after: string; readonly limit: number },
): Promise<{ readonly userId: string; readonly eventNid: number }[]> {
  return db.query(members, [at.roomNid, at.stateVersion, `:${at.serverName}`, page.after, page.limit]);
}

const jsons = statement(
  'appservice_explain.jsons',
  'select event_nid as "eventNid", json from event_json where room_nid = $1 and event_nid = any($2::bigint[])',
);

/** PDU texts of these events. */
export async function eventJsons(
  db: Queryable,
  roomNid: number,
  eventNids: readonly number[],
): Promise<{ readonly eventNid: number; readonly json: string }[]> {
  return eventNids.length === 0 ? [] : db.query(jsons, [roomNid, eventNids]);
}
