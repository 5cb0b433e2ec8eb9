// https://spec.matrix.org/v1.19/client-server-api/#mroomjoin_rules

/** Who may join. */
export type JoinRule = 'public' | 'knock' | 'invite' | 'private' | 'restricted' | 'knock_restricted';

/** Content of m.room.join_rules. */
export type RoomJoinRulesContent = {
  join_rule: JoinRule;
  /** For restricted rooms: membership of which rooms admits. */
  allow?: { type: string; room_id?: string }[];
};
