// https://spec.matrix.org/v1.19/client-server-api/#mroomcreate

/** Content of m.room.create: the first event of a room. */
export type RoomCreateContent = {
  /** Before room version 11. */
  creator?: string;
  /** Since room version 12: who else is a creator. */
  additional_creators?: string[];
  /** False: only users of the creator's server may take part. */
  'm.federate'?: boolean;
  /** '1' when absent. */
  room_version?: string;
  /** `m.space` for spaces. */
  type?: string;
  predecessor?: { room_id: string; event_id?: string };
};
