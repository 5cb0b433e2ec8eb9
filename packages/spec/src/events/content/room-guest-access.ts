// https://spec.matrix.org/v1.19/client-server-api/#mroomguest_access

/** Content of m.room.guest_access. */
export type RoomGuestAccessContent = {
  guest_access: 'can_join' | 'forbidden';
};
