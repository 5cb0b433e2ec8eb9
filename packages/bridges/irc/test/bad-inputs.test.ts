// Bad inputs that have hurt other IRC bridges, by their numbers in the project's list: each ends in exactly one harmless way, one line
// on the wire per command, refused with an explanation, or escaped; nothing crosses rooms, and the bridge goes on.

import { createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type DemoNetwork, startDemoNetwork } from '../src/demo-network/index.ts';
import { bridgeOn, configFor, context, said } from './bridge-logins.ts';
import { recorder } from '@pons/testkit/recorder';

const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const task of cleanUp.splice(0).toReversed()) await task();
});

/** A wire tap in front of a demo network: every line that the bridge sends, and a way to speak to it in bytes. */
async function tapped() {
  const demo: DemoNetwork = await startDemoNetwork();
  const lines = recorder<string>();
  const sockets: Socket[] = [];
  const { connect } = await import('node:net');
  const tap = createServer((client) => {
    const server = connect(demo.port, '127.0.0.1');
    let rest = '';
    client.on('data', (data) => {
      rest += data.toString('utf8');
      const parts = rest.split('\n');
      rest = parts.pop() ?? '';
      for (const part of parts) lines.add(part);
      server.write(data);
    });
    server.on('data', (data) => client.write(data));
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      one.on('error', () => undefined);
      one.on('close', () => other.destroy());
    }
    sockets.push(client);
  });
  await new Promise<void>((resolve) => tap.listen(0, '127.0.0.1', resolve));
  cleanUp.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => tap.close(resolve));
    await demo.stop();
  });
  const address = tap.address();
  const bridge = bridgeOn(configFor({ port: typeof address === 'object' && address !== null ? address.port : 0 }));
  const listener = await bridge.listener();
  cleanUp.push(() => listener.close());
  const alice = await bridge.puppet('@alice:example.org', 'alice');
  cleanUp.push(() => alice.close());
  const to = (text: string, key: string) =>
    bridge.network.to.message(alice.session, { chat: '#pons', message: said(text) }, context(key));
  await to('first', '$0');
  return { demo, bridge, listener, alice, lines, sockets, to };
}

const EVIL = ['a\r\nOPER x y', 'a\rQUIT', 'a\nQUIT', 'a\0QUIT', 'a\u2028QUIT', 'a\u0085QUIT', ':a QUIT', ' QUIT'];

describe('bad inputs', () => {
  it('BI-493, BI-494: no nick, name, topic, reason or text makes a line of its own', async () => {
    const { bridge, alice, lines, to } = await tapped();
    const { network } = bridge;
    for (const [index, evil] of EVIL.entries()) {
      await to(evil, `$${index}`).catch(() => undefined);
      await network.to
        .info?.(alice.session, { chat: '#pons', set: { topic: evil } }, context('$t'))
        .catch(() => undefined);
      await network.to
        .remove?.(alice.session, { chat: '#pons', target: 'id:x', reason: evil }, context('$r'))
        .catch(() => undefined);
      await network.commands?.['nick']?.run([evil], alice.session.login, alice.session);
      const other = await bridge.puppet(`@eve${index}:example.org`, evil);
      cleanUp.push(() => other.close());
      await network.to.message(other.session, { chat: '#pons', message: said('x') }, context(`$x${index}`));
    }
    const allowed = /^(?:@\S+ )?(?:CAP|NICK|USER|PING|PONG|JOIN|PRIVMSG|TOPIC|REDACT) [^\r\n\0]*\r$/;
    expect(lines.all.filter((line) => !allowed.test(line))).toEqual([]);
  });

  it.each(['#a,#b', '#a b', '#a\r\nJOIN #b', '#', 'a', '#a\x07'])(
    'BI-495: %j is no channel and joins none',
    async (chat) => {
      const { bridge, alice, lines } = await tapped();
      const sent = bridge.network.to.message(alice.session, { chat, message: said('x') }, context('$1'));
      await expect(sent).rejects.toMatchObject({ why: 'not-found' });
      expect(lines.all.filter((line) => line.includes('JOIN') && !line.includes('JOIN #pons'))).toEqual([]);
    },
  );

  it('BI-500: what a connection of ours says is heard by the listener and told to nobody', async () => {
    const { listener, to } = await tapped();
    for (let n = 1; n <= 10; n++) await to(`message ${n}`, `$${n}`);
    listener.session.connection.send({ command: 'TOPIC', params: ['#pons', 'end'] });
    await listener.events.until((e) => e.t === 'chat' && e.info.topic === 'end');
    expect(listener.events.all.filter((e) => e.t === 'message')).toEqual([]);
  });

  it('BI-501: a look-alike of a nick is another nick', async () => {
    const { bridge } = await tapped();
    const admin = await bridge.puppet('@a:example.org', 'admin');
    const other = await bridge.puppet('@b:example.org', '\u0430dmin');
    const zwsp = await bridge.puppet('@c:example.org', 'ad\u200bmin');
    for (const each of [admin, other, zwsp]) cleanUp.push(() => each.close());
    const nicks = [admin, other, zwsp].map((each) => each.session.connection.nick);
    expect(nicks).toEqual(['admin', 'dmin', 'admin_']);
  });

  it('BI-506: bytes that are not UTF-8 arrive once, readable', async () => {
    const { listener, sockets } = await tapped();
    sockets[0]?.write(Buffer.concat([Buffer.from(':bob!b@h PRIVMSG #pons :caf'), Buffer.from([0xe9, 13, 10])]));
    const message = await listener.events.until((e) => e.t === 'message');
    expect(message).toMatchObject({ from: 'bob', message: { parts: [{ blocks: [{ p: ['café'] }] }] } });
    expect(listener.events.all.filter((e) => e.t === 'message')).toHaveLength(1);
  });
});
