// https://spec.matrix.org/v1.19/client-server-api/#mroompower_levels

/** Content of m.room.power_levels. */
export type RoomPowerLevelsContent = {
  ban?: number;
  events?: { [type: string]: number };
  events_default?: number;
  invite?: number;
  kick?: number;
  notifications?: { [kind: string]: number };
  redact?: number;
  state_default?: number;
  users?: { [userId: string]: number };
  users_default?: number;
};
