// https://spec.matrix.org/v1.19/client-server-api/#mroomcanonical_alias

/** Content of m.room.canonical_alias. */
export type RoomCanonicalAliasContent = {
  alias?: string | null;
  alt_aliases?: string[];
};
