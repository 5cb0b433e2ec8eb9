// https://spec.matrix.org/v1.19/client-server-api/#mroomhistory_visibility

/** Who may read what was said. */
export type HistoryVisibility = 'invited' | 'joined' | 'shared' | 'world_readable';

/** Content of m.room.history_visibility. */
export type RoomHistoryVisibilityContent = {
  history_visibility: HistoryVisibility;
};
