// The auth-chain index of a room: columns auth_chain and auth_chain_seq of `events`, and table `auth_chain_links`. Reads only: rows are
// written with their events, by the door. What places and links mean is rules/auth-chain/chain-store.ts.
import { type Queryable, statement } from '../database.ts';

/** Where an event is. */
export interface AuthChainPlace {
  readonly chain: number;
  readonly seq: number;
}

/** One row of auth_chain_links. */
export interface AuthChainLinkRow {
  readonly fromChain: number;
  readonly fromSeq: number;
  readonly toChain: number;
  readonly toSeq: number;
}

// By id, one by one: where few events have a place, the planner would take the index of places to read all that the room has.
const placesById = statement(
  'auth_chains.places_by_id',
  `select w.event_id as "eventId", e.auth_chain as chain, e.auth_chain_seq as seq from unnest($2::text[]) as w(event_id)
  cross join lateral (
    select auth_chain, auth_chain_seq from events where room_nid = $1 and event_id = w.event_id limit 1) e
  where e.auth_chain is not null`,
);
const lengths = statement(
  'auth_chains.lengths',
  `select w.chain, l.seq from unnest($2::bigint[]) as w(chain) cross join lateral (
    select auth_chain_seq as seq from events where room_nid = $1 and auth_chain = w.chain
    order by auth_chain_seq desc limit 1) l`,
);
const highestLinks = statement(
  'auth_chains.highest_links',
  `select coalesce(l.to_seq, 0) as seq
  from unnest($2::bigint[], $3::bigint[]) with ordinality as w(from_chain, to_chain, at) left join lateral (
    select to_seq from auth_chain_links where room_nid = $1 and from_chain = w.from_chain and to_chain = w.to_chain
    order by from_seq desc limit 1) l on true
  order by w.at`,
);
const columns = 'from_chain as "fromChain", from_seq as "fromSeq", to_chain as "toChain", to_seq as "toSeq"';
const linksFrom = statement(
  'auth_chains.links_from',
  `select ${columns} from auth_chain_links where room_nid = $1 and from_chain = any($2::bigint[]) limit $3`,
);
const everyLink = statement(
  'auth_chains.every_link',
  `select ${columns} from auth_chain_links where room_nid = $1 limit $2`,
);
const eventsAt = statement(
  'auth_chains.events_at',
  `select e.event_id as "eventId" from unnest($2::bigint[], $3::bigint[], $4::bigint[]) as w(chain, after, up_to)
  cross join lateral (
    select event_id from events where room_nid = $1 and auth_chain = w.chain
      and auth_chain_seq > w.after and auth_chain_seq <= w.up_to) e`,
);

/** Reads of one room's index. */
export function authChainsOf(db: Queryable, roomNid: number) {
  return {
    async placesOf(eventIds: readonly string[]): Promise<Map<string, AuthChainPlace>> {
      const rows = await db.query<AuthChainPlace & { eventId: string }>(placesById, [roomNid, eventIds]);
      return new Map(rows.map(({ eventId, chain, seq }) => [eventId, { chain, seq }]));
    },
    async lengthsOf(chains: readonly number[]): Promise<Map<number, number>> {
      const rows = await db.query<AuthChainPlace>(lengths, [roomNid, chains]);
      return new Map(rows.map(({ chain, seq }) => [chain, seq]));
    },
    async highestLinks(
      pairs: readonly { readonly fromChain: number; readonly toChain: number }[],
    ): Promise<readonly number[]> {
      const from = pairs.map(({ fromChain }) => fromChain);
      const to = pairs.map(({ toChain }) => toChain);
      return (await db.query<{ seq: number }>(highestLinks, [roomNid, from, to])).map(({ seq }) => seq);
    },
    linksFrom: (chains: readonly number[], limit: number): Promise<AuthChainLinkRow[]> =>
      db.query(linksFrom, [roomNid, chains, limit]),
    everyLink: (limit: number): Promise<AuthChainLinkRow[]> => db.query(everyLink, [roomNid, limit]),
    async eventsAt(
      spans: readonly { readonly chain: number; readonly after: number; readonly upTo: number }[],
    ): Promise<readonly string[]> {
      const [chains, after, upTo] = [spans.map((s) => s.chain), spans.map((s) => s.after), spans.map((s) => s.upTo)];
      return (await db.query<{ eventId: string }>(eventsAt, [roomNid, chains, after, upTo])).map((row) => row.eventId);
    },
  };
}
