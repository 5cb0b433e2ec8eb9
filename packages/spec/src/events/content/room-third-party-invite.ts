// https://spec.matrix.org/v1.19/client-server-api/#mroomthird_party_invite

/** Content of m.room.third_party_invite; the state key is the token. */
export type RoomThirdPartyInviteContent = {
  display_name: string;
  key_validity_url: string;
  /** Unpadded base64. */
  public_key: string;
  public_keys?: { public_key: string; key_validity_url?: string }[];
};
