// Invitations and knocks: the stripped state by which somebody outside recognises a room, and their own member event. For a room of this
// server it is taken from the room's state; what another server sent along with an invitation stands in that event.
// https://spec.matrix.org/v1.19/client-server-api/#stripped-state

import { isJsonObject, type JsonObject, type Pdu, stripState, strippedStateTypes } from '@pons/spec';
import type { Queryable } from '../storage/database.ts';
import { type StateKeyAt, type StreamRoomRow, streamStateKeys } from '../storage/tables/stream.ts';

/** The stripped state of rooms in which the user is invited or knocks, by room id. */
export async function strippedRooms(
  db: Queryable,
  userId: string,
  rooms: readonly StreamRoomRow[],
): Promise<ReadonlyMap<string, JsonObject[]>> {
  const keys = rooms.flatMap((room): StateKeyAt[] => {
    const at = { roomNid: room.roomNid, line: 0, version: room.stateVersion };
    const members = [...new Set([room.memberSender, userId])];
    return [
      ...strippedStateTypes.map((type) => ({ ...at, type, stateKey: '' })),
      ...members.map((stateKey) => ({ ...at, type: 'm.room.member', stateKey })),
    ];
  });
  const values = [...(await streamStateKeys(db, keys)).values()];
  return new Map(
    rooms.map(({ roomId, roomNid }) => {
      const pdus = values.filter((row) => row.roomNid === roomNid).map((row) => JSON.parse(row.json) as Pdu);
      const own = pdus.find((pdu) => pdu.type === 'm.room.member' && pdu.state_key === userId);
      const sentAlong = own?.unsigned?.['invite_room_state'];
      if (Array.isArray(sentAlong)) return [roomId, sentAlong.filter(isJsonObject)];
      return [roomId, pdus.map((pdu): JsonObject => ({ ...stripState(pdu) }))];
    }),
  );
}

/** The rooms of `invite` or `knock`. */
export function strippedSections(
  rooms: readonly StreamRoomRow[],
  stripped: ReadonlyMap<string, JsonObject[]>,
  name: 'invite_state' | 'knock_state',
): JsonObject {
  return Object.fromEntries(rooms.map(({ roomId }) => [roomId, { [name]: { events: stripped.get(roomId) ?? [] } }]));
}
