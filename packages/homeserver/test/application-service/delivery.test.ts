// What reaches an application service, in which bytes, how often and in what order; what happens when it misbehaves.
// https://spec.matrix.org/v1.19/application-service-api/#pushing-events
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AppserviceDouble } from '../../../testkit/src/appservice.ts';
import { askReplay, listSetAside } from '../../src/storage/tables/appservice-set-aside.ts';
import { setPaused } from '../../src/storage/tables/appservice-cursors.ts';
import { type DeliveryFixture, deliveryFixture, eventually } from './delivery-fixture.ts';

let at: DeliveryFixture;
beforeEach(async () => {
  at = await deliveryFixture();
});
afterEach(() => at.close());

const alice = '@alice:example.org';
const ghost = (name: string, id = 'irc') => `@_${id}_${name}:example.org`;
const bodies = (double: AppserviceDouble) => double.events.map(({ content }) => content['body']).filter(Boolean);
const texts = (count: number, prefix = 'n') => Array.from({ length: count }, (_, index) => `${prefix}${index}`);
const say = (sender: string, body: string) => ({ sender, content: { msgtype: 'm.text', body } });

/** Turns the clock a little at a time until so many events have come: a busy delivery gathers them for some milliseconds. */
async function arrived(double: AppserviceDouble, count: number): Promise<void> {
  await at.until(() => double.events.length >= count);
}

/** Turns the clock until there is one more attempt than `before`. */
async function nextAttempt(double: AppserviceDouble, before: number): Promise<void> {
  const attempts = () => double.transactions.filter(({ path }) => path.startsWith('/_matrix/')).length;
  await double.until(() => attempts() === before);
  while (attempts() === before) await at.clock.advance(500);
}

describe.each([
  ['from memory', true],
  ['from the database', false],
])('events read %s', (_, fromMemory) => {
  beforeEach(() => {
    at.fromMemory.on = fromMemory;
  });

  it('arrive in the order of the stream, in client form, from the join of a ghost to its leave', async () => {
    const irc = await at.appservice('irc');
    await at.deliver();
    const room = await at.makeRoom('!a:example.org');
    await room.say(alice, 'before');
    const join = await room.join(ghost('bob'));
    const spoken = await room.say(alice, 'hello "] } \\ \u2028');
    await room.append({ type: 'm.room.topic', sender: alice, stateKey: '', content: { topic: 'one' } });
    await room.append({ type: 'm.room.topic', sender: alice, stateKey: '', content: { topic: 'two' } });
    await room.join(ghost('bob'), 'leave');
    await room.say(alice, 'after');
    await arrived(irc, 5);
    await room.join(ghost('bob'));
    await arrived(irc, 6);
    expect(
      irc.events.map((event) => [
        event.type,
        event.content['body'] ?? event.content['topic'] ?? event.content['membership'],
      ]),
    ).toEqual([
      ['m.room.member', 'join'],
      ['m.room.message', 'hello "] } \\ \u2028'],
      ['m.room.topic', 'one'],
      ['m.room.topic', 'two'],
      ['m.room.member', 'leave'],
      ['m.room.member', 'join'],
    ]);
    expect(irc.events[0]).toMatchObject({ event_id: join.eventId, state_key: ghost('bob'), room_id: room.roomId });
    expect(Object.keys(irc.events[1] ?? {}).sort()).toEqual([
      'content',
      'event_id',
      'origin_server_ts',
      'room_id',
      'sender',
      'type',
    ]);
    expect(irc.events[1]?.event_id).toBe(spoken.eventId);
    expect(irc.events[3]?.unsigned).toMatchObject({ prev_content: { topic: 'one' }, prev_sender: alice });
    expect(irc.requests.every(({ token }) => token === 'hs-irc')).toBe(true);
  });

  it('go to each application service for its own reasons only', async () => {
    const irc = await at.appservice('irc');
    const slack = await at.appservice('slack', {
      namespaces: {
        users: [{ regex: '@_slack_.*', exclusive: true }],
        rooms: [{ regex: '!listed', exclusive: false }],
      },
    });
    await at.deliver();
    const one = await at.makeRoom('!one:example.org');
    const listed = await at.makeRoom('!listed:example.org');
    await one.join(ghost('a'));
    await one.say(alice, 'for irc');
    await listed.say(alice, 'for slack');
    await one.append({
      type: 'm.room.member',
      sender: alice,
      stateKey: ghost('b', 'slack'),
      content: { membership: 'invite' },
    });
    await one.say(alice, 'not for who is only asked');
    await one.join(ghost('b', 'slack'));
    await one.say(alice, 'for both');
    await one.join('@_irc_remote:elsewhere.example');
    await arrived(irc, 7);
    await arrived(slack, 5);
    expect(bodies(irc)).toEqual(['for irc', 'not for who is only asked', 'for both']);
    expect(bodies(slack)).toEqual(['for slack', 'for both']);
  });

  it('keep their count of ghosts over a restart', async () => {
    const irc = await at.appservice('irc');
    let delivery = await at.deliver();
    const room = await at.makeRoom('!a:example.org');
    await room.join(ghost('a'));
    await room.join(ghost('b'));
    await arrived(irc, 2);
    await at.end(delivery);
    await room.join(ghost('a'), 'leave');
    await room.say(alice, 'while stopped');
    delivery = await at.deliver();
    await arrived(irc, 4);
    await room.join(ghost('b'), 'leave');
    await room.say(alice, 'nobody is left');
    await room.join(ghost('c'));
    await arrived(irc, 6);
    expect(bodies(irc)).toEqual(['while stopped']);
  });
});

describe('a transaction', () => {
  it('is the same bytes under the same id until it is accepted, over a restart of the server too', async () => {
    const irc = await at.appservice('irc');
    irc.mode = 500;
    let delivery = await at.deliver();
    const room = await at.makeRoom('!a:example.org');
    await room.join(ghost('bob'));
    await irc.until(() => irc.transactions.length === 1);
    await eventually(() => (delivery.status('irc')?.retries ?? 0) === 1);
    await at.clock.advance(1000);
    await irc.until(() => irc.transactions.length === 2);
    await room.say(alice, 'later');
    await at.end(delivery);
    irc.mode = 'ok';
    delivery = await at.deliver();
    await arrived(irc, 2);
    const [first] = irc.transactions;
    const same = irc.transactions.filter(({ txnId }) => txnId === first?.txnId);
    expect(same).toHaveLength(3);
    expect(new Set(same.map(({ sha256 }) => sha256)).size).toBe(1);
    expect(irc.transactions.at(-1)?.txnId).toBe((first?.txnId ?? 0) + 1);
  });

  it('is alone in flight, and the next takes what has come meanwhile', async () => {
    const irc = await at.appservice('irc');
    await at.deliver();
    const room = await at.makeRoom('!a:example.org');
    await room.join(ghost('bob'));
    await arrived(irc, 1);
    await Promise.all(texts(60).map((body) => room.say(alice, body)));
    await arrived(irc, 61);
    expect(irc.inFlightMax).toBe(1);
    expect(irc.transactions.length).toBeLessThan(40);
    const ids = irc.transactions.map(({ txnId }) => txnId);
    expect(ids).toEqual(ids.map((_, index) => (ids[0] ?? 0) + index));
  });

  it('is accepted by its status, whatever the body is and however long it takes', async () => {
    const irc = await at.appservice('irc');
    irc.mode = 'garbage';
    await at.deliver();
    const room = await at.makeRoom('!a:example.org');
    await room.join(ghost('bob'));
    await room.say(alice, 'one');
    await room.say(alice, 'two');
    await arrived(irc, 3);
    expect(new Set(irc.transactions.map(({ txnId }) => txnId)).size).toBe(irc.transactions.length);
  });

  it('goes below the path of the url, and to a unix socket', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pons-as-'));
    const below = await at.appservice('irc', {}, { path: '/bridge/' });
    const local = await at.appservice('slack', {}, { socket: join(folder, 'as.sock') });
    await at.deliver();
    const room = await at.makeRoom('!a:example.org');
    await room.join(ghost('bob'));
    await room.join(ghost('eve', 'slack'));
    await arrived(below, 2);
    await arrived(local, 1);
    expect(below.requests[0]?.path).toMatch(/^\/bridge\/_matrix\/app\/v1\/transactions\/\d+$/);
    rmSync(folder, { recursive: true });
  });

  it('goes to the path of older application services where the current one is not known', async () => {
    const irc = await at.appservice('irc');
    irc.judge = ({ path }) => (path.startsWith('/_matrix/') ? 404 : undefined);
    await at.deliver();
    const room = await at.makeRoom('!a:example.org');
    await room.join(ghost('bob'));
    await irc.until(() => irc.requests.length === 2);
    await room.say(alice, 'one');
    await arrived(irc, 2);
    expect(irc.requests.map(({ path }) => path.replace(/\d+$/, ''))).toEqual([
      '/_matrix/app/v1/transactions/',
      '/transactions/',
      '/transactions/',
    ]);
  });
});

describe('an application service that was down', () => {
  it('catches up in full transactions, in order', async () => {
    const irc = await at.appservice('irc');
    irc.mode = 'down';
    const delivery = await at.deliver();
    const room = await at.makeRoom('!a:example.org');
    await room.join(ghost('bob'));
    await irc.until(() => irc.transactions.length === 1);
    const said = texts(1000);
    for (let from = 0; from < 1000; from += 250)
      await room.append(...said.slice(from, from + 250).map((body) => say(alice, body)));
    await eventually(() => delivery.status('irc')?.state === 'recovering');
    irc.mode = 'ok';
    irc.requests.length = 0;
    delivery.wakeAppservice('irc');
    await at.clock.advance(500);
    await arrived(irc, 1001);
    expect(bodies(irc)).toEqual(said);
    expect(irc.transactions.length).toBe(11);
  });

  it('gets to the end of what nobody was told of, however much it is', async () => {
    const irc = await at.appservice('irc');
    const delivery = await at.deliver();
    const room = await at.makeRoom('!a:example.org');
    await room.join(ghost('bob'));
    await arrived(irc, 1);
    at.fromMemory.on = false;
    at.told.on = false;
    const said = texts(450);
    for (let from = 0; from < 450; from += 150)
      await room.append(...said.slice(from, from + 150).map((body) => say(alice, body)));
    delivery.news();
    await arrived(irc, 451);
    expect(bodies(irc)).toEqual(said);
  });

  it('is served again a second after the database has come back, however long that was away', async () => {
    const irc = await at.appservice('irc');
    const delivery = await at.deliver();
    const room = await at.makeRoom('!a:example.org');
    await room.join(ghost('bob'));
    await arrived(irc, 1);
    await eventually(() => delivery.status('irc')?.state === 'idle');
    at.away.on = true;
    await room.say(alice, 'hello');
    for (let seconds = 0; seconds < 600; seconds += 1) await at.clock.advance(1000);
    at.away.on = false;
    for (let seconds = 0; seconds < 3; seconds += 1) await at.clock.advance(1000);
    await arrived(irc, 2);
    expect(irc.transactions).toHaveLength(2);
  });

  it('is tried at once when it calls, and not before its time otherwise', async () => {
    const irc = await at.appservice('irc');
    irc.mode = 503;
    const delivery = await at.deliver();
    const room = await at.makeRoom('!a:example.org');
    await room.join(ghost('bob'));
    for (let tries = 1; tries < 9; tries++) await nextAttempt(irc, tries);
    irc.mode = 'ok';
    await eventually(() => delivery.status('irc')?.retries === 9);
    await at.clock.advance(100_000);
    expect(irc.transactions).toHaveLength(9);
    delivery.wakeAppservice('irc');
    await at.clock.advance(500);
    await irc.until(() => irc.transactions.length === 10);
  });

  it('costs the others nothing when it hangs', async () => {
    const hung = await at.appservice('hung');
    const irc = await at.appservice('irc');
    hung.mode = 'hang';
    await at.deliver(24 * 3_600_000); // never given up, however far the clock is turned
    const room = await at.makeRoom('!a:example.org');
    await room.join(ghost('x', 'hung'));
    await room.join(ghost('bob'));
    for (const body of texts(100)) await room.append(say(alice, body));
    await at.until(() => bodies(irc).length === 100);
    expect(hung.transactions).toHaveLength(1);
  });
});

describe('a refused transaction', () => {
  async function poisoned(status: number, judge?: (body: string) => number | undefined) {
    const irc = await at.appservice('irc');
    irc.judge = ({ path, body }) =>
      path.includes('/transactions/')
        ? (judge?.(body) ?? (judge === undefined && body.includes('poison') ? status : undefined))
        : undefined;
    const delivery = await at.deliver();
    await setPausedNow(delivery, true);
    const room = await at.makeRoom('!a:example.org');
    await room.join(ghost('bob'));
    const said = texts(50).map((body, index) => (index === 17 ? 'poison' : body));
    await room.append(...said.map((body) => say(alice, body)));
    await setPausedNow(delivery, false);
    return { irc, delivery, room, said };
  }

  async function setPausedNow(delivery: Awaited<ReturnType<DeliveryFixture['deliver']>>, paused: boolean) {
    await setPaused(at.db, 'irc', paused);
    await delivery.refresh('irc');
  }

  async function turn(irc: AppserviceDouble, until: () => boolean) {
    while (!until()) {
      await at.clock.advance(1000);
      await eventually(() => irc.inFlight === 0);
    }
  }

  it.each([413, 400, 422])(
    'with %i is split down to the event, which is set aside, and the rest arrives in order',
    async (status) => {
      const { irc, delivery, said } = await poisoned(status);
      const accepted = () => irc.transactions.filter(({ body }) => !body.includes('poison'));
      const arrived = () =>
        accepted().flatMap(({ body }) =>
          (JSON.parse(body) as { events: { content: { body?: string } }[] }).events.flatMap(
            ({ content }) => content.body ?? [],
          ),
        );
      await turn(irc, () => arrived().length === 49);
      expect(arrived()).toEqual(said.filter((body) => body !== 'poison'));
      await eventually(() => delivery.status('irc')?.state === 'idle');
      const aside = await listSetAside(at.db, 'irc', { after: 0, limit: 10 });
      expect(aside).toMatchObject([{ reason: `answered ${status}` }]);
      const ids = irc.transactions.map(({ txnId, sha256 }) => `${txnId} ${sha256}`);
      expect(new Set(ids).size).toBe(new Set(irc.transactions.map(({ txnId }) => txnId)).size);
      // The operator has mended the bridge and asks for it again.
      irc.judge = () => undefined;
      await askReplay(at.db, 'irc');
      await delivery.refresh('irc');
      await at.until(() => irc.transactions.at(-1)?.body.includes('poison') === true);
      await at.until(async () => (await listSetAside(at.db, 'irc', { after: 0, limit: 10 })).length === 0);
    },
  );

  it('with 500 is split only when the application service answers a ping', async () => {
    const { irc, delivery } = await poisoned(500);
    irc.answers.set('/_matrix/app/v1/ping', {});
    await turn(irc, () => delivery.status('irc')?.state === 'idle' && irc.transactions.length > 10);
    expect(irc.requests.some(({ path }) => path === '/_matrix/app/v1/ping')).toBe(true);
    expect(await listSetAside(at.db, 'irc', { after: 0, limit: 10 })).toHaveLength(1);
  });

  it('that is too large is made smaller at once, and the later ones stay so', async () => {
    const { irc, delivery, said } = await poisoned(413, (body) => (body.length > 4000 ? 413 : undefined));
    const arrived = () =>
      irc.transactions
        .filter(({ body }) => body.length <= 4000)
        .flatMap(({ body }) =>
          (JSON.parse(body) as { events: { content: { body?: string } }[] }).events.flatMap(
            ({ content }) => content.body ?? [],
          ),
        );
    await turn(irc, () => arrived().length === 50);
    expect(arrived()).toEqual(said);
    expect(delivery.status('irc')?.retries).toBe(0);
  });

  it.each([301, 401, 403, 404])('with %i is kept whole', async (status) => {
    const { irc } = await poisoned(status, () => status);
    for (let tries = 1; tries < 12; tries++) await nextAttempt(irc, tries);
    expect(new Set(irc.transactions.map(({ txnId }) => txnId)).size).toBe(1);
  });
});

describe('what waits', () => {
  it('is redacted with the event', async () => {
    const irc = await at.appservice('irc');
    irc.mode = 'down';
    const delivery = await at.deliver();
    const room = await at.makeRoom('!a:example.org');
    await room.join(ghost('bob'));
    await irc.until(() => irc.transactions.length === 1);
    const secret = await room.say(alice, 'secret');
    await room.redact(secret.eventId, alice);
    irc.mode = 'ok';
    await eventually(() => delivery.status('irc')?.retries === 1);
    await at.clock.advance(2000);
    await arrived(irc, 3);
    expect(irc.events[1]).toMatchObject({ content: {}, unsigned: { redacted_because: { type: 'm.room.redaction' } } });
    expect(irc.events[2]).toMatchObject({ redacts: secret.eventId, content: { redacts: secret.eventId } });
    expect(irc.transactions.map(({ body }) => body).join('')).not.toContain('secret');
  });

  it('is redacted however young it is', async () => {
    const irc = await at.appservice('irc');
    irc.mode = 'down';
    const delivery = await at.deliver();
    const room = await at.makeRoom('!a:example.org');
    await room.join(ghost('bob'));
    await irc.until(() => irc.transactions.length === 1);
    await at.clock.advance(600);
    const secret = await room.say(alice, 'secret');
    await room.redact(secret.eventId, alice);
    await eventually(() => delivery.status('irc')?.waitingEvents === 3);
    irc.mode = 'ok';
    delivery.wakeAppservice('irc');
    await at.clock.advance(1);
    await arrived(irc, 3);
    expect(irc.transactions.map(({ body }) => body).join('')).not.toContain('secret');
  });

  it('is redacted although this process remembers it and another one has redacted it', async () => {
    const irc = await at.appservice('irc');
    irc.mode = 'down';
    const delivery = await at.deliver();
    const room = await at.makeRoom('!a:example.org');
    await room.join(ghost('bob'));
    await irc.until(() => irc.transactions.length === 1);
    // More than what is kept waiting: the rest stays in the stream, and in the memory of what was just committed.
    await room.append(...texts(250).map((body) => say(alice, body)));
    await room.append(...texts(100, 'm').map((body) => say(alice, body)));
    await eventually(() => (delivery.status('irc')?.waitingEvents ?? 0) > 200);
    const secret = await room.say(alice, 'secret');
    await room.redact(secret.eventId, alice);
    irc.mode = 'ok';
    await eventually(() => delivery.status('irc')?.retries === 1);
    await at.clock.advance(2000);
    await arrived(irc, 353);
    expect(irc.transactions.map(({ body }) => body).join('')).not.toContain('secret');
  });

  it('begins at the present for an application service that is new', async () => {
    const room = await at.makeRoom('!a:example.org');
    await room.join(ghost('bob'));
    await room.say(alice, 'old');
    await at.deliver();
    const irc = await at.appservice('irc');
    await eventually(
      async () => (await at.db.query({ name: 'test.cursors', text: 'select * from appservice_cursors' })).length === 1,
    );
    await room.say(alice, 'new');
    await arrived(irc, 1);
    expect(bodies(irc)).toEqual(['new']);
  });

  it('holds typing and receipts for those who asked for them', async () => {
    const irc = await at.appservice('irc', { receive_ephemeral: true, 'de.sorunome.msc2409.push_ephemeral': true });
    const deaf = await at.appservice('deaf');
    const delivery = await at.deliver();
    const room = await at.makeRoom('!a:example.org');
    await room.join(ghost('bob'));
    await room.join(ghost('x', 'deaf'));
    await arrived(irc, 2);
    delivery.typing(room.roomNid, [alice]);
    await at.until(() => irc.transactions.at(-1)?.body.includes('m.typing') === true);
    const typing = { type: 'm.typing', room_id: room.roomId, content: { user_ids: [alice] } };
    expect(JSON.parse(irc.transactions.at(-1)?.body ?? '')).toEqual({
      events: [],
      ephemeral: [typing],
      'de.sorunome.msc2409.ephemeral': [typing],
    });
    await at.db.query({ name: 'test.position', text: 'update position set value = value + 2' });
    await at.db.query(
      {
        name: 'test.receipts',
        text: `insert into receipts select $1, u, t, '', '$e', 5, p from unnest($2::text[], $3::text[], $4::bigint[]) as r (u, t, p)`,
      },
      [room.roomNid, [alice, alice, ghost('bob')], ['m.read', 'm.read.private', 'm.read.private'], [3, 4, 4]],
    );
    delivery.news();
    await at.until(() => irc.transactions.at(-1)?.body.includes('m.receipt') === true);
    const { ephemeral } = JSON.parse(irc.transactions.at(-1)?.body ?? '') as { ephemeral: { content: unknown }[] };
    expect(ephemeral.map(({ content }) => content)).toEqual([
      { $e: { 'm.read': { [alice]: { ts: 5 } } } },
      { $e: { 'm.read.private': { [ghost('bob')]: { ts: 5 } } } },
    ]);
    expect(deaf.transactions.map(({ body }) => body).join('')).not.toContain('ephemeral');
  });
});

describe('what one application service cannot have', () => {
  it('keeps nobody else from being opened', async () => {
    at.refusedLeases.add('appservice:broken');
    await at.appservice('broken');
    const irc = await at.appservice('irc');
    await at.deliver();
    const room = await at.makeRoom('!a:example.org');
    await room.join(ghost('bob'));
    await arrived(irc, 1);
  });

  it('is counted without delaying who comes and goes meanwhile', async () => {
    const irc = await at.appservice('irc');
    const delivery = await at.deliver();
    const known = at.registry.all();
    at.registry.replace([]);
    await eventually(() => delivery.status('irc') === undefined);
    let count = () => {};
    at.counts.held = new Promise((resolve) => (count = resolve));
    const slow = await at.appservice('slow');
    at.registry.replace([...at.registry.all(), ...known]);
    const room = await at.makeRoom('!a:example.org');
    await room.join(ghost('bob'));
    await arrived(irc, 1);
    count();
    await at.until(
      async () => (await at.db.query({ name: 'test.all', text: 'select from appservice_cursors' })).length === 2,
    );
    await room.join(ghost('eve', 'slow'));
    await arrived(slow, 1);
  });

  it('is not opened when it goes while it is being counted, and is when it comes back', async () => {
    await at.deliver();
    let count = () => {};
    at.counts.held = new Promise((resolve) => (count = resolve));
    const slow = await at.appservice('slow');
    const all = at.registry.all();
    at.registry.replace([]);
    at.registry.replace(all);
    count();
    await at.until(
      async () => (await at.db.query({ name: 'test.all', text: 'select from appservice_cursors' })).length === 1,
    );
    const room = await at.makeRoom('!a:example.org');
    await room.join(ghost('eve', 'slow'));
    await at.until(() => slow.events.length === 1, 100);
  });
});
