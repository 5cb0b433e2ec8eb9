// mautrix-irc from its public source with end-to-bridge encryption as one would wish it: the bot's device without a login (MSC4190), keys
// and messages to devices by transactions (MSC3202, MSC4203), every portal encrypted. Over HTTP, and over the websocket.

import { exactly, none } from '../as-check/check.ts';
import { eventually } from './eventually.ts';
import { exchange, saidOnIrc } from './exchange.ts';
import { type GoSource, mautrixProgram } from './go-program.ts';
import { MautrixBridge } from './mautrix-bridge.ts';
import type { Part, Shown } from './part.ts';
import { printed } from './program.ts';
import { refusals } from './refusals.ts';
import type { Site } from './site.ts';

const source: GoSource = {
  name: 'mautrix-irc',
  repository: 'https://github.com/mautrix/irc',
  commit: 'f6f9ab40a7dc6b8b6bb1872d68ce03482de2526b',
  variable: 'MAUTRIX_IRC',
  command: './cmd/mautrix-irc',
};
const id = 'ircpuppet';
const channel = '#pons';
const eachWay = 5;
const rounds = 3;
// It asks as a bot that is not registered yet, which tells it to register; it registers what may be there already; and its bot's picture lies on
// a server of the internet.
const expected = /\/versions 403 M_FORBIDDEN$|\/register 400 M_USER_IN_USE$|\/media\/download\/maunium\.net\//;

async function run(site: Site, websocket: boolean): Promise<Shown> {
  const irc = await site.ircServer();
  const { binary, versions } = await mautrixProgram(site.dir, source);
  await site.start();
  const bridge = new MautrixBridge(site, binary, id);
  const testnet = { displayname: 'TestNet', address: `127.0.0.1:${irc.port}`, tls: false, ctcp: false };
  await bridge.register({
    id,
    websocket,
    network: { networks: { testnet }, identd: { address: '127.0.0.1:0', strict_remote: false } },
    encryption: { allow: true, default: true, require: true, appservice: true, msc4190: true, self_sign: true },
  });
  await bridge.start();

  const [human, bob] = [await site.human('alice'), await site.ircPerson(irc, 'bob')];
  await bob.join(channel);
  const chat = await human.openChat('@ircbot:localhost', { encrypted: true });
  await human.ask(chat, 'login nick', /network/i);
  await human.ask(chat, 'testnet', /nick/i);
  await human.ask(chat, 'alice', /credentials/i);
  await human.ask(chat, ':', /Connecting to|Successfully/i);
  await eventually('alice is on IRC', () => bridge.log().includes('"state_event":"CONNECTED"'));
  await human.ask(chat, `join testnet ${channel}`, /Joined/i);
  const roomId = await human.acceptInvitation(/^#pons/);
  await eventually('the room is encrypted', () => human.isEncrypted(roomId));
  const between = { human, roomId, irc: bob, channel };

  const crossed = [await exchange(between, 'at first', eachWay)];
  for (let index = 0; index < eachWay; index++) await human.say(roomId, `last words ${index}`);
  await site.stage.restart('SIGKILL');
  const lastWords = Array.from({ length: eachWay }, (_, index) => `last words ${index}`);
  await eventually('the last words on IRC', () => lastWords.every((text) => saidOnIrc(between, text) > 0));
  crossed.push(await exchange(between, 'homeserver killed', eachWay));
  const lastWordsHeard = lastWords.reduce((all, text) => all + saidOnIrc(between, text), 0);
  await bridge.stop();
  await human.say(roomId, 'while the bridge was away');
  // It says to IRC what it is given before it is there, and then waits for ever: the operator holds it back until then.
  await site.appservice('pause', id);
  bob.heard.clear();
  await bridge.start();
  await eventually('alice is back in the channel', () =>
    bob.heard.all.some(({ name, event }) => name === 'join' && event['nick'] === 'alice'),
  );
  await site.appservice('resume', id);
  await eventually('what was said while it was away', () => saidOnIrc(between, 'while the bridge was away') > 0);
  crossed.push(await exchange(between, 'bridge started again', eachWay));

  const devices = await human.devicesOf('@ircbot:localhost');
  const sum = (of: (one: (typeof crossed)[number]) => number) => crossed.reduce((all, one) => all + of(one), 0);
  const total = rounds * eachWay;
  return {
    figures: {
      'messages to IRC': exactly(
        sum(({ toIrc }) => toIrc),
        total,
        `of ${total}`,
      ),
      'messages to Matrix': exactly(
        sum(({ toMatrix }) => toMatrix),
        total,
        `of ${total}`,
      ),
      'of these encrypted': exactly(
        sum(({ encrypted }) => encrypted),
        total,
        `of ${total}`,
      ),
      'said before the kill': exactly(lastWordsHeard, eachWay, `of ${eachWay}, once each`),
      'undecryptable for the person': none(human.undecryptable(), 'messages'),
      'devices of the bot': exactly(devices.length, 1, 'that the person knows'),
      'of these signed by the bot itself': exactly(devices.filter((isSigned) => isSigned).length, 1, 'of 1'),
      'notices of the bridge in the room': none(
        human.messages(roomId).filter(({ sender }) => sender === '@ircbot:localhost').length,
        'messages',
      ),
      'wrong ghosts': none(crossed.filter(({ ghost }) => ghost !== '@irc_testnet__bob:localhost').length, 'rounds'),
      'websockets opened': websocket
        ? { value: site.recorder.count('WEBSOCKET', /fi\.mau\.as_sync$/), unit: '', least: rounds }
        : none(site.recorder.count('WEBSOCKET', /./), ''),
      ...refusals(site.recorder, expected),
    },
    versions: { ...versions, InspIRCd: (await printed('inspircd', ['--version'])).replace(/^InspIRCd-/, '') },
  };
}

const claim = (way: string) =>
  `mautrix-irc over ${way} logs a person in to InspIRCd and carries messages both ways through an encrypted room, over a kill of the homeserver and a restart of the bridge`;

export const mautrixIrcHttp: Part = { claim: claim('HTTP'), run: (site) => run(site, false) };
export const mautrixIrcWebsocket: Part = { claim: claim('the websocket'), run: (site) => run(site, true) };
