// Ephemeral events of types of somebody's own on their way to application services: none is lost or sent for another while it lasts, what
// is frozen is the same bytes until it is accepted, and what has ended by then is not sent at all.
// https://spec.matrix.org/v1.19/application-service-api/#pushing-ephemeral-data
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AppserviceDouble } from '../../../testkit/src/appservice.ts';
import { type DeliveryFixture, deliveryFixture, eventually } from './delivery-fixture.ts';

let at: DeliveryFixture;
beforeEach(async () => {
  at = await deliveryFixture();
});
afterEach(() => at.close());

const lifetimeMs = 120_000;
const alice = '@alice:example.org';
const ghost = '@_irc_bob:example.org';
const asking = { receive_ephemeral: true };

interface Body {
  readonly ephemeral?: readonly { readonly content: { readonly n: number } }[];
}
const told = (double: AppserviceDouble): number[] => {
  const byId = new Map(double.transactions.map(({ txnId, body }) => [txnId, JSON.parse(body) as Body]));
  return [...byId.values()].flatMap(({ ephemeral = [] }) => ephemeral.map(({ content }) => content.n));
};
const bodiesOf = (double: AppserviceDouble) => new Set(double.transactions.map(({ sha256 }) => sha256));
let txn = 0;
const shown = (roomNid: number, n: number, userId = alice) => {
  const type = 'org.example.progress';
  const json = JSON.stringify({ type, sender: userId, room_id: '!a:example.org', origin_server_ts: 5, content: { n } });
  const key = { roomNid, userId, deviceId: '', txnId: `t${(txn += 1)}` };
  return { ...key, type, json, expiresTs: at.clock.now() + lifetimeMs, at: 0 };
};
const put = (roomNid: number, n: number, userId = alice) => at.put({ ephemeralEvents: [shown(roomNid, n, userId)] });

async function roomWithGhost() {
  const room = await at.makeRoom('!a:example.org');
  await room.join(ghost);
  return room;
}

describe.each([
  ['from memory', true],
  ['from the database', false],
])('ephemeral events, %s', (_, fromMemory) => {
  beforeEach(() => {
    at.fromMemory.on = fromMemory;
  });

  it.each([
    ['receive_ephemeral', asking],
    ['the older key', { 'de.sorunome.msc2409.push_ephemeral': true }],
  ])(
    'go to who asks by %s and has a user in the room, each of them, as they are shown, under both names',
    async (_key, more) => {
      const [irc, quiet, other] = [
        await at.appservice('irc', more),
        await at.appservice('quiet', { namespaces: { users: [{ regex: '@_irc_.*', exclusive: false }] } }),
        await at.appservice('other', asking),
      ];
      await at.deliver();
      const room = await roomWithGhost();
      const { roomNid } = room;
      for (const n of [1, 2, 3]) await put(roomNid, n, n === 2 ? ghost : alice);
      await at.until(() => told(irc).length === 3);
      expect(told(irc)).toEqual([1, 2, 3]);
      const transaction = irc.transactions.find(({ body }) => body.includes('"n":1'));
      const one = JSON.parse(shown(roomNid, 1).json) as unknown;
      const body = JSON.parse(transaction?.body ?? '{}') as Record<string, unknown[]>;
      expect(body['ephemeral']).toContainEqual(one);
      expect(body['de.sorunome.msc2409.ephemeral']).toEqual(body['ephemeral']);
      await room.say(alice, 'afterwards');
      await at.until(() => quiet.events.length === 2);
      expect([told(quiet), other.transactions]).toEqual([[], []]);
    },
  );

  it('are not told to their own application service that filters its echo', async () => {
    const irc = await at.appservice('irc', { ...asking, pons: { filters: { own_events: false } } });
    await at.deliver();
    const { roomNid } = await roomWithGhost();
    await put(roomNid, 1, ghost);
    await put(roomNid, 2);
    await at.until(() => told(irc).length > 0);
    expect(told(irc)).toEqual([2]);
  });
});

it('an outage and a restart lose none while they last; what was frozen stays the same bytes after its end', async () => {
  const irc = await at.appservice('irc', asking);
  let delivery = await at.deliver();
  const { roomNid } = await roomWithGhost();
  await at.until(() => irc.events.length === 1);
  irc.mode = 500;
  await put(roomNid, 1);
  await eventually(() => delivery.status('irc')?.retries === 1);
  await put(roomNid, 2);
  await at.end(delivery);
  // The first one is frozen; the second waits in the table.
  delivery = await at.deliver();
  await eventually(() => delivery.status('irc')?.retries === 1);
  irc.mode = 'ok';
  await at.until(() => told(irc).length === 2, 1_000);
  expect(told(irc)).toEqual([1, 2]);
  expect(bodiesOf(irc).size).toBe(3);

  irc.mode = 500;
  await put(roomNid, 3);
  await eventually(() => delivery.status('irc')?.retries === 1);
  await put(roomNid, 4);
  await at.clock.advance(lifetimeMs);
  irc.mode = 'ok';
  await put(roomNid, 5);
  await at.until(() => told(irc).includes(5), 1_000);
  expect(told(irc)).toEqual([1, 2, 3, 5]);
});

it('one that a transaction is refused for is left behind with it, and holds up nothing', async () => {
  const irc = await at.appservice('irc', asking);
  const delivery = await at.deliver();
  const { roomNid } = await roomWithGhost();
  await at.until(() => irc.events.length === 1);
  at.told.on = false;
  irc.judge = ({ body }) => (body.includes('"n":2') ? 413 : undefined);
  for (const n of [1, 2, 3]) await put(roomNid, n);
  delivery.news();
  await at.until(() => told(irc).includes(3) && delivery.status('irc')?.state === 'idle');
  expect(delivery.status('irc')?.setAside).toBe(0);
  expect(irc.transactions.some(({ body }) => body.includes('"n":3') && !body.includes('"n":2'))).toBe(true);
});
