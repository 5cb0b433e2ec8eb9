// Sending again, at the wish of an operator or of the application service: events from a place of the stream on, or what was set aside.
// What is sent again comes before anything new, under new transaction ids, in the order of the stream.

/** What is to be sent again. */
export type ReplayRequest =
  /** What was set aside: these positions, or all. */
  | { readonly what: 'set-aside'; readonly positions?: readonly number[] }
  /** Every event after a position of the stream that is of interest now. */
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
