// The memory of an application service's last transactions: how one goes, and that it never grows.
import { expect, test } from 'vitest';
import type { FrozenTransaction } from './delivery-state.ts';
import { RecentTransactions, recentBytesMax, recentTransactionsMax } from './recent-transactions.ts';

const frozen = (txnId: number, positions: readonly number[] = [txnId]): FrozenTransaction => ({
  txnId,
  positions,
  createdTs: 1000 * txnId,
  body: undefined,
  bytes: 0,
  events: positions.length,
  hasPassing: false,
  toDevice: [],
  traces: [],
});

test('a transaction that is refused and then accepted is one, with its attempts and the last reason', () => {
  const recent = new RecentTransactions();
  recent.attempt(frozen(1), Buffer.from('{}'), 1001);
  expect(recent.find(1)).toMatchObject({ outcome: 'sending', attempts: 1, answeredTs: undefined, firstSentTs: 1001 });
  recent.answered(1, { outcome: 'refused', status: 502, reason: 'answered 502' }, 1002);
  expect(recent.find(1)).toMatchObject({ outcome: 'refused', answeredTs: 1002 });
  recent.attempt(frozen(1), Buffer.from('{}'), 2000);
  recent.answered(1, { outcome: 'accepted', status: 200 }, 2003);
  expect(recent.list()).toMatchObject([
    {
      txnId: 1,
      outcome: 'accepted',
      attempts: 2,
      frozenTs: 1000,
      firstSentTs: 1001,
      lastSentTs: 2000,
      answeredTs: 2003,
      reason: 'answered 502',
    },
  ]);
});

test('an event is found in the transaction that was split and in its half', () => {
  const recent = new RecentTransactions();
  recent.attempt(frozen(1, [5, 6]), Buffer.from('{}'), 1);
  recent.divided(1);
  recent.attempt(frozen(2, [6]), Buffer.from('{}'), 2);
  expect(recent.withPosition(6).map(({ txnId, outcome }) => [txnId, outcome])).toEqual([
    [1, 'divided'],
    [2, 'sending'],
  ]);
  expect(recent.withPosition(7)).toEqual([]);
});

test('however many and large they are, so many and so many bytes are kept', () => {
  const recent = new RecentTransactions();
  for (let txnId = 1; txnId <= 1000; txnId += 1) recent.attempt(frozen(txnId), Buffer.alloc(10_000), txnId);
  recent.attempt(frozen(1001), Buffer.alloc(recentBytesMax + 1), 1001);
  const all = recent.list();
  expect(all.map(({ txnId }) => txnId)).toEqual(Array.from({ length: recentTransactionsMax }, (_, at) => 952 + at));
  const bodies = all.flatMap(({ txnId, body }) => (body === undefined ? [] : [txnId]));
  expect(bodies).toEqual(Array.from({ length: 26 }, (_, at) => 975 + at));
});
