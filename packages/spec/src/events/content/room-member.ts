// https://spec.matrix.org/v1.19/client-server-api/#mroommember

import type { Signatures } from '../pdu.ts';

/** What a user is to a room. */
export type Membership = 'invite' | 'join' | 'knock' | 'leave' | 'ban';

/** Content of m.room.member; the state key is the user. */
export type RoomMemberContent = {
  membership: Membership;
  displayname?: string | null;
  avatar_url?: string | null;
  reason?: string;
  is_direct?: boolean;
  /** The user whose server vouches for a restricted join. */
  join_authorised_via_users_server?: string;
  third_party_invite?: {
    display_name: string;
    signed: { mxid: string; token: string; signatures: Signatures };
  };
};
