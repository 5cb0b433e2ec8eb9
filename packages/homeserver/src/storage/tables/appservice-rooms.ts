// Table `appservice_rooms`: the published rooms of networks that application services serve, apart from the server's own directory.

import { type Queryable, statement } from '../database.ts';

const publish = statement(
  'appservice_rooms.publish',
  `insert into appservice_rooms (appservice_id, network_id, room_nid)
         select $1, $2, room_nid from rooms where room_id = $3 on conflict do nothing`,
);
const withdraw = statement(
  'appservice_rooms.withdraw',
  `delete from appservice_rooms where appservice_id = $1 and network_id = $2
         and room_nid = (select room_nid from rooms where room_id = $3)`,
);
const exists = statement('appservice_rooms.room_exists', 'select 1 as found from rooms where room_id = $1');

/** Which entry of which network's directory. */
export interface NetworkRoom {
  readonly appserviceId: string;
  readonly networkId: string;
  readonly roomId: string;
}

/** Lists the room, or takes it off the list; false when there is no such room. */
export async function setNetworkRoom(db: Queryable, room: NetworkRoom, listed: boolean): Promise<boolean> {
  if ((await db.query(exists, [room.roomId])).length === 0) return false;
  await db.query(listed ? publish : withdraw, [room.appserviceId, room.networkId, room.roomId]);
  return true;
}
