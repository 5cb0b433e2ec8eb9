// The demo network as an independent client sees it: irc-framework joins, talks, and is told what real networks tell.

import { Client } from 'irc-framework';
import { afterEach, describe, expect, it } from 'vitest';
import { type DemoNetwork, startDemoNetwork } from '../src/demo-network/index.ts';

type Fields = Record<string, unknown>;
const open: { quit(): void }[] = [];
let network: DemoNetwork | null = null;

afterEach(async () => {
  for (const client of open.splice(0)) client.quit();
  await network?.stop();
  network = null;
});

/** An irc-framework client that has registered. */
async function client(nick: string, options: Fields = {}) {
  network ??= await startDemoNetwork();
  const irc = new Client({
    host: '127.0.0.1',
    port: network.port,
    nick,
    auto_reconnect: false,
    enable_echomessage: true,
    ...options,
  });
  open.push(irc);
  const registered = once(irc, 'registered');
  irc.connect();
  await registered;
  return irc;
}

/** The next event of that name for which `when` holds. */
function once(irc: Client, name: string, when: (event: Fields) => boolean = () => true): Promise<Fields> {
  return new Promise((resolve) => {
    const listen = (event: Fields): void => {
      if (!when(event)) return;
      irc.removeListener(name, listen);
      resolve(event);
    };
    irc.on(name, listen);
  });
}

async function join(irc: Client, channel: string): Promise<Fields> {
  const names = once(irc, 'userlist', (event) => String(event['channel']).toLowerCase() === channel.toLowerCase());
  irc.join(channel);
  return await names;
}

describe('the demo network', () => {
  it('carries a message with id and time from one client to the other, and back as an echo', async () => {
    const [alice, bob] = [await client('alice'), await client('bob')];
    await join(alice, '#pons');
    await join(bob, '#Pons');
    const [heard, echoed] = [once(bob, 'message'), once(alice, 'message')];
    alice.say('#PONS', 'hello');
    const [there, back] = await Promise.all([heard, echoed]);
    expect(there).toMatchObject({ nick: 'alice', target: '#PONS', message: 'hello', type: 'privmsg' });
    expect(there['time']).toBeTypeOf('number');
    expect((there['tags'] as Fields)['msgid']).toBe((back['tags'] as Fields)['msgid']);
  });

  it('shows names with their ranks, topic, joins, parts, kicks, modes and quits', async () => {
    const [alice, bob] = [await client('alice'), await client('bob')];
    await join(alice, '#pons');
    alice.setTopic('#pons', 'about bridges');
    await once(alice, 'topic');
    const [topic, joined] = [once(bob, 'topic'), once(alice, 'join', (event) => event['nick'] === 'bob')];
    const names = await join(bob, '#pons');
    const nicks = (names['users'] as { nick: string; modes: string[] }[]).map((user) => [
      user.nick,
      user.modes.join(''),
    ]);
    expect(nicks).toEqual([
      ['alice', 'o'],
      ['bob', ''],
    ]);
    expect(await topic).toMatchObject({ channel: '#pons', topic: 'about bridges' });
    await joined;
    const voiced = once(bob, 'mode');
    alice.mode('#pons', '+v', 'bob');
    expect(await voiced).toMatchObject({ modes: [{ mode: '+v', param: 'bob' }] });
    const kicked = once(bob, 'kick');
    alice.raw('KICK', '#pons', 'bob', 'out');
    expect(await kicked).toMatchObject({ kicked: 'bob', nick: 'alice', message: 'out' });
    await join(bob, '#pons');
    const parted = once(alice, 'part');
    bob.part('#pons', 'bye');
    expect(await parted).toMatchObject({ nick: 'bob', message: 'bye' });
    await join(bob, '#pons');
    const gone = once(alice, 'quit');
    bob.quit('later');
    expect(await gone).toMatchObject({ nick: 'bob', message: 'Quit: later' });
  });

  it('answers WHOIS and WHO and passes nick changes and TAGMSG on', async () => {
    const [alice, bob] = [await client('alice'), await client('bob')];
    await join(alice, '#pons');
    await join(bob, '#pons');
    const whois = await new Promise<Fields>((resolve) => alice.whois('BOB', resolve));
    expect(whois).toMatchObject({ nick: 'bob', channels: '#pons' });
    const who = await new Promise<Fields>((resolve) => alice.who('#pons', resolve));
    expect((who['users'] as Fields[]).map((user) => user['nick'])).toEqual(['alice', 'bob']);
    const renamed = once(alice, 'nick');
    bob.changeNick('robert');
    expect(await renamed).toMatchObject({ nick: 'bob', new_nick: 'robert' });
    const typing = once(alice, 'tagmsg');
    bob.tagmsg('#pons', { '+typing': 'active' });
    expect(await typing).toMatchObject({ nick: 'robert', tags: { '+typing': 'active' } });
  });

  it('lets nobody in with a wrong password or account, and says why', async () => {
    network = await startDemoNetwork({ accounts: { alice: 'right' } });
    const good = await client('alice', { account: { account: 'alice', password: 'right' } });
    const whois = await new Promise<Fields>((resolve) => good.whois('alice', resolve));
    expect(whois['account']).toBe('alice');
    const bad = new Client({ host: '127.0.0.1', port: network.port, nick: 'eve', auto_reconnect: false });
    open.push(bad);
    const failed = once(bad, 'sasl failed');
    bad.connect({
      host: '127.0.0.1',
      port: network.port,
      nick: 'eve',
      account: { account: 'alice', password: 'wrong' },
    });
    expect(await failed).toMatchObject({ reason: 'fail' });
  });

  it('refuses a taken nick, a moderated channel and a message to nobody', async () => {
    const [alice, bob] = [await client('alice'), await client('bob')];
    await join(alice, '#pons');
    await join(bob, '#pons');
    const inUse = once(bob, 'nick in use');
    bob.changeNick('Alice');
    expect(await inUse).toMatchObject({ nick: 'Alice' });
    const moderated = once(bob, 'mode');
    alice.mode('#pons', '+m');
    await moderated;
    const refused = once(bob, 'irc error', (event) => event['error'] === 'cannot_send_to_channel');
    bob.say('#pons', 'x');
    expect(await refused).toMatchObject({ channel: '#pons' });
    const nobody = once(bob, 'irc error', (event) => event['error'] === 'no_such_nick');
    bob.say('nobody', 'x');
    expect(await nobody).toMatchObject({ nick: 'nobody' });
  });
});
