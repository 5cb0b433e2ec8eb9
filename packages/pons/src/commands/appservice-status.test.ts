// How `pons appservice list` and `show` tell the delivery to an application service.

import { expect, test } from 'vitest';
import { deliveryRows, lastError, oldest, type Status } from './appservice-status.ts';

const now = 10_000_000;
const status = (more: Partial<Status>): Status => ({
  id: 'irc',
  url: 'http://127.0.0.1:9009',
  sender: '@_irc_bot:localhost',
  source: 'database',
  websocket: false,
  status: 'up',
  queue_depth: 0,
  queue_bytes: 0,
  oldest_unacknowledged_ms: null,
  in_flight_txn_id: null,
  retries: 0,
  delivered_events: 1,
  delivered_transactions: 1,
  delivered_bytes: 2_500,
  set_aside: 0,
  last_error: null,
  last_error_ts: null,
  ...more,
});

test('an error that is over says so and when it was; one that goes on says when alone', () => {
  const error = { last_error: 'it answered 500', last_error_ts: now - 180_000 };
  expect(lastError(status(error), now)).toBe('it answered 500 (3 min ago, recovered since)');
  expect(lastError(status({ ...error, retries: 2 }), now)).toBe('it answered 500 (3 min ago)');
  expect(lastError(status({}), now)).toBeUndefined();
});

test('delivery is told in words', () => {
  const words = (more: Partial<Status>) =>
    Object.fromEntries(deliveryRows(status(more), now).filter(([, value]) => value !== undefined));
  expect(words({})).toEqual({
    state: 'up',
    waiting: 'nothing',
    delivered: '1 event in 1 transaction, 2.5 kB, since the server started',
    'set aside': 'nothing',
  });
  const behind = {
    queue_depth: 3,
    queue_bytes: 800,
    oldest_unacknowledged_ms: 12_300,
    retries: 1,
    in_flight_txn_id: 7,
  };
  expect(words({ ...behind, set_aside: 2 })).toMatchObject({
    waiting: '3 events, 800 B; the oldest for 12 s',
    'on its way': 'transaction 7, 1 retry',
    'set aside': '2 events (pons appservice set-aside irc)',
  });
  expect(oldest(status(behind))).toBe('12 s');
});
