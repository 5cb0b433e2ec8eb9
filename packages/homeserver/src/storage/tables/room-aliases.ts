// Reads of `room_aliases`: which room an alias of this server names. Only the door writes it.
import { type Queryable, statement } from '../database.ts';

/** An alias and the room it names. */
export interface AliasRow {
  readonly alias: string;
  readonly roomNid: number;
  readonly roomId: string;
  readonly creator: string;
}

const byAlias = statement(
  'room_aliases.by_alias',
  `select a.alias, a.room_nid as "roomNid", r.room_id as "roomId", a.creator
    from room_aliases a join rooms r using (room_nid) where a.alias = $1`,
);

/** What this alias names, or undefined. */
export async function aliasRow(db: Queryable, alias: string): Promise<AliasRow | undefined> {
  return (await db.query<AliasRow>(byAlias, [alias]))[0];
}

const ofRoom = statement('room_aliases.of_room', 'select alias from room_aliases where room_nid = $1 order by alias');

/** The aliases of a room on this server, sorted. */
export async function aliasesOfRoom(db: Queryable, roomNid: number): Promise<string[]> {
  return (await db.query<{ alias: string }>(ofRoom, [roomNid])).map((row) => row.alias);
}
