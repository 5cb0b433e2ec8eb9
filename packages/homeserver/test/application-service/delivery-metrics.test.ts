// What an operator sees of a delivery in /metrics: one application service that hangs, one that refuses an event, one that is well.
import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { observeAppservices } from '../../src/compose/appservice-metrics.ts';
import { deliveryFixture, eventually } from './delivery-fixture.ts';

it('shows depth, age, attempts, bytes, the last error and what was set aside, each for itself', async () => {
  const at = await deliveryFixture();
  const hung = await at.appservice('hung');
  const picky = await at.appservice('picky');
  const well = await at.appservice('well');
  hung.mode = 503;
  picky.judge = ({ body }) => (body.includes('poison') ? 413 : undefined);
  const delivery = await at.deliver();
  const registry = new Registry();
  observeAppservices(registry, () =>
    at.registry.all().flatMap(({ id }) => {
      const status = delivery.status(id);
      return status === undefined ? [] : [[id, status] as const];
    }),
  );
  const room = await at.makeRoom('!a:example.org');
  for (const id of ['hung', 'picky', 'well']) await room.join(`@_${id}_x:example.org`);
  await room.append(...['poison', 'one', 'two'].map((body) => ({ sender: '@alice:example.org', content: { body } })));
  for (const id of ['picky', 'well'])
    await at.until(() => delivery.status(id)?.state === 'idle' && delivery.status(id)?.readPosition === 6, 20);
  // Its refusals take their time, which the clock does not know of: it goes on until there were enough.
  let seconds = 0;
  await at.until(() => (seconds += 1) > 120 && (delivery.status('hung')?.retries ?? 0) > 2, 1000);
  await eventually(() => hung.inFlight === 0);
  const text = await registry.metrics();
  const value = (name: string, id: string) =>
    Number(new RegExp(`^pons_appservice_${name}\\{appservice="${id}"\\} (.*)$`, 'm').exec(text)?.[1]);
  expect(value('set_aside', 'picky')).toBe(1);
  expect(value('set_aside', 'well')).toBe(0);
  expect(value('waiting_events', 'hung')).toBe(6);
  expect(value('waiting_bytes', 'hung')).toBeGreaterThan(500);
  expect(value('oldest_unacknowledged_seconds', 'hung')).toBeGreaterThanOrEqual(120);
  expect(value('retries', 'hung')).toBeGreaterThan(2);
  expect(value('in_flight', 'hung')).toBe(1);
  expect(value('last_error_timestamp_seconds', 'hung')).toBeGreaterThan(1_700_000_000);
  for (const name of ['waiting_events', 'waiting_bytes', 'oldest_unacknowledged_seconds', 'retries', 'in_flight'])
    expect(value(name, 'well')).toBe(0);
  expect(value('last_error_timestamp_seconds', 'well')).toBe(0);
  expect(value('delivered_events', 'well')).toBe(4);
  expect(value('delivered_bytes', 'well')).toBe(
    well.transactions.reduce((sum, { body }) => sum + Buffer.byteLength(body), 0),
  );
  expect(value('unread_positions', 'well')).toBe(0);
  await at.close();
});
