// What an application service is told of a room that one of its users is asked into, or knocks at: the state that the invitation shows.
// https://github.com/matrix-org/matrix-spec-proposals/pull/2375
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AppserviceDouble } from '../../../testkit/src/appservice.ts';
import { type DeliveryFixture, deliveryFixture, eventually } from './delivery-fixture.ts';
import type { TestRoom } from './stream-writer.ts';

let at: DeliveryFixture;
beforeEach(async () => {
  at = await deliveryFixture();
});
afterEach(() => at.close());

const alice = '@alice:example.org';
const ghost = (name: string) => `@_irc_${name}:example.org`;
const invite = (userId: string) => member(userId, 'invite');
const member = (stateKey: string, membership: string, sender = alice) => ({
  type: 'm.room.member',
  sender,
  stateKey,
  content: { membership },
});

async function room(roomId = '!a:example.org'): Promise<TestRoom> {
  const made = await at.makeRoom(roomId);
  await made.append(
    { type: 'm.room.create', sender: alice, stateKey: '', content: { room_version: '11' } },
    member(alice, 'join'),
    { type: 'm.room.name', sender: alice, stateKey: '', content: { name: 'Tea' } },
    { type: 'org.example.secret', sender: alice, stateKey: '', content: { not: 'shown' } },
  );
  return made;
}
const stripped = [
  { type: 'm.room.create', state_key: '', sender: alice, content: { room_version: '11' } },
  { type: 'm.room.name', state_key: '', sender: alice, content: { name: 'Tea' } },
  { type: 'm.room.member', state_key: alice, sender: alice, content: { membership: 'join' } },
];
const unsignedOf = (double: AppserviceDouble, userId: string, type = 'm.room.member') =>
  double.events.find(({ state_key: key, type: of }) => of === type && key === userId)?.unsigned;
const bodiesOf = (double: AppserviceDouble) => new Set(double.transactions.map(({ sha256 }) => sha256));

describe.each([
  ['from memory', true],
  ['from the database', false],
])('an invitation, %s', (_, fromMemory) => {
  beforeEach(() => {
    at.fromMemory.on = fromMemory;
  });

  it('shows its room to the service whose user is asked, and to no other', async () => {
    const [irc, other] = [
      await at.appservice('irc'),
      await at.appservice('other', { namespaces: { rooms: [{ regex: '!a.*', exclusive: false }] } }),
    ];
    await at.deliver();
    await (await room()).append(invite(ghost('bob')), invite('@ircbot:example.org'), invite('@carol:example.org'));
    // Where a ghost is asked and has not joined, nothing that follows is of interest.
    await at.until(() => irc.events.length === 2 && other.events.length === 7);
    for (const userId of [ghost('bob'), '@ircbot:example.org']) {
      expect(unsignedOf(irc, userId)).toEqual({ invite_room_state: stripped });
    }
    expect(other.events.filter(({ unsigned }) => unsigned?.['invite_room_state'] !== undefined)).toEqual([]);
  });

  it('of many is read at once, and what is no invitation reads nothing', async () => {
    const irc = await at.appservice('irc');
    const delivery = await at.deliver();
    const made = await room();
    await made.join(ghost('bob'));
    await at.until(() => irc.events.length === 1);
    const statementsFor = async (events: number, write: () => Promise<unknown>) => {
      at.told.on = false;
      const before = irc.events.length;
      await write();
      at.counted.statements = 0;
      at.told.on = true;
      delivery.news();
      await at.until(() => irc.events.length === before + events && delivery.status('irc')?.state === 'idle');
      return at.counted.statements;
    };
    const messages = await statementsFor(2, () => made.append({ sender: alice }, { sender: alice }));
    const names = Array.from({ length: 50 }, (_each, n) => ghost(`g${n}`));
    const invited = await statementsFor(50, () => made.append(...names.map(invite)));
    // State events have their texts read back here.
    expect(invited - messages).toBe(fromMemory ? 2 : 1);
    expect(unsignedOf(irc, ghost('g49'))).toEqual({ invite_room_state: stripped });
  });
});

describe.each([
  ['from memory', true],
  ['from the database', false],
])('of a room where its ghost is only invited, read %s, a service', (_, fromMemory) => {
  beforeEach(() => {
    at.fromMemory.on = fromMemory;
  });

  it('is sent what is about the ghost, and nothing else before it joins or after it declines', async () => {
    const irc = await at.appservice('irc', { receive_ephemeral: true, 'org.matrix.msc3202': true });
    const delivery = await at.deliver();
    const made = await room();
    await made.append(invite(ghost('bob')), invite('@carol:example.org'));
    await made.say(alice, 'in private');
    await at.put({
      receipts: [{ roomNid: made.roomNid, userId: alice, type: 'm.read', threadId: '', eventId: '$x', ts: 1, at: 0 }],
      deviceListChanges: [{ userId: alice, at: 1 }],
    });
    delivery.typing(made.roomNid, [alice]);
    delivery.presence(alice, [made.roomNid], { presence: 'online' });
    await made.append(member(ghost('bob'), 'leave', ghost('bob')));
    await made.say(alice, 'still in private');
    await made.append(invite(ghost('bob')));
    await made.say(alice, 'and again');
    await made.append(member(ghost('bob'), 'ban'));
    await made.say(alice, 'for good');
    await made.append(invite(ghost('eve')), member(ghost('eve'), 'join', ghost('eve')));
    await made.say(alice, 'to eve');
    await at.until(() => irc.events.at(-1)?.content['body'] === 'to eve' && delivery.status('irc')?.state === 'idle');
    expect(irc.events.map(({ state_key: key, content }) => content['body'] ?? [key, content['membership']])).toEqual([
      [ghost('bob'), 'invite'],
      [ghost('bob'), 'leave'],
      [ghost('bob'), 'invite'],
      [ghost('bob'), 'ban'],
      [ghost('eve'), 'invite'],
      [ghost('eve'), 'join'],
      'to eve',
    ]);
    const bodies = irc.transactions.map(({ body }) => body).join('');
    for (const key of ['ephemeral', 'device_lists']) expect(bodies).not.toContain(key);
  });
});

it('whoever was counted while invited is counted no more, and what waits is decided by who was there', async () => {
  const irc = await at.appservice('irc');
  const delivery = await at.deliver();
  const [open, shut] = [await room(), await room('!shut:example.org')];
  await open.join(ghost('bob'));
  await shut.append(invite(ghost('bob')));
  await at.until(() => irc.events.length === 2);
  await at.end(delivery);
  const run = (name: string, text: string) => at.db.query({ name: `test.${name}`, text });
  // As it was counted before invitations stopped counting.
  await run('counted_for', `update appservice_cursors set counted_for = replace(counted_for, 'joined:', '')`);
  await run('counted', `insert into appservice_interest select room_nid, 'irc', 1 from rooms on conflict do nothing`);
  await open.say(alice, 'while bob was here');
  await open.join(ghost('bob'), 'leave');
  await open.say(alice, 'without bob');
  await shut.say(alice, 'behind a shut door');
  await shut.append(member(ghost('bob'), 'join', ghost('bob')));
  await shut.say(alice, 'welcome');
  await at.deliver();
  await at.until(() => irc.events.at(-1)?.content['body'] === 'welcome');
  expect(irc.events.map(({ content }) => content['body'] ?? content['membership'])).toEqual([
    'join',
    'invite',
    'while bob was here',
    'leave',
    'join',
    'welcome',
  ]);
});

it('a knock shows the room as well, without the user who knocks', async () => {
  const irc = await at.appservice('irc');
  await at.deliver();
  await (await room()).append(member(ghost('bob'), 'knock', ghost('bob')));
  await at.until(() => irc.events.length === 1);
  expect(unsignedOf(irc, ghost('bob'))).toEqual({ knock_room_state: stripped.slice(0, 2) });
});

it('what an invitation showed when it was frozen is sent again as it was, over a restart and a new name', async () => {
  const irc = await at.appservice('irc');
  let delivery = await at.deliver();
  irc.mode = 500;
  const made = await room();
  await made.append(invite(ghost('bob')));
  await eventually(() => delivery.status('irc')?.retries === 1);
  await made.append({ type: 'm.room.name', sender: alice, stateKey: '', content: { name: 'Coffee' } });
  await at.end(delivery);
  delivery = await at.deliver();
  await eventually(() => delivery.status('irc')?.retries === 1);
  irc.mode = 'ok';
  await at.until(() => irc.events.length === 1 && delivery.status('irc')?.state === 'idle');
  expect(bodiesOf(irc).size).toBe(1);
  expect(unsignedOf(irc, ghost('bob'))).toEqual({ invite_room_state: stripped });
});

it('one that waits while its room is redacted shows what is left of it', async () => {
  const irc = await at.appservice('irc');
  const delivery = await at.deliver();
  const made = await room();
  const [topic] = await made.append({ type: 'm.room.topic', sender: alice, stateKey: '', content: { topic: 'bad' } });
  irc.mode = 500;
  await made.append(invite(ghost('ann')));
  await eventually(() => delivery.status('irc')?.retries === 1);
  await made.append(invite(ghost('bob')));
  await made.redact(topic?.eventId ?? '', alice);
  irc.mode = 'ok';
  await at.until(() => unsignedOf(irc, ghost('bob')) !== undefined, 1_000);
  const shown = (unsignedOf(irc, ghost('bob'))?.['invite_room_state'] ?? []) as { type: string; content: object }[];
  expect(shown.find(({ type }) => type === 'm.room.topic')?.content).toEqual({});
  expect(JSON.stringify(unsignedOf(irc, ghost('ann')))).toContain('bad');
});

it('what another server sent along is shown as it is, of our own rooms no more than an event may have', async () => {
  const irc = await at.appservice('irc');
  await at.deliver();
  const made = await room();
  const along = [{ type: 'm.room.name', state_key: '', sender: '@eve:else.where', content: { name: 'Elsewhere' } }];
  await made.append({ ...invite(ghost('ann')), unsigned: { invite_room_state: [...along, 'no event'] } });
  const big = 'x'.repeat(40_000);
  await made.append(
    { type: 'm.room.name', sender: alice, stateKey: '', content: { name: big } },
    { type: 'm.room.topic', sender: alice, stateKey: '', content: { topic: big } },
    invite(ghost('bob')),
  );
  await at.until(() => irc.events.length === 2);
  expect(unsignedOf(irc, ghost('ann'))).toEqual({ invite_room_state: along });
  const shown = unsignedOf(irc, ghost('bob'))?.['invite_room_state'] as { type: string }[];
  expect(shown.map(({ type }) => type)).toEqual(['m.room.create', 'm.room.name', 'm.room.member']);
});
