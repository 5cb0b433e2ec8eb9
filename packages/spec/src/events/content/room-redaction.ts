// https://spec.matrix.org/v1.19/client-server-api/#mroomredaction

/** Content of m.room.redaction. */
export type RoomRedactionContent = {
  /** Since room version 11. */
  redacts?: string;
  reason?: string;
};
