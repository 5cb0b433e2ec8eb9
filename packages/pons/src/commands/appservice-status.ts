// What the admin API says of the delivery to one application service, and how people read it.

import { ago, counted, sizeInWords, span } from './in-words.ts';

/** As the admin API tells it. */
export interface Status {
  readonly id: string;
  readonly url: string | null;
  readonly sender: string;
  /** `database`, or the file. */
  readonly source: string;
  readonly websocket: boolean;
  readonly status: string;
  readonly queue_depth: number;
  readonly queue_bytes: number;
  readonly oldest_unacknowledged_ms: number | null;
  readonly in_flight_txn_id: number | null;
  readonly retries: number;
  readonly delivered_events: number;
  readonly delivered_transactions: number;
  readonly delivered_bytes: number;
  readonly set_aside: number;
  readonly last_error: string | null;
  readonly last_error_ts: number | null;
}

/** How long the oldest has waited; undefined when nothing waits. */
export function oldest({ oldest_unacknowledged_ms: ms }: Status): string | undefined {
  return ms === null ? undefined : span(ms);
}

/** What went wrong last, how long ago, and whether that is over: a delivery that succeeds sets the retries back to none. */
export function lastError({ last_error: error, last_error_ts: ts, retries }: Status, now: number): string | undefined {
  if (error === null) return undefined;
  const when = [...(ts === null ? [] : [ago(ts, now)]), ...(retries === 0 ? ['recovered since'] : [])];
  return when.length === 0 ? error : `${error} (${when.join(', ')})`;
}

/** Names and words of its delivery. */
export function deliveryRows(one: Status, now: number): [string, string | undefined][] {
  const { in_flight_txn_id: inFlight } = one;
  const since = oldest(one);
  const waiting =
    one.queue_depth === 0
      ? 'nothing'
      : `${counted(one.queue_depth, 'event')}, ${sizeInWords(one.queue_bytes)}${since === undefined ? '' : `; the oldest for ${since}`}`;
  return [
    ['state', one.status],
    ['waiting', waiting],
    [
      'on its way',
      inFlight === null ? undefined : `transaction ${inFlight}, ${counted(one.retries, 'retry', 'retries')}`,
    ],
    ['last error', lastError(one, now)],
    [
      'delivered',
      `${counted(one.delivered_events, 'event')} in ${counted(one.delivered_transactions, 'transaction')}, ${sizeInWords(one.delivered_bytes)}, since the server started`,
    ],
    [
      'set aside',
      one.set_aside === 0 ? 'nothing' : `${counted(one.set_aside, 'event')} (pons appservice set-aside ${one.id})`,
    ],
  ];
}
