// What reaches an application service besides events: messages to devices, changed device lists, how many keys are left, receipts.
// Nothing of it is lost while the application service is away or the homeserver restarts, nothing comes twice, and none of it goes to
// whom it does not concern.
// https://spec.matrix.org/v1.19/application-service-api/#pushing-ephemeral-data
// https://github.com/matrix-org/matrix-spec-proposals/pull/4203
// https://github.com/matrix-org/matrix-spec-proposals/pull/3202
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AppserviceDouble } from '../../../testkit/src/appservice.ts';
import { setPaused } from '../../src/storage/tables/appservice-cursors.ts';
import { type DeliveryFixture, deliveryFixture, eventually } from './delivery-fixture.ts';

let at: DeliveryFixture;
beforeEach(async () => {
  at = await deliveryFixture();
});
afterEach(() => at.close());

const alice = '@alice:example.org';
const ghost = (name: string, id = 'irc') => `@_${id}_${name}:example.org`;
const device = { 'org.matrix.msc3202': true };
/** Messages to devices are deleted for those alone who say that they encrypt by what they are sent here. */
const asking = { receive_ephemeral: true, ...device };

interface Body {
  readonly events: readonly unknown[];
  readonly ephemeral?: readonly { readonly type: string; readonly content: Record<string, unknown> }[];
  readonly to_device?: readonly { readonly content: { readonly n: number } }[];
  readonly device_lists?: { readonly changed: string[]; readonly left: string[] };
  readonly [key: string]: unknown;
}
const sent = (double: AppserviceDouble): Body[] => {
  const byId = new Map(double.transactions.map(({ txnId, body }) => [txnId, body]));
  return [...byId.values()].map((body) => JSON.parse(body) as Body);
};
const messages = (double: AppserviceDouble) =>
  sent(double).flatMap(({ to_device = [] }) => to_device.map(({ content }) => content.n));
const lists = (double: AppserviceDouble) => sent(double).flatMap(({ device_lists = [] }) => device_lists);
const toDevice = (userId: string, ns: readonly number[]) => ({
  toDevice: ns.map((n, at) => ({
    userId,
    deviceId: 'DEV',
    json: JSON.stringify({ type: 'm.room.encrypted', sender: alice, content: { n } }),
    at,
  })),
});
const changed = (...userIds: readonly string[]) => ({
  deviceListChanges: userIds.map((userId, at) => ({ userId, at })),
});
const count = (n: number) => Array.from({ length: n }, (_, index) => index);
const waiting = async () =>
  (await at.db.query<{ n: number }>({ name: 'test.waiting', text: 'select count(*) as n from to_device' }))[0]?.n;
const sameBytes = (double: AppserviceDouble) => {
  const hashes = new Map<number, Set<string>>();
  for (const { txnId, sha256 } of double.transactions) hashes.set(txnId, (hashes.get(txnId) ?? new Set()).add(sha256));
  return [...hashes.values()].every(({ size }) => size === 1);
};

describe.each([
  ['from memory', true],
  ['from the database', false],
])('messages to devices, read %s,', (_, fromMemory) => {
  beforeEach(() => {
    at.fromMemory.on = fromMemory;
  });

  it('say to whom they are, under both names, and are deleted with their acknowledgement', async () => {
    const irc = await at.appservice('irc', asking);
    await at.deliver();
    await at.put(toDevice(ghost('bob'), [1]));
    await at.until(() => messages(irc).length === 1);
    const message = {
      to_user_id: ghost('bob'),
      to_device_id: 'DEV',
      type: 'm.room.encrypted',
      sender: alice,
      content: { n: 1 },
    };
    expect(sent(irc)).toMatchObject([{ events: [], to_device: [message], 'de.sorunome.msc2409.to_device': [message] }]);
    await at.until(async () => (await waiting()) === 0);
  });

  it('reach two application services at the same time, each its own', async () => {
    const irc = await at.appservice('irc', asking);
    const slack = await at.appservice('slack', asking);
    await at.deliver();
    for (const n of count(15)) {
      await at.put(toDevice(ghost('bob'), [n]));
      await at.put(toDevice(ghost('eve', 'slack'), [n]));
    }
    await at.put(toDevice(alice, [99]));
    const both = () => messages(irc).length === 15 && messages(slack).length === 15;
    await at.until(both);
    expect(messages(irc)).toEqual(count(15));
    expect(messages(slack)).toEqual(count(15));
    await at.until(async () => (await waiting()) === 1); // for a user of nobody
  });

  it('all arrive once after an outage with a restart in it, in order, in full transactions', async () => {
    const irc = await at.appservice('irc', asking);
    irc.mode = 'down';
    let delivery = await at.deliver();
    for (const from of [0, 100, 200])
      await at.put(
        toDevice(
          ghost('bob'),
          count(100).map((n) => from + n),
        ),
      );
    await irc.until(() => irc.transactions.length === 1);
    await at.end(delivery);
    for (const from of [300, 400])
      await at.put(
        toDevice(
          ghost('bob'),
          count(100).map((n) => from + n),
        ),
      );
    delivery = await at.deliver();
    await eventually(() => delivery.status('irc')?.retries === 1);
    expect(await waiting()).toBe(500);
    irc.mode = 'ok';
    delivery.wakeAppservice('irc');
    await at.until(() => messages(irc).length >= 500, 20);
    expect(messages(irc)).toEqual(count(500));
    expect(sent(irc).length).toBeLessThanOrEqual(7);
    expect(sameBytes(irc)).toBe(true);
    await at.until(async () => (await waiting()) === 0);
  });
});

describe('a message to a device', () => {
  it('comes no later than the events that were sent after it', async () => {
    const irc = await at.appservice('irc');
    await at.deliver();
    const room = await at.makeRoom('!a:example.org');
    await room.join(ghost('bob'));
    await at.until(() => irc.events.length === 1);
    at.told.on = false;
    for (const n of count(130)) {
      if (n % 10 === 0) await at.put(toDevice(ghost('bob'), [n]));
      await room.say(alice, `${n}`);
    }
    at.told.on = true;
    await room.say(alice, 'end');
    await at.until(() => irc.events.length >= 132);
    const seen = new Set<number>();
    for (const body of sent(irc)) {
      for (const { content } of body.to_device ?? []) seen.add(content.n);
      for (const { content } of body.events as { content: { body?: string } }[])
        if (content.body !== undefined && content.body !== 'end')
          expect(seen.has(Math.floor(Number(content.body) / 10) * 10)).toBe(true);
    }
  });

  it('to a user whom the application service shares stays until his device has it', async () => {
    const irc = await at.appservice('irc', { namespaces: { users: [{ regex: '@shared', exclusive: false }] } });
    await at.deliver();
    await at.put(toDevice('@shared:example.org', [1]));
    await at.until(() => messages(irc).length === 1);
    await at.clock.advance(10_000);
    expect(await waiting()).toBe(1);
  });

  it.each([
    ['asks for nothing', {}],
    ['asks for receipts and typing, as those do whose bot reads its messages by /sync', { receive_ephemeral: true }],
    ['asks for them by the older key', { 'de.sorunome.msc2409.push_ephemeral': true }],
  ])('stays for /sync with an application service that %s', async (_, more) => {
    const irc = await at.appservice('irc', more);
    await at.deliver();
    await at.put(toDevice(ghost('bob'), [1]));
    await at.until(() => messages(irc).length === 1);
    await at.clock.advance(10_000);
    expect(await waiting()).toBe(1);
  });

  it('is not lost to one that has to be sent it in halves', async () => {
    const irc = await at.appservice('irc', asking);
    const other = await at.appservice('other', { namespaces: { users: [{ regex: '@_irc_', exclusive: false }] } });
    other.mode = 'down';
    const delivery = await at.deliver();
    at.told.on = false;
    await at.put(toDevice(ghost('bob'), [1, 2]));
    delivery.news();
    await other.until(() => other.transactions.length === 1);
    await at.until(() => messages(irc).length === 2);
    await at.clock.advance(10_000);
    other.mode = 'ok';
    other.judge = ({ body }) => (body.includes('"n":1') && body.includes('"n":2') ? 413 : undefined);
    delivery.wakeAppservice('other');
    await at.until(async () => (await waiting()) === 0, 20);
    expect(messages(other)).toEqual([1, 2, 1, 2]);
  });

  it('is deleted only when every application service that has the user was given it', async () => {
    const irc = await at.appservice('irc', asking);
    const other = await at.appservice('other', { namespaces: { users: [{ regex: '@_irc_', exclusive: false }] } });
    other.mode = 'down';
    const delivery = await at.deliver();
    await at.put(toDevice(ghost('bob'), [1]));
    await other.until(() => other.transactions.length === 1);
    await at.put(toDevice(ghost('bob'), [2]));
    await at.until(() => messages(irc).length === 2);
    await at.clock.advance(10_000);
    expect(await waiting()).toBeGreaterThan(0);
    other.mode = 'ok';
    delivery.wakeAppservice('other');
    await at.until(() => messages(other).length >= 2, 20);
    expect(messages(other)).toEqual([1, 2]);
    await at.until(async () => (await waiting()) === 0);
  });

  it('is deleted although the homeserver stops right after its acknowledgement, or an operator pauses', async () => {
    const irc = await at.appservice('irc', asking);
    let delivery = await at.deliver();
    let stopping: Promise<void> | undefined;
    irc.judge = () => {
      stopping ??= delivery.stop();
      return undefined;
    };
    await at.put(toDevice(ghost('bob'), [1]));
    await at.until(() => stopping !== undefined);
    await stopping;
    at.bury(delivery);
    expect(await waiting()).toBe(0);
    irc.judge = () => undefined;
    delivery = await at.deliver();
    await at.put(toDevice(ghost('bob'), [2]));
    await at.until(() => messages(irc).includes(2));
    await setPaused(at.db, 'irc', true);
    await delivery.refresh('irc');
    await at.put(toDevice(ghost('bob'), [3]));
    await at.clock.advance(10_000);
    await at.until(async () => (await waiting()) === 1);
  });

  it('that is refused for its content is set aside, kept, and sent again when an operator asks', async () => {
    const irc = await at.appservice('irc', asking);
    irc.judge = ({ body }) => (body.includes('"n":2') ? 413 : undefined);
    const delivery = await at.deliver();
    at.told.on = false;
    await at.put(toDevice(ghost('bob'), [1, 2, 3]));
    delivery.news();
    const accepted = () => messages(irc).filter((n) => n !== 2);
    await at.until(() => delivery.status('irc')?.setAside === 1 && accepted().length >= 2, 20);
    await at.until(async () => (await waiting()) === 1);
    irc.judge = () => undefined;
    await at.db.query({ name: 'test.replay', text: 'update appservice_set_aside set replay = true' });
    await delivery.refresh('irc');
    await at.until(async () => (await waiting()) === 0);
    expect(delivery.status('irc')?.setAside).toBe(0);
  });
});

describe('receipts', () => {
  it('carry their thread, and are the same bytes until they are accepted, over a restart too', async () => {
    const irc = await at.appservice('irc', { receive_ephemeral: true });
    const room = await at.makeRoom('!a:example.org');
    await room.join(ghost('bob'));
    let delivery = await at.deliver();
    irc.mode = 500;
    const read = (userId: string, type: string, threadId: string) => ({
      roomNid: room.roomNid,
      userId,
      type,
      threadId,
      eventId: '$e',
      ts: 5,
    });
    const rows = [
      read(alice, 'm.read', ''),
      read(alice, 'm.read', '$thread'),
      read(alice, 'm.read.private', 'main'),
      read(ghost('bob'), 'm.read.private', 'main'),
    ];
    await at.put({ receipts: rows.map((row, at) => ({ ...row, at })) });
    await irc.until(() => irc.transactions.length === 1);
    await eventually(() => delivery.status('irc')?.retries === 1);
    // Typing has no place in the stream: it goes with the next transaction, and what waits of it is gone after a restart.
    delivery.typing(room.roomNid, [alice]);
    await at.end(delivery);
    irc.mode = 'ok';
    delivery = await at.deliver();
    await at.until(() => delivery.status('irc')?.deliveredTransactions === 1);
    expect(irc.transactions.length).toBeGreaterThan(1);
    expect(sameBytes(irc)).toBe(true);
    expect(sent(irc).flatMap(({ ephemeral = [] }) => ephemeral.map(({ content }) => content))).toEqual([
      { $e: { 'm.read': { [alice]: { ts: 5 } } } },
      { $e: { 'm.read': { [alice]: { ts: 5, thread_id: '$thread' } } } },
      { $e: { 'm.read.private': { [ghost('bob')]: { ts: 5, thread_id: 'main' } } } },
    ]);
  });

  it('of one reader are one when they wait together', async () => {
    const irc = await at.appservice('irc', { receive_ephemeral: true });
    const delivery = await at.deliver();
    const room = await at.makeRoom('!a:example.org');
    await room.join(ghost('bob'));
    await at.until(() => irc.events.length === 1);
    at.told.on = false;
    for (const n of count(50))
      await at.put({
        receipts: [
          { roomNid: room.roomNid, userId: alice, type: 'm.read', threadId: '', eventId: `$${n}`, ts: n, at: 0 },
        ],
      });
    delivery.news();
    await at.until(() => sent(irc).some(({ ephemeral }) => ephemeral !== undefined));
    const told = sent(irc).flatMap(({ ephemeral = [] }) => ephemeral.map(({ content }) => content));
    expect(told).toEqual([{ $49: { 'm.read': { [alice]: { ts: 49 } } } }]);
  });
});

describe('typing', () => {
  it('by itself makes a transaction ten times a second at most, and goes along with events at once', async () => {
    const irc = await at.appservice('irc', { receive_ephemeral: true });
    const delivery = await at.deliver();
    const room = await at.makeRoom('!a:example.org');
    await room.join(ghost('bob'));
    await at.until(() => delivery.status('irc')?.deliveredTransactions === 1);
    const startMs = at.clock.monotonicMs();
    for (let n = 0; n < 500; n += 1) {
      delivery.typing(room.roomNid, n % 2 === 0 ? [alice] : []);
      await at.clock.advance(1);
    }
    await at.until(() => delivery.status('irc')?.state === 'idle');
    const typed = irc.transactions.length - 1;
    expect(typed).toBeGreaterThan(0);
    expect(typed).toBeLessThanOrEqual((at.clock.monotonicMs() - startMs) / 100 + 1);
    // An event does not wait for the rest of the 100 ms.
    const beforeMs = at.clock.monotonicMs();
    delivery.typing(room.roomNid, [alice]);
    await room.say(alice, 'hello');
    await irc.until(() => irc.events.length === 2);
    expect(at.clock.monotonicMs()).toBe(beforeMs);
  });
});

describe('presence', () => {
  it('is told of people in a room that is in a namespace, as typing is, with no ghost among them', async () => {
    const byRoom = await at.appservice('rooms', {
      receive_ephemeral: true,
      namespaces: { rooms: [{ regex: '!a:.*', exclusive: false }] },
    });
    const delivery = await at.deliver();
    const room = await at.makeRoom('!a:example.org');
    const other = await at.makeRoom('!b:example.org');
    delivery.presence('@carol:example.org', [other.roomNid], { presence: 'online' });
    delivery.presence(alice, [other.roomNid, room.roomNid], { presence: 'online' });
    const told = () => sent(byRoom).flatMap(({ ephemeral = [] }) => ephemeral);
    await at.until(() => told().length > 0);
    expect(told()).toEqual([{ type: 'm.presence', sender: alice, content: { presence: 'online' } }]);
  });

  it('is told of those who share a room with a ghost and of users in the namespace, the latest only', async () => {
    const irc = await at.appservice('irc', { receive_ephemeral: true });
    const deaf = await at.appservice('deaf');
    const delivery = await at.deliver(1000);
    const room = await at.makeRoom('!a:example.org');
    const other = await at.makeRoom('!b:example.org');
    await room.join(ghost('x', 'deaf'));
    await room.join(ghost('bob'));
    await at.until(() => irc.events.length === 1);
    await at.until(() => delivery.status('irc')?.state === 'idle');
    irc.mode = 'hang';
    delivery.presence(alice, [room.roomNid], { presence: 'online' });
    await at.until(() => irc.transactions.length === 2);
    delivery.presence(alice, [room.roomNid], { presence: 'unavailable' });
    delivery.presence('@carol:example.org', [other.roomNid], { presence: 'online' });
    delivery.presence(ghost('eve'), [], { presence: 'online' });
    delivery.presence(alice, [room.roomNid], { presence: 'offline' });
    irc.mode = 'ok';
    await at.until(() => irc.transactions.at(-1)?.body.includes('_eve') === true, 20);
    const told = sent(irc).flatMap(({ ephemeral = [] }) => ephemeral);
    expect(told).toEqual([
      { type: 'm.presence', sender: alice, content: { presence: 'online' } },
      { type: 'm.presence', sender: ghost('eve'), content: { presence: 'online' } },
      { type: 'm.presence', sender: alice, content: { presence: 'offline' } },
    ]);
    expect(deaf.transactions.map(({ body }) => body).join('')).not.toContain('presence');
  });
});

describe.each([
  ['from memory', true],
  ['from the database', false],
])('device lists, read %s,', (_, fromMemory) => {
  beforeEach(() => {
    at.fromMemory.on = fromMemory;
  });

  it('are told as changed of those who share a room with a ghost, to those who asked', async () => {
    const irc = await at.appservice('irc', device);
    const deaf = await at.appservice('deaf');
    await at.deliver();
    const room = await at.makeRoom('!a:example.org');
    const elsewhere = await at.makeRoom('!b:example.org');
    await elsewhere.join('@carol:example.org');
    await room.join(alice);
    await room.join(ghost('x', 'deaf'));
    await room.join(ghost('bob'));
    await at.until(() => irc.events.length === 1);
    await at.put(changed(alice, '@carol:example.org'));
    await at.until(() => lists(irc).length === 1);
    expect(lists(irc)).toEqual([{ changed: [alice], left: [] }]);
    expect(sent(irc).at(-1)).toHaveProperty(['org.matrix.msc3202.device_lists'], { changed: [alice], left: [] });
    expect(deaf.transactions.map(({ body }) => body).join('')).not.toContain('device_');
  });

  it('are told as changed when somebody joins, and as left after the last shared room', async () => {
    const irc = await at.appservice('irc', device);
    await at.deliver();
    const one = await at.makeRoom('!one:example.org');
    const two = await at.makeRoom('!two:example.org');
    await one.join(ghost('bob'));
    await two.join(ghost('bob'));
    await one.join(alice);
    await two.join(alice);
    await at.until(() => irc.events.length === 4);
    await one.join(alice, 'leave');
    await at.until(() => irc.events.length === 5);
    await two.join(alice, 'leave');
    await at.until(() => irc.events.length === 6);
    const all = lists(irc);
    expect(all.flatMap((list) => list.changed)).toContain(alice);
    expect(all.at(-1)).toEqual({ changed: [], left: [alice] });
    expect(all.flatMap((list) => list.left)).toEqual([alice]);
  });

  it('are told as left when the last ghost leaves the last shared room', async () => {
    const irc = await at.appservice('irc', device);
    await at.deliver();
    const one = await at.makeRoom('!one:example.org');
    const two = await at.makeRoom('!two:example.org');
    for (const user of [alice, '@carol:example.org', ghost('bob'), ghost('eve')]) await one.join(user);
    for (const user of ['@carol:example.org', ghost('bob')]) await two.join(user);
    await at.until(() => irc.events.length === 3);
    await one.join(ghost('bob'), 'leave');
    await at.until(() => irc.events.length === 4);
    expect(lists(irc).flatMap((list) => list.left)).toEqual([]);
    await one.join(ghost('eve'), 'leave');
    await at.until(() => irc.events.length === 5);
    expect(lists(irc).flatMap((list) => list.left)).toEqual([alice]);
  });
});

const encryption = { type: 'm.room.encryption', sender: alice, stateKey: '', content: { algorithm: 'm.megolm' } };
/** A user with keys of a device. */
const withKeys = async (userId: string) => {
  const run = (name: string, text: string) => at.db.query({ name: `test.${name}`, text }, [userId]);
  await run('with_user', 'insert into users (user_id, created_ts) values ($1, 0)');
  await run('with_device', "insert into devices (user_id, device_id, created_ts) values ($1, 'DEV', 0)");
  await run('with_keys', "insert into device_keys (user_id, device_id, json) values ($1, 'DEV', '{}')");
};
const encrypted = async (roomId = '!a:example.org') => {
  for (const user of [alice, '@dave:example.org', ghost('own')]) await withKeys(user);
  const room = await at.makeRoom(roomId);
  await room.append(encryption);
  for (const user of [alice, '@carol:example.org', '@dave:example.org']) await room.join(user);
  await room.join('@dave:example.org', 'leave');
  return room;
};
const told = (double: AppserviceDouble) => lists(double).flatMap((list) => list.changed);

describe.each([
  ['from memory', true],
  ['from the database', false],
])('device lists of whom a service meets, read %s,', (_, fromMemory) => {
  beforeEach(() => {
    at.fromMemory.on = fromMemory;
  });

  it('are told as changed when the first of its users joins an encrypted room, and again when one comes back', async () => {
    const irc = await at.appservice('irc', device);
    const delivery = await at.deliver();
    const room = await encrypted();
    const idle = () => delivery.status('irc')?.state === 'idle';
    await room.join(ghost('own'));
    await at.until(() => irc.events.length === 1 && idle());
    expect(lists(irc)).toEqual([{ changed: [alice], left: [] }]);
    for (const user of [ghost('b'), '@ircbot:example.org']) await room.join(user);
    await at.until(() => irc.events.length === 3 && idle());
    expect(lists(irc)).toHaveLength(1);
    for (const user of [ghost('own'), ghost('b'), '@ircbot:example.org']) await room.join(user, 'leave');
    await at.until(() => irc.events.length === 6 && idle());
    expect(lists(irc).at(-1)?.left).toContain(alice);
    await at.put(changed(alice));
    await room.join('@ircbot:example.org');
    await at.until(() => irc.events.length === 7 && idle());
    expect(lists(irc).at(-1)).toEqual({ changed: [alice], left: [] });
    expect(told(irc)).toEqual([alice, alice]);
  });

  it('are told when a room becomes encrypted, and not before', async () => {
    const irc = await at.appservice('irc', device);
    await at.deliver();
    await withKeys(alice);
    const room = await at.makeRoom('!a:example.org');
    await room.join(alice);
    await room.join(ghost('bob'));
    await at.until(() => irc.events.length === 1);
    expect(lists(irc)).toEqual([]);
    await room.append(encryption);
    await at.until(() => irc.events.length === 2);
    expect(lists(irc)).toEqual([{ changed: [alice], left: [] }]);
  });

  it('are told although the event is not, because it is filtered', async () => {
    const irc = await at.appservice('irc', {
      ...device,
      pons: { filters: { own_events: false, not_types: ['m.*'] } },
    });
    await at.deliver();
    const room = await encrypted();
    await room.join(ghost('bob'));
    await at.until(() => lists(irc).length === 1);
    expect(lists(irc)).toEqual([{ changed: [alice], left: [] }]);
    await room.join('@eve:example.org');
    await at.until(() => lists(irc).length === 2);
    expect(sent(irc).flatMap(({ events }) => events)).toEqual([]);
    expect(told(irc)).toEqual([alice, '@eve:example.org']);
  });

  it('are told once however many of its users come, after an outage and a restart as well', async () => {
    const irc = await at.appservice('irc', device);
    irc.mode = 'down';
    let delivery = await at.deliver();
    const room = await encrypted();
    const joining = (from: number) =>
      count(130).map((n) => ({
        type: 'm.room.member',
        sender: ghost(`g${from + n}`),
        stateKey: ghost(`g${from + n}`),
        content: { membership: 'join' },
      }));
    await room.append(...joining(0));
    await irc.until(() => irc.transactions.length === 1);
    await at.end(delivery);
    await room.append(...joining(1000));
    delivery = await at.deliver();
    await eventually(() => delivery.status('irc')?.retries === 1);
    await at.clock.advance(5_000);
    irc.mode = 'ok';
    delivery.wakeAppservice('irc');
    await at.until(() => irc.events.length === 260 && delivery.status('irc')?.state === 'idle', 20);
    expect(told(irc)).toEqual([alice]);
  });

  it('are told by the halves of a transaction that was refused', async () => {
    const irc = await at.appservice('irc', device);
    irc.judge = ({ body }) => ((JSON.parse(body) as Body).events.length > 1 ? 413 : undefined);
    const delivery = await at.deliver();
    const room = await encrypted();
    at.told.on = false;
    await room.join(ghost('bob'));
    await room.say(alice, 'hello');
    at.told.on = true;
    delivery.news();
    await at.until(() => irc.events.length >= 2 && delivery.status('irc')?.state === 'idle', 20);
    const accepted = sent(irc).filter(({ events }) => events.length === 1);
    expect(accepted.flatMap(({ device_lists }) => device_lists?.changed ?? [])).toEqual([alice]);
  });
});

describe('keys', () => {
  it('that are left of a device are told with the message to it, under all names', async () => {
    const irc = await at.appservice('irc', device);
    await at.deliver();
    const run = (name: string, text: string) => at.db.query({ name: `test.${name}`, text }, [ghost('bob')]);
    await run('users', 'insert into users (user_id, created_ts) values ($1, 0)');
    await run('devices', "insert into devices (user_id, device_id, created_ts) values ($1, 'DEV', 0)");
    await run(
      'keys',
      `insert into one_time_keys (user_id, device_id, algorithm, key_id, json, upload, claimed_ts)
        select $1, 'DEV', 'signed_curve25519', n::text, '{}', n, case when n = 1 then 5 end from generate_series(1, 10) n`,
    );
    await run(
      'fallback',
      "insert into fallback_keys (user_id, device_id, algorithm, key_id, json) values ($1, 'DEV', 'signed_curve25519', 'f', '{}')",
    );
    await at.put(toDevice(ghost('bob'), [1]));
    await at.until(() => messages(irc).length === 1);
    const counts = { [ghost('bob')]: { DEV: { signed_curve25519: 9 } } };
    const types = { [ghost('bob')]: { DEV: ['signed_curve25519'] } };
    expect(sent(irc)[0]).toMatchObject({
      device_one_time_keys_count: counts,
      'org.matrix.msc3202.device_one_time_keys_count': counts,
      'org.matrix.msc3202.device_one_time_key_counts': counts,
      device_unused_fallback_key_types: types,
      'org.matrix.msc3202.device_unused_fallback_key_types': types,
    });
  });
});
