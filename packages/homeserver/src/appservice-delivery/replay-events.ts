// Sending again, at the wish of an operator or of the application service: events from a place of the stream on, or what was set aside.
// What is sent again comes before anything new, under new transaction ids, in the order of the stream.

import type { Clock } from '../platform/clock.ts';
import { type Feed, type WaitingEvent, waitingEvent } from './feed.ts';
import { InterestThen } from './interest-then.ts';
import { readStream, type StreamReaderParts } from './read-stream.ts';
import { textFor } from './shown-state.ts';

/** What is to be sent again. */
export type ReplayRequest =
  /** What was set aside: these positions, or all. */
  | { readonly what: 'set-aside'; readonly positions?: readonly number[] }
  /** Every event after a position of the stream that is was of interest then. */
  | { readonly what: 'after-position'; readonly position: number }
  /** Every event from the first on whose origin_server_ts is at or after this (milliseconds). */
  | { readonly what: 'since-time'; readonly ts: number };

/** What will be sent again. */
export interface Replay {
  /** Set-aside events that will be; 0 for the other kinds. */
  readonly setAside: number;
  /** The range of the stream, `after` exclusive; absent for set-aside events. */
  readonly after?: number;
  readonly upTo?: number;
}

/** Reads the next piece of a replay: what is of interest in it, and how far it reaches. */
export type ReadReplay = (
  feed: Feed,
  range: { readonly after: number; readonly upTo: number },
) => Promise<{ readonly items: readonly WaitingEvent[]; readonly upTo: number }>;

/** Events read at a time. */
const pieceEventsMax = 100;
const nothingRecent = { after: () => [] };

/** Replays are read from the database, decided by the interest of then and the filters of now. */
export function createReadReplay(parts: Omit<StreamReaderParts, 'recent'> & { readonly clock: Clock }): ReadReplay {
  const { clock } = parts;
  const interests = new WeakMap<Feed, InterestThen>();

  // One place of the stream after the other: rooms are counted once, not for each piece.
  function interestAt(feed: Feed, position: number): InterestThen {
    const known = interests.get(feed);
    if (known?.goTo(position) === true) return known;
    const then = new InterestThen(parts, feed.appservice, position);
    interests.set(feed, then);
    return then;
  }

  return async (feed, range) => {
    const then = interestAt(feed, range.after);
    const { index } = then;
    let { after } = range;
    while (after < range.upTo) {
      const request = { after, limit: pieceEventsMax, extras: [], look: true };
      const piece = await readStream({ ...parts, index, recent: nothingRecent }, request);
      if (piece === undefined) break;
      const items = then.pass(piece.events, piece.upTo).flatMap((event): WaitingEvent[] => {
        if (event.position > range.upTo || event.text === undefined) return [];
        if (event.bulkBy === feed.appservice.id) return [];
        if (feed.filter?.({ ...event, roomId: index.roomId(event.roomNid) }, clock.now()) !== undefined) return [];
        return [waitingEvent(event, textFor(feed.appservice, event), clock.monotonicMs())];
      });
      if (items.length > 0) return { items, upTo: Math.min(piece.upTo, range.upTo) };
      after = piece.upTo;
    }
    return { items: [], upTo: range.upTo };
  };
}
