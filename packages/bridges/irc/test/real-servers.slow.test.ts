// The connector on real servers: InspIRCd with every capability it has, ngIRCd as the old kind with almost none. An independent client
// sits in the channel. What cannot be had is said and not counted as passed: the titles say which server a claim is about.

import type { RemoteEvent } from '@pons/appservice-sdk/bridge';
import { afterEach, describe, expect, it } from 'vitest';
import { bridgeOn, type Connected, configFor, context, said } from './bridge-logins.ts';
import { person } from '@pons/testkit/irc-person';
import { type RealServer, startInspircd, startNgircd } from '@pons/testkit/irc-servers';

const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const task of cleanUp.splice(0).toReversed()) await task();
});

const SERVERS: [string, () => Promise<RealServer | null>, string][] = [
  ['InspIRCd', () => startInspircd(), 'id:'],
  ['ngIRCd', startNgircd, 'key:'],
];

async function start(name: string, launch: () => Promise<RealServer | null>) {
  const server = await launch();
  if (server === null) {
    process.stderr.write(`not tested: ${name} is not installed (apt-get install ${name.toLowerCase()})\n`);
    return null;
  }
  cleanUp.push(() => server.stop());
  const bridge = bridgeOn(configFor(server));
  const listener = await bridge.listener();
  cleanUp.push(() => listener.close());
  const bob = await person(server, 'Bob');
  cleanUp.push(() => bob.irc.quit());
  await bob.join('#pons');
  const alice = await bridge.puppet('@alice:example.org', 'Alice in Wonderland');
  cleanUp.push(() => alice.close());
  const say = (text: string, key: string) =>
    bridge.network.to.message(alice.session, { chat: '#pons', message: said(text) }, context(key));
  return { server, bridge, listener, bob, alice, say };
}

type Of<T extends RemoteEvent['t']> = Extract<RemoteEvent, { t: T }>;
const heard = <T extends RemoteEvent['t']>(login: Connected, t: T, when: (event: Of<T>) => boolean) =>
  login.events.until((event): event is Of<T> => event.t === t && when(event as Of<T>));

describe.each(SERVERS)('on %s', (name, launch, ids) => {
  it('messages cross both ways, proved, each by the right identity and none twice', async () => {
    const world = await start(name, launch);
    if (world === null) return;
    const { listener, bob, alice, say } = world;
    bob.irc.say('#pons', 'from \x02IRC\x02');
    const message = await heard(listener, 'message', (e) => e.from === 'bob');
    expect(message.message.parts[0]?.blocks).toEqual([{ p: ['from ', { b: ['IRC'] }] }]);
    expect(Math.abs((message.at?.getTime() ?? 0) - Date.now())).toBeLessThan(60_000);
    const sent = await say('from Matrix', '$1');
    expect('id' in sent ? sent.id : '').toMatch(new RegExp(`^${ids}`));
    expect(await bob.hears('message', { message: 'from Matrix' })).toMatchObject({
      nick: alice.session.connection.nick,
    });
    bob.irc.say('#pons', 'end');
    await heard(listener, 'message', (e) => JSON.stringify(e.message).includes('end'));
    expect(listener.events.all.filter((e) => e.t === 'message')).toHaveLength(2);
    expect(listener.events.all.filter((e) => e.t === 'member' && e.user !== 'bob')).toEqual([]);
  });

  it('the longest lines arrive whole: nothing is cut off by the server', async () => {
    const world = await start(name, launch);
    if (world === null) return;
    const { bob, say } = world;
    await say('warm up', '$0');
    await bob.hears('message', { message: 'warm up' });
    bob.heard.clear();
    const text = `${'é'.repeat(300)} ${'word '.repeat(150)}${'😀'.repeat(150)}`;
    await say(text, '$1');
    await say('end', '$2');
    await bob.hears('message', { message: 'end' });
    const lines = bob.heard.all.flatMap(({ name: event, event: { message } }) =>
      event === 'message' ? [String(message)] : [],
    );
    expect(lines.slice(0, -1).join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''));
  });

  it('joins, parts, nick changes, kicks, ranks, topics and quits are told', async () => {
    const world = await start(name, launch);
    if (world === null) return;
    const { server, listener, bob } = world;
    const carol = await person(server, 'carol');
    await carol.join('#pons');
    await heard(listener, 'member', (e) => e.user === 'carol' && e.to === 'join');
    listener.session.connection.send({ command: 'MODE', params: ['#pons', '+o', 'Bob'] });
    await heard(listener, 'member', (e) => e.user === 'bob' && e.power === 50);
    bob.irc.setTopic('#pons', 'the topic');
    await heard(listener, 'chat', (e) => e.info.topic === 'the topic');
    carol.irc.changeNick('caro');
    await heard(listener, 'member', (e) => e.user === 'carol' && e.to === 'leave');
    await heard(listener, 'member', (e) => e.user === 'caro' && e.to === 'join');
    bob.irc.raw('KICK', '#pons', 'caro', 'out');
    expect(await heard(listener, 'member', (e) => e.user === 'caro' && e.to === 'leave')).toMatchObject({
      by: 'bob',
      reason: 'out',
    });
    listener.events.clear();
    await carol.join('#pons');
    await heard(listener, 'member', (e) => e.user === 'caro' && e.to === 'join');
    carol.irc.quit('night');
    await heard(listener, 'member', (e) => e.user === 'caro' && e.to === 'leave');
  });

  it('a refused message is told with the reason, a private one reaches its person', async () => {
    const world = await start(name, launch);
    if (world === null) return;
    const { bridge, listener, bob, alice, say } = world;
    await say('before', '$1');
    const nick = alice.session.connection.nick;
    bob.irc.say(nick, 'psst');
    await heard(alice, 'message', (e) => typeof e.chat !== 'string' && e.chat.id === 'bob');
    const toBob = { chat: { id: 'bob', receiver: 'x' }, message: said('answer') };
    await bridge.network.to.message(alice.session, toBob, context('$2'));
    await bob.hears('message', { message: 'answer', nick });
    const toNobody = { chat: { id: 'nobody', receiver: 'x' }, message: said('x') };
    await expect(bridge.network.to.message(alice.session, toNobody, context('$3'))).rejects.toMatchObject({
      why: 'not-found',
    });
    listener.session.connection.send({ command: 'MODE', params: ['#pons', '+m'] });
    await bob.hears('mode', { target: '#pons' });
    await expect(say('after', '$4')).rejects.toMatchObject({ why: 'forbidden' });
  });
});

describe('on an InspIRCd that kills for excess flood', () => {
  it('12 channels are joined and 10 messages sent with the default pace, and nobody is killed', async () => {
    const server = await startInspircd(true);
    if (server === null) {
      process.stderr.write('not tested: InspIRCd is not installed (apt-get install inspircd)\n');
      return;
    }
    cleanUp.push(() => server.stop());
    const channels = Object.fromEntries(Array.from({ length: 12 }, (_, n) => [`#c${n}`, {}]));
    const bridge = bridgeOn(configFor(server, { channels, flood: {} }));
    const listener = await bridge.listener();
    cleanUp.push(() => listener.close());
    const listed = (channel: string) => heard(listener, 'chat', (e) => e.chat === channel);
    await Promise.all(Object.keys(channels).map(listed));
    const alice = await bridge.puppet('@alice:example.org', 'alice');
    cleanUp.push(() => alice.close());
    const sent = Array.from({ length: 10 }, (_, n) =>
      bridge.network.to.message(alice.session, { chat: '#c0', message: said(`line ${n}`) }, context(`$${n}`)),
    );
    expect(await Promise.all(sent)).toHaveLength(10);
    expect([...listener.statuses, ...alice.statuses].filter((status) => status.startsWith('unstable'))).toEqual([]);
  });
});
