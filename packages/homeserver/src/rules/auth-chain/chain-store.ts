// The auth-chain index: what an event's auth chain has in it, told without walking it. State events are laid on chains, each the next
// after one of its own auth events; what it cites besides is a link to another chain. So everything that an event at place 7 of a chain
// rests on is: the first 6 of that chain, and for each other chain a first part, found over the links.
//
//   chain 1   create ─ alice ─ levels ─ rules ─ bob          places 1 to 5
//   chain 8                               ▲──── carol ─ carol's new name
//                                         └ link (8, 1) → (1, 4)
//
// Only what an event itself cites becomes links, never what these lead to: a room of 100,000 forks has a few times 100,000 links, and
// no event costs more than the auth events it may have. This file says how places and links are kept; storage/tables/auth-chains.ts
// keeps them. https://spec.matrix.org/v1.19/rooms/v2/#definitions

/** Where an event is: on a chain, named by the number of its first event, at a place counted from 1. */
export interface ChainPlace {
  readonly chain: number;
  readonly seq: number;
}

/** An event of one chain cites one of another. */
export interface ChainLink {
  readonly fromChain: number;
  readonly fromSeq: number;
  readonly toChain: number;
  readonly toSeq: number;
}

/** Places of a chain: after one, up to and with the other. */
export interface ChainSpan {
  readonly chain: number;
  readonly after: number;
  readonly upTo: number;
}

/** What is kept of one room. */
export interface ChainStore {
  /** Places of events; those without one are left out. */
  placesOf(eventIds: readonly string[]): Promise<ReadonlyMap<string, ChainPlace>>;
  /** Last places of chains that have any. */
  lengthsOf(chains: readonly number[]): Promise<ReadonlyMap<number, number>>;
  /** For each pair of chains the highest place of the second that the first links to, in their order; 0 where it does not. */
  highestLinks(pairs: readonly { readonly fromChain: number; readonly toChain: number }[]): Promise<readonly number[]>;
  /** Links that leave those chains, so many at most. */
  linksFrom(chains: readonly number[], limit: number): Promise<readonly ChainLink[]>;
  /** All links of the room, so many at most. */
  everyLink(limit: number): Promise<readonly ChainLink[]>;
  /** IDs of the events at those places. */
  eventsAt(spans: readonly ChainSpan[]): Promise<readonly string[]>;
}
