// https://spec.matrix.org/v1.19/client-server-api/#mroomtombstone

/** Content of m.room.tombstone: the room goes on elsewhere. */
export type RoomTombstoneContent = {
  body: string;
  replacement_room: string;
};
