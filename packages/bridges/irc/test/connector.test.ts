// The connector on the demo network: a listener, people of Matrix with connections of their own, and people on IRC.

import type { RemoteEvent } from '@pons/appservice-sdk/bridge';
import { afterEach, describe, expect, it } from 'vitest';
import { type DemoNetwork, type DemoNetworkOptions, startDemoNetwork } from '../src/demo-network/index.ts';
import { bridgeOn, type Connected, configFor, context, said } from './bridge-logins.ts';
import { type Person, person } from '@pons/testkit/irc-person';

const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const task of cleanUp.splice(0).toReversed()) await task();
});

async function start(options: DemoNetworkOptions = {}, config: object = {}) {
  const demo = await startDemoNetwork(options);
  cleanUp.push(() => demo.stop());
  const bridge = bridgeOn(configFor(demo, config));
  const listener = await bridge.listener();
  cleanUp.push(() => listener.close());
  const { network } = bridge;
  return {
    demo,
    network,
    listener,
    puppet: async (mxid: string, name: string): Promise<Connected> => {
      const puppet = await bridge.puppet(mxid, name);
      cleanUp.push(() => puppet.close());
      return puppet;
    },
    say: (puppet: Connected, text: string, key = text) =>
      network.to.message(puppet.session, { chat: '#pons', message: said(text) }, context(key)),
  };
}

async function irc(demo: DemoNetwork, nick: string): Promise<Person> {
  const somebody = await person(demo, nick);
  cleanUp.push(() => somebody.irc.quit());
  return somebody;
}

type Of<T extends RemoteEvent['t']> = Extract<RemoteEvent, { t: T }>;
const heard = <T extends RemoteEvent['t']>(login: Connected, t: T, when: (event: Of<T>) => boolean = () => true) =>
  login.events.until((event): event is Of<T> => event.t === t && when(event as Of<T>));

describe('from IRC', () => {
  it('the listener tells messages, actions and notices with their time, id and formatting', async () => {
    const { demo, listener } = await start();
    const bob = await irc(demo, 'Bob');
    await bob.join('#pons');
    bob.irc.say('#PONS', '\x02hi\x02 there');
    bob.irc.action('#pons', 'waves');
    bob.irc.notice('#pons', 'beep');
    const hi = await heard(listener, 'message', (e) => e.message.parts[0]?.style === 'text');
    expect(hi).toMatchObject({
      chat: '#pons',
      from: 'bob',
      message: { parts: [{ style: 'text', blocks: [{ p: [{ b: ['hi'] }, ' there'] }] }] },
    });
    expect(hi.id).toMatch(/^id:/);
    expect(Math.abs((hi.at?.getTime() ?? 0) - Date.now())).toBeLessThan(60_000);
    await heard(listener, 'message', (e) => e.message.parts[0]?.style === 'emote');
    await heard(listener, 'message', (e) => e.message.parts[0]?.style === 'notice');
  });

  it('the listener tells who is there, who comes and goes and why, ranks and topic', async () => {
    const { demo, listener } = await start();
    const bob = await irc(demo, 'Bob');
    await bob.join('#pons');
    expect(await heard(listener, 'member', (e) => e.to === 'join')).toMatchObject({ chat: '#pons', user: 'bob' });
    expect(listener.events.all).toContainEqual({ t: 'user', user: 'bob', info: { name: 'Bob' } });
    bob.irc.changeNick('Robert');
    expect(await heard(listener, 'member', (e) => e.to === 'leave')).toMatchObject({
      user: 'bob',
      reason: 'is now known as Robert',
    });
    await heard(listener, 'member', (e) => e.user === 'robert' && e.to === 'join');
    listener.session.connection.send({ command: 'MODE', params: ['#pons', '+o', 'Robert'] });
    expect(await heard(listener, 'member', (e) => e.power === 50)).toMatchObject({ user: 'robert' });
    bob.irc.setTopic('#pons', 'new topic');
    await heard(listener, 'chat', (e) => e.info.topic === 'new topic');
    const carol = await irc(demo, 'carol');
    await carol.join('#pons');
    await heard(listener, 'member', (e) => e.user === 'carol' && e.to === 'join');
    bob.irc.raw('KICK', '#pons', 'carol', 'enough');
    expect(await heard(listener, 'member', (e) => e.user === 'carol' && e.to === 'leave')).toMatchObject({
      by: 'robert',
      reason: 'enough',
    });
    bob.irc.quit('night');
    expect(await heard(listener, 'member', (e) => e.user === 'robert' && e.to === 'leave')).toMatchObject({
      reason: 'Quit: night',
    });
  });

  it('somebody who was in the channel before the bridge is in its first list, with the topic', async () => {
    const demo = await startDemoNetwork();
    cleanUp.push(() => demo.stop());
    const bob = await irc(demo, 'Bob');
    await bob.join('#pons');
    bob.irc.setTopic('#pons', 'early');
    const bridge = bridgeOn(configFor(demo));
    const listener = await bridge.listener();
    cleanUp.push(() => listener.close());
    const chat = await heard(listener, 'chat');
    expect(chat.info).toMatchObject({
      kind: 'channel',
      name: '#pons',
      topic: 'early',
      members: { list: { bob: { power: 50, nick: 'Bob' } }, partial: false },
    });
    expect(await bridge.network.get?.chat?.(listener.session, '#pons')).toMatchObject({ topic: 'early' });
    expect(await bridge.network.get?.user?.(listener.session, 'bob')).toEqual({ name: 'Bob' });
  });

  it('makes its own ids where the network gives none, different for the same words said twice', async () => {
    const { demo, listener } = await start({ capabilities: [] });
    const bob = await irc(demo, 'bob');
    await bob.join('#pons');
    for (const text of ['same', 'same', 'end']) bob.irc.say('#pons', text);
    await heard(listener, 'message', (e) => JSON.stringify(e.message).includes('end'));
    const ids = listener.events.all.flatMap((e) => (e.t === 'message' ? [e.id] : []));
    expect(new Set(ids).size).toBe(3);
    expect(ids.every((id) => id.startsWith('at:'))).toBe(true);
  });

  it('a private message reaches only the person it is for', async () => {
    const { demo, listener, puppet, say } = await start();
    const alice = await puppet('@alice:example.org', 'Alice');
    await say(alice, 'here');
    const bob = await irc(demo, 'Bob');
    bob.irc.say('Alice', 'psst');
    const message = await heard(alice, 'message');
    expect(message).toMatchObject({ chat: { id: 'bob', receiver: 'auto @alice:example.org' }, from: 'bob' });
    bob.irc.say('pons', 'psst');
    bob.irc.raw('PRIVMSG', 'Alice', '\x01VERSION\x01');
    await bob.hears('ctcp response', { nick: 'Alice', type: 'VERSION' });
    expect(listener.events.all.filter((e) => e.t === 'message')).toEqual([]);
    expect(alice.events.all.filter((e) => e.t === 'message')).toHaveLength(1);
  });

  it('a notice from somebody who was never talked to makes no room; an answer to a question does', async () => {
    const { demo, network, puppet } = await start();
    const services = await irc(demo, 'NickServ');
    const { session, events } = await puppet('@alice:example.org', 'alice');
    services.irc.notice('alice', 'welcome');
    services.irc.say('alice', 'marker');
    await events.until((e) => e.t === 'message');
    const chat = { id: 'nickserv', receiver: session.login.id };
    await network.to.message(session, { chat, message: said('help') }, context('$1'));
    await services.hears('message', { message: 'help' });
    services.irc.notice('alice', 'no help');
    await events.until((e) => JSON.stringify(e).includes('no help'));
    expect(JSON.stringify(events.all)).not.toContain('welcome');
  });

  it('a mention of a Matrix user is one, wherever it stands', async () => {
    const { demo, listener, puppet, say } = await start();
    await say(await puppet('@alice:example.org', 'Alice'), 'here');
    const bob = await irc(demo, 'bob');
    await bob.join('#pons');
    bob.irc.say('#pons', 'thanks alice!');
    const message = await heard(listener, 'message');
    expect(message.message.parts[0]?.blocks).toEqual([
      { p: ['thanks ', { mention: '@alice:example.org', label: 'alice' }, '!'] },
    ]);
  });
});

describe('the listener', () => {
  it('logs in with server password and account, and neither is ever told', async () => {
    const secrets = { password: 'canary-1', accounts: { pons: 'canary-2' } };
    const demo = await startDemoNetwork(secrets);
    cleanUp.push(() => demo.stop());
    const cfg = configFor(demo, {
      network: { servers: [{ host: '127.0.0.1', port: demo.port }], password: secrets.password },
      listener: { sasl: { user: 'pons', password: secrets.accounts.pons } },
    });
    const good = await bridgeOn(cfg).listener();
    cleanUp.push(() => good.close());
    expect(demo.members('#pons')).toEqual(['pons']);
    await good.close();
    const wrong = bridgeOn({ ...cfg, listener: { ...cfg.listener, sasl: { user: 'pons', password: 'canary-3' } } });
    const refused: unknown = await wrong.listener().catch((error: unknown) => error);
    expect(String(refused)).toContain('the network refused the account');
    const told = JSON.stringify([good.statuses, good.events.all, wrong.told.all, String(refused)]);
    expect(told).toContain('logged-out');
    expect(told).not.toContain('canary');
  });
});

describe('from Matrix', () => {
  it.each<[string, DemoNetworkOptions]>([
    ['a modern network', {}],
    ['a network with echoes but no labels', { capabilities: ['echo-message', 'message-tags', 'server-time'] }],
    ['an old network', { capabilities: [] }],
  ])('a message comes from its sender alone and is not told back, on %s', async (_, options) => {
    const { demo, listener, puppet, say } = await start(options);
    const bob = await irc(demo, 'bob');
    await bob.join('#pons');
    const alice = await puppet('@alice:example.org', 'Alice Ärmel');
    const sent = await say(alice, 'hello', '$1');
    expect('id' in sent && sent.id).toMatch(options.capabilities?.length === 0 ? /^key:\$1$/ : /^id:/);
    expect(await bob.hears('message', { message: 'hello' })).toMatchObject({ nick: 'Alice_Armel', ident: '~alice' });
    bob.irc.say('#pons', 'end');
    await heard(listener, 'message', (e) => e.from === 'bob');
    expect(listener.events.all.filter((e) => e.t === 'message')).toHaveLength(1);
    expect(listener.events.all.filter((e) => e.t === 'member' && e.user !== 'bob')).toEqual([]);
  });

  it('HTML arrives as IRC formatting, an emote as an action, long text in pieces that lose nothing', async () => {
    const { demo, network, puppet } = await start();
    const bob = await irc(demo, 'bob');
    await bob.join('#pons');
    const { session } = await puppet('@alice:example.org', 'alice');
    const to = (message: ReturnType<typeof said>, key: string) =>
      network.to.message(session, { chat: '#pons', message }, context(key));
    await to(said({ b: ['bold'] }, ' ', { link: 'https://a.example', text: ['x'] }), '$1');
    await bob.hears('message', { message: '\x02bold\x0f x (https://a.example)' });
    await to({ parts: [{ style: 'emote', blocks: [{ p: ['waves'] }] }] }, '$2');
    await bob.hears('message', { message: 'waves', type: 'action' });
    await to({ parts: [{ style: 'notice', blocks: [{ p: ['beep'] }] }] }, '$3');
    await bob.hears('message', { message: 'beep', type: 'notice' });
    bob.heard.clear();
    const sent = await to(said('😀'.repeat(200)), '$4');
    expect('also' in sent && sent.also?.length).toBe(1);
    await to(said('end'), '$5');
    await bob.hears('message', { message: 'end' });
    const lines = bob.heard.all.flatMap(({ name, event }) => (name === 'message' ? [String(event['message'])] : []));
    expect(lines.slice(0, -1).join('')).toBe('😀'.repeat(200));
  });

  it('no text makes a second command, a CTCP request or a hidden one', async () => {
    const { demo, network, puppet } = await start();
    const bob = await irc(demo, 'bob');
    await bob.join('#pons');
    const { session } = await puppet('@alice:example.org', 'ali\r\nQUIT :x');
    const evil = 'a\r\nQUIT :gone\u2028b\0\x01VERSION\x01';
    await network.to.message(session, { chat: '#pons', message: said(evil) }, context('$1'));
    await bob.hears('message', { message: 'bVERSION' });
    const lines = bob.heard.all.flatMap(({ name, event }) => (name === 'message' ? [event['message']] : []));
    expect(lines).toEqual(['a', 'QUIT :gone', 'bVERSION']);
    expect(demo.nicks()).toContain('ali_QUIT_x');
    const info = network.to.info?.(session, { chat: '#pons', set: { topic: 'x\nQUIT' } }, context('$2'));
    await expect(info).rejects.toMatchObject({ why: 'forbidden' });
    await expect(
      network.to.message(session, { chat: '#a,#b', message: said('x') }, context('$3')),
    ).rejects.toMatchObject({ why: 'not-found' });
    expect(await network.commands?.['nick']?.run(['a\r\nOPER x'], session.login, session)).toMatch(/not a nick/);
    expect(demo.members('#pons')).toContain('ali_QUIT_x');
  });

  it('what the network refuses is told with its reason', async () => {
    const { demo, network, listener, puppet, say } = await start();
    const alice = await puppet('@alice:example.org', 'alice');
    await say(alice, 'before');
    listener.session.connection.send({ command: 'MODE', params: ['#pons', '+m'] });
    const bob = await irc(demo, 'bob');
    await bob.join('#pons');
    await expect(say(alice, 'after')).rejects.toMatchObject({
      why: 'forbidden',
      message: expect.stringContaining('Cannot send') as string,
    });
    const dm = { chat: { id: 'nobody', receiver: 'x' }, message: said('x') };
    await expect(network.to.message(alice.session, dm, context('$9'))).rejects.toMatchObject({ why: 'not-found' });
  });

  it('an answer names whom it answers, an edit is told as people tell it, a removal removes', async () => {
    const { demo, network, listener, puppet } = await start();
    const bob = await irc(demo, 'Bob');
    await bob.join('#pons');
    bob.irc.say('#pons', 'question');
    const { id } = await heard(listener, 'message');
    const { session } = await puppet('@alice:example.org', 'alice');
    const to = (message: ReturnType<typeof said>, key: string) =>
      network.to.message(session, { chat: '#pons', message }, context(key));
    const sent = await to({ ...said('one two three'), replyTo: id }, '$1');
    const answer = await bob.hears('message', { message: 'Bob: one two three' });
    expect((answer['tags'] as Record<string, string>)['+draft/reply']).toBe(id.slice(3));
    const target = 'id' in sent ? sent.id : '';
    await network.to.edit?.(session, { chat: '#pons', target, message: said('Bob: one 2 three') }, context('$2'));
    await bob.hears('message', { message: 's/two/2/' });
    await network.to.edit?.(session, { chat: '#pons', target, message: said('quite another thing') }, context('$3'));
    await bob.hears('message', { message: '* quite another thing' });
    await network.to.remove?.(session, { chat: '#pons', target, reason: 'oops' }, context('$4'));
    await expect(network.to.remove?.(session, { chat: '#pons', target: 'key:x' }, context('$5'))).rejects.toMatchObject(
      { why: 'unsupported' },
    );
    await to({ ...said('elsewhere'), replyTo: 'id:of-another-room' }, '$6');
    await bob.hears('message', { message: 'elsewhere' });
  });

  it('typing goes both ways, at most once in three seconds', async () => {
    const { demo, network, listener, puppet, say } = await start();
    const bob = await irc(demo, 'bob');
    await bob.join('#pons');
    const alice = await puppet('@alice:example.org', 'alice');
    await say(alice, 'here');
    for (const on of [true, true, false]) network.to.typing?.(alice.session, { chat: '#pons', on });
    await say(alice, 'end');
    await bob.hears('message', { message: 'end' });
    const typed = bob.heard.all.flatMap(({ name, event }) =>
      name === 'tagmsg' ? [(event['tags'] as Record<string, string>)['+typing']] : [],
    );
    expect(typed).toEqual(['active', 'done']);
    bob.irc.tagmsg('#pons', { '+typing': 'active' });
    expect(await heard(listener, 'typing')).toMatchObject({ chat: '#pons', from: 'bob', forMs: 6_000 });
  });

  it('a nick that somebody on IRC has stays theirs, and both are told apart', async () => {
    const { demo, listener, puppet, say } = await start();
    const other = await irc(demo, 'alice');
    await other.join('#pons');
    const alice = await puppet('@alice:example.org', 'Alice');
    expect(alice.statuses).toContain('connected: the nick is Alice_');
    await say(alice, 'from Matrix');
    await other.hears('message', { nick: 'Alice_', message: 'from Matrix' });
    other.irc.say('#pons', 'from IRC');
    expect(await heard(listener, 'message')).toMatchObject({ from: 'alice' });
  });

  it('whoever takes the nick of a connection that is gone is somebody else', async () => {
    const { demo, listener, puppet, say } = await start();
    const alice = await puppet('@alice:example.org', 'Alice');
    await say(alice, 'bye');
    await alice.close();
    const other = await irc(demo, 'Alice');
    await other.join('#pons');
    other.irc.say('#pons', 'me now');
    expect(await heard(listener, 'message')).toMatchObject({ from: 'alice' });
    expect(listener.events.all.filter((e) => e.t === 'member')).toMatchObject([{ user: 'alice', to: 'join' }]);
  });

  it('a connection that breaks comes back into its channels', async () => {
    const { demo, listener, puppet, say } = await start();
    const alice = await puppet('@alice:example.org', 'alice');
    await say(alice, 'one');
    listener.events.clear();
    demo.cut('alice');
    demo.cut('pons');
    await heard(listener, 'chat');
    // As the kit does: what was not confirmed is tried again.
    await say(alice, 'two').catch(() => say(alice, 'two'));
    expect(demo.members('#pons').toSorted()).toEqual(['alice', 'pons']);
  });
});
