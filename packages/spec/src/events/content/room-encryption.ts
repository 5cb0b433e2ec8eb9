// https://spec.matrix.org/v1.19/client-server-api/#mroomencryption

/** Content of m.room.encryption. */
export type RoomEncryptionContent = {
  algorithm: string;
  rotation_period_ms?: number;
  rotation_period_msgs?: number;
};
