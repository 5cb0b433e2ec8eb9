// The homeserver is killed while it looks for the event that an application service refuses: before and after every write of its cursor.
// Whatever moment it is, the rest arrives, in order, each in one transaction that is always the same bytes, although the last ghost has
// left the room by then and nothing in it would be of interest any more. And a delivery whose lease went to another process writes nothing.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listSetAside } from '../../src/storage/tables/appservice-set-aside.ts';
import { type Death, type DeliveryFixture, deliveryFixture } from './delivery-fixture.ts';

let at: DeliveryFixture;
beforeEach(async () => {
  at = await deliveryFixture();
});
afterEach(() => at.close());

const alice = '@alice:example.org';
const say = (body: string) => ({ sender: alice, content: { msgtype: 'm.text', body } });
const member = (userId: string, membership: string) => ({
  type: 'm.room.member',
  sender: userId,
  stateKey: userId,
  content: { membership },
});

/** Waits for a condition while the clock goes on. */
const turnUntil = (condition: () => boolean | Promise<boolean>) => at.until(condition, 10);

const cursorOf = async (id: string) =>
  (
    await at.db.query<{ rest: number[]; position: number }>(
      { name: 'test.cursor', text: 'select rest, position from appservice_cursors where appservice_id = $1' },
      [id],
    )
  )[0];

const frozen = { name: 'test.frozen', text: 'select txn_id from appservice_transactions' };

/** A room with poison in it and the ghost's leave at its end, for an application service of its own. @returns whether it died */
async function killedAt(step: number, when: Death['when'], poison: number): Promise<boolean> {
  const id = `s${step}${when}${poison}`;
  const ghost = `@_${id}_bob:example.org`;
  const irc = await at.appservice(id);
  irc.judge = ({ body }) => (body.includes('poison') ? 413 : undefined);
  const death: Death = { appserviceId: id, step, when, isDead: false, steps: 0 };
  let delivery = await at.deliver(60_000, death);
  at.told.on = false;
  const room = await at.makeRoom(`!${id}:example.org`);
  const said = Array.from({ length: 9 }, (_, index) => (index === poison ? 'poison' : `n${index}`));
  await room.append(member(ghost, 'join'), ...said.map(say), member(ghost, 'leave'));
  await room.append(say('nobody is left'));
  at.told.on = true;
  delivery.news();
  const accepted = () => irc.transactions.filter(({ body }) => !body.includes('poison'));
  const arrived = () =>
    accepted().flatMap(({ txnId, body }) =>
      (JSON.parse(body) as { events: { type: string; content: { body?: string } }[] }).events.map(
        (event) => [txnId, event.content.body ?? event.type] as const,
      ),
    );
  const isDone = () => new Set(arrived().map(([, what]) => what)).size === 9 && arrived().length >= 10;
  await turnUntil(() => death.isDead || isDone());
  const { isDead } = death;
  if (isDead) {
    at.bury(delivery);
    delivery = await at.deliver();
    await turnUntil(isDone);
  }
  await turnUntil(async () => delivery.status(id)?.state === 'idle');
  const wanted = ['m.room.member', ...said.filter((body) => body !== 'poison'), 'm.room.member'];
  // A transaction may come twice, under the same id and to the byte.
  const once = new Map(arrived().map(([txnId, what]) => [`${txnId} ${what}`, what]));
  expect([...once.values()].filter((what) => what !== 'm.room.member')).toEqual(wanted.slice(1, -1));
  expect([...once.values()].at(0)).toBe('m.room.member');
  expect(arrived().at(-1)?.[1]).toBe('m.room.member');
  const hashes = new Map<number, Set<string>>();
  for (const { txnId, sha256 } of irc.transactions) hashes.set(txnId, (hashes.get(txnId) ?? new Set()).add(sha256));
  expect([...hashes.values()].filter(({ size }) => size > 1)).toEqual([]);
  expect(await listSetAside(at.db, id, { after: 0, limit: 10 })).toHaveLength(1);
  expect(delivery.status(id)).toMatchObject({ setAside: 1, waitingEvents: 0 });
  await turnUntil(async () => (await cursorOf(id))?.rest.length === 0);
  death.step = 0; // its end writes once more
  await at.end(delivery);
  return isDead;
}

describe('killed while it looks for the event that is refused', () => {
  it.each([
    ['before', 1],
    ['after', 1],
    ['before', 7],
    ['after', 7],
  ] as const)('%s any write of the cursor, with the event in place %i', async (when, poison) => {
    let steps = 0;
    while (await killedAt(steps + 1, when, poison)) steps += 1;
    expect(steps).toBeGreaterThan(5);
  });
});

describe('a split', () => {
  it('leaves the rest in the row of the cursor, which does not go back', async () => {
    const irc = await at.appservice('irc');
    irc.judge = ({ body }) => (body.includes('poison') ? 413 : undefined);
    const death: Death = { appserviceId: 'irc', step: 2, when: 'after', isDead: false, steps: 0 };
    const delivery = await at.deliver(60_000, death);
    at.told.on = false;
    const room = await at.makeRoom('!a:example.org');
    const written = await room.append(
      member('@_irc_bob:example.org', 'join'),
      ...['a', 'b', 'poison', 'c', 'd'].map(say),
    );
    delivery.news();
    await turnUntil(() => death.isDead);
    at.bury(delivery);
    const positions = written.map(({ position }) => position);
    expect(await cursorOf('irc')).toEqual({ rest: positions.slice(3), position: positions.at(-1) });
  });
});

describe('a lease', () => {
  it('that went to another process takes the cursor along: the one before writes and sends nothing more', async () => {
    const irc = await at.appservice('irc');
    const first = await at.deliver();
    const room = await at.makeRoom('!a:example.org');
    await room.join('@_irc_bob:example.org');
    await at.until(() => irc.events.length === 1);
    await at.until(() => first.status('irc')?.state === 'idle');
    await at.clock.advance(10_000); // the acknowledgement is written
    await at.until(async () => (await at.db.query(frozen)).length === 0);
    const second = await at.deliver();
    await room.append(say('one'));
    await at.until(() => irc.events.length === 2);
    // It has tried to write, was refused, and gave up.
    await at.until(() => first.status('irc') === undefined);
    await room.append(say('two'));
    await at.until(() => irc.events.length === 3);
    await at.until(() => second.status('irc')?.deliveredEvents === 2);
    expect(irc.transactions).toHaveLength(3);
  });
});
