// The whole bridge on the kit's engine: a demo network on one side, a double of a homeserver on the other, real sockets between.

import { afterEach, describe, expect, it } from 'vitest';
import { startDemoNetwork } from '../src/demo-network/index.ts';
import { type IrcBridge, startIrcBridge } from '../src/start-irc-bridge.ts';
import { person } from '@pons/testkit/irc-person';
import { matrixDouble, type SentEvent } from './matrix-double.ts';

const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const task of cleanUp.splice(0).toReversed()) await task();
});

const quiet = { debug() {}, info() {}, warn() {}, error() {} };

async function start(config: object = {}) {
  const demo = await startDemoNetwork();
  cleanUp.push(() => demo.stop());
  let bridge: IrcBridge | undefined;
  const matrix = await matrixDouble(() => bridge?.port ?? 0);
  cleanUp.push(() => matrix.stop());
  const launch = async (): Promise<IrcBridge> => {
    bridge = await startIrcBridge(
      {
        homeserver: { url: matrix.url, domain: 'example.org' },
        store: ':memory:',
        listen: { port: 0 },
        network: { name: 'Demo', servers: [{ host: '127.0.0.1', port: demo.port }] },
        channels: { '#pons': { room: '#_irc_#pons:example.org' } },
        flood: { burst: 100, lines_per_second: 100 },
        ...config,
      },
      { registration: matrix.registration, log: quiet },
    );
    await bridge.ready();
    return bridge;
  };
  await launch();
  cleanUp.push(() => bridge?.stop());
  const room = bridge?.roomOfChannel('#PONS') ?? '';
  const bob = await person(demo, 'Bob');
  cleanUp.push(() => bob.irc.quit());
  await bob.join('#pons');
  return { demo, matrix, room, bob, bridge: () => bridge };
}

const isMessage = (event: SentEvent): boolean => event.type === 'm.room.message';

describe('the bridge', () => {
  it('brings a message from IRC into the room as its ghost, with its time, and an answer back from its sender', async () => {
    const { matrix, room, bob, demo } = await start();
    expect(room).toMatch(/^!/);
    bob.irc.say('#pons', 'hello \x02Matrix\x02');
    const event = await matrix.sent.until(isMessage);
    expect(event).toMatchObject({
      room_id: room,
      sender: '@_irc_bob:example.org',
      content: {
        msgtype: 'm.text',
        body: 'hello Matrix',
        formatted_body: expect.stringMatching(/<(b|strong)>Matrix</) as string,
      },
    });
    expect(Math.abs(event.origin_server_ts - Date.now())).toBeLessThan(60_000);
    await matrix.say('@alice:example.org', room, {
      msgtype: 'm.text',
      body: 'hi **Bob**',
      format: 'org.matrix.custom.html',
      formatted_body: 'hi <strong>Bob</strong>',
    });
    expect(await bob.hears('message', { message: 'hi \x02Bob' })).toMatchObject({ nick: 'Alice', ident: '~alice' });
    expect(demo.members('#pons').toSorted()).toEqual(['Alice', 'Bob', 'pons']);
    bob.irc.say('#pons', 'end');
    await matrix.sent.until((each) => each.content['body'] === 'end');
    expect(matrix.sent.all.filter(isMessage)).toHaveLength(2);
  });

  it('brings joins, parts, emotes, notices and topics', async () => {
    const { matrix, room, bob } = await start();
    const membership = (sender: string, what: string) => (e: SentEvent) =>
      e.type === 'm.room.member' && e.sender === sender && e.content['membership'] === what;
    await matrix.sent.until(membership('@_irc_bob:example.org', 'join'));
    bob.irc.action('#pons', 'waves');
    await matrix.sent.until((e) => e.content['msgtype'] === 'm.emote' && e.content['body'] === 'waves');
    bob.irc.notice('#pons', 'beep');
    await matrix.sent.until((e) => e.content['msgtype'] === 'm.notice' && e.content['body'] === 'beep');
    await matrix.say('@alice:example.org', room, { msgtype: 'm.emote', body: 'waves back' });
    await bob.hears('message', { type: 'action', message: 'waves back' });
    bob.irc.part('#pons', 'bye');
    const left = await matrix.sent.until(membership('@_irc_bob:example.org', 'leave'));
    expect(left.content['reason']).toBe('bye');
  });

  it('says in the room that a message was refused', async () => {
    const { matrix, room, bob } = await start();
    bob.irc.raw('JOIN', '#pons');
    await matrix.say('@alice:example.org', room, { msgtype: 'm.text', body: '\u0001' });
    const notice = await matrix.sent.until((e) => isMessage(e) && e.content['msgtype'] === 'm.notice');
    expect(notice.content['body']).toContain('nothing in it that IRC can show');
  });

  it('speaks for people without a connection of their own through the listener, with their name', async () => {
    const { matrix, room, bob } = await start({ puppets: { enabled: false } });
    await matrix.say('@alice:example.org', room, { msgtype: 'm.text', body: 'hi' });
    await bob.hears('message', { nick: 'pons', message: '\x02Alice\x0f: hi' });
    bob.irc.say('#pons', 'end');
    await matrix.sent.until((e) => e.content['body'] === 'end');
    expect(matrix.sent.all.filter(isMessage)).toHaveLength(1);
  });

  it('shows who types in Matrix to those on IRC who can see it', async () => {
    const { matrix, room, bob } = await start();
    await matrix.say('@alice:example.org', room, { msgtype: 'm.text', body: 'here' });
    await bob.hears('message', { message: 'here' });
    await matrix.push([], [{ type: 'm.typing', room_id: room, content: { user_ids: ['@alice:example.org'] } }]);
    await bob.hears('tagmsg', { nick: 'Alice' });
  });
});
