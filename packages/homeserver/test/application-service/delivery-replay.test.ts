// What is sent again is what was sent first: decided by who was in the room then, not by who is there now.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AppserviceDouble } from '../../../testkit/src/appservice.ts';
import type { AppserviceDelivery } from '../../src/appservice-delivery/delivery.ts';
import { createOperations } from '../../src/appservice-delivery/operate.ts';
import { type DeliveryFixture, deliveryFixture } from './delivery-fixture.ts';

let at: DeliveryFixture;
beforeEach(async () => {
  at = await deliveryFixture();
});
afterEach(() => at.close());

const alice = '@alice:example.org';
const ghost = (name: string, id = 'irc') => `@_${id}_${name}:example.org`;
const idle = (delivery: AppserviceDelivery, ...ids: readonly string[]) =>
  at.until(() => ids.every((id) => delivery.status(id)?.state === 'idle'));
const idsOf = (double: AppserviceDouble) => double.events.map(({ event_id: id }) => id);

async function replayed(
  delivery: AppserviceDelivery,
  double: AppserviceDouble,
  { id = 'irc', position = 0, end }: { id?: string; position?: number; end: number },
): Promise<unknown[]> {
  await at.until(() => (delivery.status(id)?.readPosition ?? 0) >= end);
  await idle(delivery, id);
  const before = double.events.length;
  const { db, clock, registry, memory } = at;
  const invalidations = { invalidate: async () => {} };
  const operations = createOperations({ db, clock, registry, delivery, memory, invalidations });
  await operations.replay(id, { what: 'after-position', position });
  await at.until(async () => (await left(id)) === 0);
  await idle(delivery, id);
  return idsOf(double).slice(before);
}

async function left(id: string): Promise<number> {
  const text = 'select replay_upto - replay_after as n from appservice_cursors where appservice_id = $1';
  return (await at.db.query<{ n: number }>({ name: 'test.replay_left', text }, [id]))[0]?.n ?? 0;
}

describe('a replay', () => {
  it('sends again what a ghost was told that has left since, and nothing that was said before it came or after it went', async () => {
    const irc = await at.appservice('irc');
    const delivery = await at.deliver();
    const room = await at.makeRoom('!a:example.org');
    await room.join(alice);
    await room.say(alice, 'before');
    await room.join(ghost('bob'), 'invite');
    await room.say(alice, 'while it is invited');
    await room.join(ghost('bob'));
    await room.say(alice, 'during');
    await room.join(ghost('bob'), 'leave');
    const after = await room.say(alice, 'after');
    await at.until(() => (delivery.status('irc')?.readPosition ?? 0) >= after.position);
    await idle(delivery, 'irc');
    const first = idsOf(irc);
    expect(first).toHaveLength(4);
    expect(await replayed(delivery, irc, { end: after.position })).toEqual(first);
    // The ghost is back: it was not there then all the same.
    const back = await room.join(ghost('bob'));
    expect(await replayed(delivery, irc, { end: back.position })).toEqual([...first, back.eventId]);
  });

  it.each([1, 7, 100])('sends again what was sent, whoever came and went, %i at a time', async (events) => {
    const irc = await at.appservice('irc', { pons: { limits: { events } } });
    const slack = await at.appservice('slack');
    const delivery = await at.deliver();
    const rooms = await Promise.all([1, 2, 3].map((n) => at.makeRoom(`!${n}:example.org`)));
    let seed = 11;
    const pick = (below: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return Math.floor((seed / 2_147_483_648) * below);
    };
    const users = [alice, ghost('a'), ghost('b'), ghost('a', 'slack'), '@carol:example.org'];
    const positions: number[] = [];
    for (let n = 0; n < 260; n += 1) {
      const room = rooms[pick(rooms.length)];
      const user = users[pick(users.length)];
      if (room === undefined || user === undefined) continue;
      const event =
        pick(3) === 0 ? await room.join(user, pick(2) === 0 ? 'join' : 'leave') : await room.say(user, `n${n}`);
      positions.push(event.position);
    }
    const end = positions.at(-1) ?? 0;
    await at.until(() => ['irc', 'slack'].every((id) => (delivery.status(id)?.readPosition ?? 0) >= end));
    await idle(delivery, 'irc', 'slack');
    const first = { irc: idsOf(irc), slack: idsOf(slack) };
    expect(first.irc.length).toBeGreaterThan(50);
    expect(await replayed(delivery, irc, { end })).toEqual(first.irc);
    expect(await replayed(delivery, slack, { id: 'slack', end })).toEqual(first.slack);
    const position = positions[150] ?? 0;
    const later = await replayed(delivery, irc, { position, end });
    expect(later.length).toBeGreaterThan(10);
    expect(later).toEqual(first.irc.slice(-later.length));
  });
});
