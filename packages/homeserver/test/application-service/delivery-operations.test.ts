// What operators ask of a delivery: why an event was or was not sent, and to have it sent again; what a registration's filters and limits
// leave out; and how much one transaction carries.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AppserviceDouble } from '../../../testkit/src/appservice.ts';
import type { AppserviceDelivery } from '../../src/appservice-delivery/delivery.ts';
import { journeyOf } from '../../src/appservice-delivery/journey.ts';
import { createOperations, type DeliveryOperations } from '../../src/appservice-delivery/operate.ts';
import { type DeliveryFixture, deliveryFixture, eventually } from './delivery-fixture.ts';
import type { TestRoom } from './stream-writer.ts';

let at: DeliveryFixture;
beforeEach(async () => {
  at = await deliveryFixture();
});
afterEach(() => at.close());

const alice = '@alice:example.org';
const ghost = (name: string, id = 'irc') => `@_${id}_${name}:example.org`;
const bodies = (double: AppserviceDouble) => double.events.map(({ content }) => content['body']).filter(Boolean);
const say = (sender: string, body: string) => ({ sender, content: { msgtype: 'm.text', body } });
const texts = (count: number, prefix = 'n') => Array.from({ length: count }, (_, index) => `${prefix}${index}`);

function operations(delivery: AppserviceDelivery) {
  const { db, clock, registry, memory } = at;
  return createOperations({ db, clock, registry, delivery, memory, invalidations: { invalidate: async () => {} } });
}

/** Turns the clock until so many events have come. */
async function arrived(double: AppserviceDouble, count: number): Promise<void> {
  await at.until(() => double.events.length >= count);
}

const idle = (delivery: AppserviceDelivery, ...ids: readonly string[]) =>
  at.until(() => ids.every((id) => delivery.status(id)?.state === 'idle'));

describe('filters', () => {
  it('keep own events away, however many there are', async () => {
    const irc = await at.appservice('irc', { pons: { filters: { own_events: false } } });
    const plain = await at.appservice('plain', { namespaces: { users: [{ regex: '@_irc_', exclusive: false }] } });
    const delivery = await at.deliver();
    const room = await at.makeRoom('!a:example.org');
    await room.join(ghost('bob'));
    await room.append(...texts(400).map((body) => say(ghost('bob'), body)));
    await room.say(alice, 'from outside');
    await arrived(irc, 1);
    await arrived(plain, 402);
    expect(bodies(irc)).toEqual(['from outside']);
    await idle(delivery, 'irc');
    expect(delivery.status('irc')).toMatchObject({ waitingEvents: 0, deliveredEvents: 1 });
  });

  it.each([
    [{ types: ['m.room.message'] }, ['one', 'two']],
    [{ types: ['m.room.*'], not_types: ['m.room.member', 'm.room.to*'] }, ['one', 'two']],
    [{ rooms: ['!b:example.org'] }, ['m.room.member', 'two']],
    [{ not_rooms: ['!b:example.org'] }, ['m.room.member', 'one', 'm.room.topic']],
    [{}, ['m.room.member', 'one', 'm.room.topic', 'm.room.member', 'two']],
  ])('%j let through %j', async (filters, expected) => {
    const irc = await at.appservice('irc', { pons: { filters } });
    await at.deliver();
    const one = await at.makeRoom('!a:example.org');
    const two = await at.makeRoom('!b:example.org');
    await one.join(ghost('bob'));
    await one.say(alice, 'one');
    await one.append({ type: 'm.room.topic', sender: alice, stateKey: '', content: { topic: 't' } });
    await two.join(ghost('bob'));
    await two.say(alice, 'two');
    await at.until(() => irc.events.length >= expected.length);
    expect(irc.events.map(({ type, content }) => content['body'] ?? type)).toEqual(expected);
  });

  it('leave out what has become too old while the application service was away', async () => {
    const irc = await at.appservice('irc', { pons: { filters: { max_age_ms: 60_000 } } });
    irc.mode = 'down';
    const delivery = await at.deliver();
    const room = await at.makeRoom('!a:example.org');
    await room.join(ghost('bob'));
    await room.say(alice, 'stale');
    await irc.until(() => irc.transactions.length === 1);
    await eventually(() => (delivery.status('irc')?.readPosition ?? 0) >= 2);
    for (let minutes = 0; minutes < 10; minutes += 1) await at.clock.advance(60_000);
    irc.mode = 'ok';
    await eventually(() => delivery.status('irc')?.state === 'recovering');
    delivery.wakeAppservice('irc');
    await at.clock.advance(500);
    await idle(delivery, 'irc');
    expect(irc.events.map(({ type }) => type)).toEqual(['m.room.member']);
    expect(delivery.status('irc')).toMatchObject({ waitingEvents: 0, deliveredTransactions: 1 });
  });
});

describe('limits of a registration', () => {
  it('bound the events and the bytes of a transaction', async () => {
    const few = await at.appservice('few', { pons: { limits: { events: 7 } } });
    const small = await at.appservice('small', { pons: { limits: { bytes: 131_072 } } });
    const delivery = await at.deliver();
    at.told.on = false;
    const room = await at.makeRoom('!a:example.org');
    await room.append(
      ...['few', 'small'].map((id) => ({
        type: 'm.room.member',
        sender: ghost('x', id),
        stateKey: ghost('x', id),
        content: { membership: 'join' },
      })),
      ...texts(40).map((body) => say(alice, body.padEnd(20_000, '.'))),
    );
    delivery.news();
    await arrived(few, 42);
    await arrived(small, 41);
    const sizes = few.transactions.map(({ body }) => (JSON.parse(body) as { events: unknown[] }).events.length);
    expect(Math.max(...sizes)).toBe(7);
    expect(Math.max(...small.transactions.map(({ body }) => body.length))).toBeLessThan(140_000);
    expect(small.transactions.length).toBeLessThan(12);
  });
});

describe('an event', () => {
  it.each([true, false])(
    'costs as many statements with 50 application services as with one (memory: %s)',
    async (memory) => {
      at.fromMemory.on = memory;
      const irc = await at.appservice('irc');
      const delivery = await at.deliver();
      const room = await at.makeRoom('!a:example.org');
      await room.join(ghost('bob'));
      await arrived(irc, 1);
      const costOf20 = async () => {
        const [before, seen] = [at.counted.statements, irc.events.length];
        for (let n = 1; n <= 20; n += 1) {
          await room.say(alice, `n${n}`);
          await arrived(irc, seen + n);
          await idle(delivery, 'irc');
        }
        return at.counted.statements - before;
      };
      const withOne = await costOf20();
      const others = Array.from({ length: 49 }, (_, index) => `o${index}`);
      for (const id of others) await at.appservice(id);
      await at.until(() => others.every((id) => delivery.status(id)?.readPosition === 21));
      const withFifty = await costOf20();
      // Rooms are looked up once more after registrations have changed.
      expect(withFifty).toBeLessThanOrEqual(withOne + 5);
      expect(withOne).toBeLessThanOrEqual(20 * (memory ? 1 : 5) + 5);
    },
  );
});

describe('events that waited', () => {
  /** The application service has been away since the first of these. */
  async function away(write: (room: TestRoom) => Promise<void>, more: Record<string, unknown> = {}) {
    const irc = await at.appservice('irc', more);
    irc.mode = 'down';
    const delivery = await at.deliver();
    const room = await at.makeRoom('!a:example.org');
    await room.join(ghost('bob'));
    await irc.until(() => irc.transactions.length === 1);
    await write(room);
    delivery.news();
    await eventually(() => delivery.status('irc')?.retries === 1);
    irc.mode = 'ok';
    irc.requests.length = 0;
    delivery.wakeAppservice('irc');
    await at.clock.advance(500);
    return { irc, transactions: () => irc.transactions.filter(({ body }) => !body.startsWith('{"events":[]')).length };
  }

  it('are ten thousand in at most 101 transactions, in order', async () => {
    const { irc, transactions } = await away((room) => room.fill(10_000, alice));
    await arrived(irc, 10_001);
    expect(bodies(irc)).toEqual(Array.from({ length: 10_000 }, (_, index) => `n${index + 1}`));
    expect(transactions()).toBe(101);
  });

  it.each([
    // A page of the stream is a hundred events: what is dealt of it at a time is never a transaction's worth.
    ['others in between', 70],
    ['full feeds that end anywhere', 130],
  ])('come in full transactions, with %s', async (_, piece) => {
    const { irc, transactions } = await away(async (room) => {
      const other = await at.makeRoom('!other:example.org');
      for (let n = 0; n < 10; n += 1) {
        await room.append(...texts(piece, `p${n}-`).map((body) => say(alice, body)));
        await other.append(...texts(40).map((body) => say(alice, body)));
      }
    });
    await arrived(irc, 1 + 10 * piece);
    expect(transactions()).toBe(1 + Math.ceil(piece / 10));
  });

  it('come in full transactions, whatever else waits with them', async () => {
    const { irc, transactions } = await away(
      async (room) => {
        for (let n = 0; n < 15; n += 1) {
          await room.append(...texts(40, `p${n}-`).map((body) => say(alice, body)));
          const threads = texts(20, `$t${n}-`);
          await at.put({
            receipts: threads.map((threadId, index) => ({
              roomNid: room.roomNid,
              userId: alice,
              type: 'm.read',
              threadId,
              eventId: '$e',
              ts: 1,
              at: index,
            })),
          });
        }
      },
      { receive_ephemeral: true },
    );
    await arrived(irc, 601);
    expect(transactions()).toBe(7);
  });

  it('are not held back for others that are far away in the stream', async () => {
    const { irc, transactions } = await away(async (room) => {
      const other = await at.makeRoom('!other:example.org');
      for (let n = 0; n < 3; n += 1) {
        // The first fill the feed, or it would have been read together with the others.
        await room.fill(n === 0 ? 300 : 1, alice);
        await other.fill(25_000, alice);
      }
    });
    await arrived(irc, 303);
    expect(transactions()).toBe(1 + 3 + 2);
  });
});

describe('explain', () => {
  it('says of any event what became of it', async () => {
    const irc = await at.appservice('irc');
    const slack = await at.appservice('slack', {
      namespaces: { users: [{ regex: '@_slack_' }], rooms: [{ regex: '!2' }] },
    });
    const before = await at.makeRoom('!0:example.org');
    await before.join(ghost('b'));
    const [old] = await before.append(say(alice, 'before anybody was there'));
    const delivery = await at.deliver();
    const rooms = await Promise.all([1, 2, 3].map((n) => at.makeRoom(`!${n}:example.org`)));
    // The same sequence each time: who is where changes all the time.
    let seed = 7;
    const pick = (below: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return Math.floor((seed / 2_147_483_648) * below);
    };
    const written: { roomId: string; eventId: string; position: number }[] = [];
    const users = [alice, ghost('a'), ghost('b'), ghost('a', 'slack'), '@carol:example.org'];
    for (let n = 0; n < 300; n += 1) {
      const room = rooms[pick(rooms.length)];
      const user = users[pick(users.length)];
      if (room === undefined || user === undefined) continue;
      const event =
        pick(3) === 0 ? await room.join(user, ['join', 'leave', 'invite'][pick(3)]) : await room.say(user, `n${n}`);
      written.push({ ...event, roomId: room.roomId });
    }
    const end = written.at(-1)?.position ?? 0;
    await at.until(() => ['irc', 'slack'].every((id) => (delivery.status(id)?.readPosition ?? 0) >= end));
    await idle(delivery, 'irc', 'slack');
    await at.clock.advance(10_000);
    const explain: DeliveryOperations['explain'] = (...asked) => operations(delivery).explain(...asked);
    for (const [id, double] of [
      ['irc', irc],
      ['slack', slack],
    ] as const) {
      const sent = new Set(double.events.map(({ event_id }) => event_id));
      expect(sent.size).toBeGreaterThan(50);
      const wrong: unknown[] = [];
      for (const { roomId, eventId } of written) {
        const { verdict, reasons } = await explain(id, roomId, eventId);
        if (verdict !== (sent.has(eventId) ? 'acknowledged' : 'not-interested'))
          wrong.push([eventId, verdict, reasons]);
      }
      expect(wrong).toEqual([]);
    }
    expect((await explain('irc', '!0:example.org', old?.eventId ?? '')).verdict).toBe('before-registration');
    expect((await explain('irc', '!0:example.org', '$none')).verdict).toBe('unknown-event');
    expect((await explain('nobody', '!0:example.org', old?.eventId ?? '')).verdict).toBe('nothing-is-sent');
  });

  it('names the reason, the filter, the transaction and why it was set aside', async () => {
    const irc = await at.appservice('irc', { pons: { filters: { not_types: ['m.room.topic'] } } });
    const delivery = await at.deliver(1000);
    const explain: DeliveryOperations['explain'] = (...asked) => operations(delivery).explain(...asked);
    const room = await at.makeRoom('!a:example.org');
    const why = async ({ eventId }: { eventId: string }) => explain('irc', room.roomId, eventId);
    const join = await room.join(ghost('bob'));
    const own = await room.say(ghost('bob'), 'own');
    const [topic] = await room.append({ type: 'm.room.topic', sender: alice, stateKey: '', content: { topic: 't' } });
    await arrived(irc, 2);
    await idle(delivery, 'irc');
    expect(await why(join)).toMatchObject({ verdict: 'acknowledged', reasons: ['sender', 'target'] });
    expect(await why(own)).toMatchObject({ reasons: ['sender', `members: ${ghost('bob')}`] });
    if (topic !== undefined)
      expect(await why(topic)).toMatchObject({
        verdict: 'filtered',
        filter: 'not_types',
        reasons: [`members: ${ghost('bob')}`],
      });
    irc.mode = 'hang';
    const flying = await room.say(alice, 'flying');
    await at.until(() => irc.transactions.at(-1)?.body.includes('flying') === true);
    const behind = await room.say(alice, 'behind');
    const txnId = irc.transactions.at(-1)?.txnId;
    expect(await why(flying)).toMatchObject({ verdict: 'in-flight', txnId });
    expect(await why(behind)).toMatchObject({ verdict: 'waiting' });
    irc.mode = 413;
    await at.until(() => delivery.status('irc')?.setAside === 2, 20);
    expect(await why(flying)).toMatchObject({ verdict: 'set-aside', reason: 'answered 413' });
  });
});

describe('the journey of an event', () => {
  it('costs as many statements with twenty application services as with one', async () => {
    const delivery = { status: () => undefined };
    let statements = 0;
    const db = {
      ...at.db,
      query: <Row extends object>(...asked: Parameters<typeof at.db.query>) => {
        statements += 1;
        return at.db.query<Row>(...asked);
      },
    };
    const room = await at.makeRoom('!a:example.org');
    await room.join(ghost('bob'));
    await room.join(ghost('bob', 'o3'));
    const { eventId } = await room.say(alice, 'hello');
    const cost = async () => {
      const before = statements;
      const journey = await journeyOf({ ...at, ...delivery, db }, room.roomId, eventId);
      return { statements: statements - before, stops: journey?.stops };
    };
    await at.appservice('irc');
    const one = await cost();
    for (let n = 1; n < 20; n += 1) await at.appservice(`o${n}`);
    const twenty = await cost();
    expect(twenty.statements).toBe(one.statements);
    const interested = twenty.stops?.filter(({ explanation }) => explanation.reasons.length > 0);
    expect(interested?.map(({ appserviceId, explanation }) => [appserviceId, ...explanation.reasons])).toEqual([
      ['irc', `members: ${ghost('bob')}`],
      ['o3', `members: ${ghost('bob', 'o3')}`],
    ]);
  });
});

describe('explain, of an event that is too old by now,', () => {
  const setUp = async () => {
    const irc = await at.appservice('irc', { pons: { filters: { max_age_ms: 60_000 } } });
    const delivery = await at.deliver();
    const room = await at.makeRoom('!a:example.org');
    const why = ({ eventId }: { eventId: string }) => operations(delivery).explain('irc', room.roomId, eventId);
    await room.join(ghost('bob'));
    await arrived(irc, 1);
    await idle(delivery, 'irc');
    return { irc, delivery, room, why };
  };
  // Events of these rooms are of November 2023, and the clock begins there.
  const later = async () => {
    for (let minutes = 0; minutes < 5; minutes += 1) await at.clock.advance(60_000);
  };

  it('says that it was left out when it was so when its turn came', async () => {
    const { irc, delivery, room, why } = await setUp();
    irc.mode = 'down';
    await room.say(alice, 'flying');
    await eventually(() => delivery.status('irc')?.retries === 1);
    const waiting = await room.say(alice, 'waiting');
    await eventually(() => (delivery.status('irc')?.readPosition ?? 0) >= waiting.position);
    await later();
    const read = await room.say(alice, 'too old when it is read');
    irc.mode = 'ok';
    delivery.wakeAppservice('irc');
    await at.clock.advance(500);
    await idle(delivery, 'irc');
    for (const event of [waiting, read])
      expect(await why(event)).toMatchObject({ verdict: 'filtered', filter: 'max_age_ms' });
    expect(bodies(irc)).toEqual(['flying']);
  });

  it('says so after a restart too, and in a process that does not send', async () => {
    const { irc, delivery, room, why } = await setUp();
    await later();
    const event = await room.say(alice, 'too old when it is read');
    await eventually(() => (delivery.status('irc')?.readPosition ?? 0) >= event.position);
    await idle(delivery, 'irc');
    const before = await why(event);
    expect(before).toMatchObject({ verdict: 'filtered', filter: 'max_age_ms' });
    await at.end(delivery);
    at.memory.forget('irc');
    expect(await why(event)).toEqual(before);
    const next = await at.deliver();
    await idle(next, 'irc');
    expect(await operations(next).explain('irc', room.roomId, event.eventId)).toEqual(before);
    expect(bodies(irc)).toEqual([]);
  });

  it('says so when other events have moved the cursor past it', async () => {
    const { irc, delivery, room, why } = await setUp();
    await later();
    const event = await room.say(alice, 'too old when it is read');
    const [fresh] = await room.append({ ...say(alice, 'fresh'), originServerTs: at.clock.now() });
    await eventually(() => (delivery.status('irc')?.acknowledgedPosition ?? 0) >= (fresh?.position ?? 0));
    at.memory.forget('irc'); // as kill -9 would
    expect(await why(event)).toMatchObject({ verdict: 'filtered', filter: 'max_age_ms' });
    expect(bodies(irc)).toEqual(['fresh']);
  });

  it('says that it was accepted when it was', async () => {
    const { irc, delivery, room, why } = await setUp();
    const sent = await room.say(alice, 'in time');
    await arrived(irc, 2);
    await idle(delivery, 'irc');
    await later();
    expect(await why(sent)).toMatchObject({ verdict: 'acknowledged', text: 'It was sent, and accepted.' });
  });
});

describe('replay', () => {
  it('leaves out what the application service made in bulk, as the delivery does', async () => {
    const irc = await at.appservice('irc');
    const delivery = await at.deliver();
    const room = await at.makeRoom('!a:example.org');
    await room.join(ghost('bob'));
    const bulk = await room.say(ghost('bob'), 'bulk');
    await room.say(alice, 'hello');
    await arrived(irc, 3);
    await idle(delivery, 'irc');
    const text = `update events set bulk_by = 'irc' where event_nid = ${bulk.eventNid}`;
    await at.db.query({ name: 'test.bulk', text });
    await operations(delivery).replay('irc', { what: 'after-position', position: 0 });
    await arrived(irc, 5);
    await idle(delivery, 'irc');
    expect(bodies(irc)).toEqual(['bulk', 'hello', 'hello']);
  });

  it.each(['after-position', 'since-time'] as const)(
    '%s sends it all again, in order, before what is new',
    async (what) => {
      const irc = await at.appservice('irc');
      let delivery = await at.deliver();
      const room = await at.makeRoom('!a:example.org');
      await room.join(ghost('bob'));
      const [first] = await room.append(...texts(250).map((body) => say(alice, body)));
      await arrived(irc, 251);
      await idle(delivery, 'irc');
      await at.clock.advance(10_000);
      const { length } = irc.transactions;
      irc.mode = 'down';
      const request =
        what === 'since-time'
          ? { what, ts: 1_700_000_000_000 + (first?.eventNid ?? 0) }
          : { what, position: (first?.position ?? 0) - 1 };
      expect(await operations(delivery).replay('irc', request)).toMatchObject({
        setAside: 0,
        after: (first?.position ?? 0) - 1,
      });
      await room.say(alice, 'new');
      await at.until(() => irc.transactions.length > length);
      // It goes on after a restart where it was.
      await at.end(delivery);
      irc.mode = 'ok';
      delivery = await at.deliver();
      const again = () =>
        [...new Map(irc.transactions.slice(length).map(({ txnId, body }) => [txnId, body])).values()].flatMap((body) =>
          (JSON.parse(body) as { events: { content: { body: string } }[] }).events.map(({ content }) => content.body),
        );
      await at.until(() => again().length >= 251, 20);
      expect(again()).toEqual([...texts(250), 'new']);
      const before = irc.transactions.slice(0, length).map(({ txnId }) => txnId);
      expect(irc.transactions.slice(length).every(({ txnId }) => txnId > Math.max(...before))).toBe(true);
    },
  );

  it('of an application service that was never followed is nothing', async () => {
    const delivery = await at.deliver();
    expect(await operations(delivery).replay('nobody', { what: 'after-position', position: 0 })).toBeUndefined();
  });
});
