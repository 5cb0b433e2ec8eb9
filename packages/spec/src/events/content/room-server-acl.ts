// https://spec.matrix.org/v1.19/client-server-api/#mroomserver_acl

/** Content of m.room.server_acl: which servers may take part. */
export type RoomServerAclContent = {
  /** Globs; none admits nobody. */
  allow?: string[];
  deny?: string[];
  /** True when absent. */
  allow_ip_literals?: boolean;
};
