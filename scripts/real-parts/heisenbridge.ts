// heisenbridge from PyPI, as its readme says to set it up: it writes its registration, the operator adds it to the running homeserver, and
// its owner speaks to it in a direct chat.

import path from 'node:path';
import { freePorts } from '@pons/testkit/free-ports';
import { exactly, none } from '../as-check/check.ts';
import { eventually } from './eventually.ts';
import { type Exchange, exchange, saidOnIrc } from './exchange.ts';
import { Missing, type Part, type Shown } from './part.ts';
import { printed, printedOr } from './program.ts';
import { refusals } from './refusals.ts';
import type { Site } from './site.ts';

const version = '1.15.4';
const channel = '#pons';
const eachWay = 5;
/** One at the start, one after the kill, and one more if the homeserver was not back yet. */
const websocketsMax = 3;
// It registers what may be there already, asks whether the homeserver is a Synapse that it administers, has saved no configuration at first, and
// finds out by a join that a ghost has to be invited.
const expected =
  /\/register 400 M_USER_IN_USE$|^GET \/_synapse\/|\/account_data\/irc 404 M_NOT_FOUND$|^POST [^ ]*\/join\/{} 403 M_FORBIDDEN$/;

/** A Python environment with heisenbridge. @throws Missing */
async function install(site: Site): Promise<{ bin: (name: string) => string; versions: Record<string, string> }> {
  const python = await printedOr('python3', ['--version']);
  if (python === undefined) throw new Missing('python3 is not installed');
  const venv = path.join(site.dir, 'venv');
  const bin = (name: string) => path.join(venv, 'bin', name);
  try {
    await printed('python3', ['-m', 'venv', venv]);
    await printed(bin('pip'), ['install', '-q', '--disable-pip-version-check', `heisenbridge==${version}`]);
  } catch (error) {
    throw new Missing(`heisenbridge ${version} cannot be installed: ${(error as Error).message.slice(0, 300)}`);
  }
  const ask = 'import mautrix; print(mautrix.__version__)';
  return {
    bin,
    versions: {
      heisenbridge: await printed(bin('heisenbridge'), ['--version']),
      'mautrix (Python)': await printed(bin('python'), ['-c', ask]),
      python: python.replace(/^Python /, ''),
    },
  };
}

/** Tells the bridge of the network, connects and enters the channel. @returns the channel's room */
async function enterChannel(between: Omit<Exchange, 'roomId'>, bot: string, port: number): Promise<string> {
  const { human } = between;
  const control = await human.openChat(bot, { encrypted: false });
  await human.ask(control, 'ADDNETWORK testnet', /Network added/);
  await human.ask(control, `ADDSERVER testnet 127.0.0.1 ${port}`, /Server added/);
  await human.say(control, 'OPEN testnet');
  const network = await human.acceptInvitation(/^testnet/);
  await human.ask(network, 'CONNECT', /Welcome|Connected|End of message/i);
  await human.say(network, `JOIN ${between.channel}`);
  return human.acceptInvitation(/^#pons/);
}

async function run(site: Site, websocket: boolean): Promise<Shown> {
  const { bin, versions } = await install(site);
  const irc = await site.ircServer();
  await site.start();
  const [port] = await freePorts(1);
  const registration = path.join(site.dir, 'heisenbridge.yaml');
  await printed(bin('heisenbridge'), ['--config', registration, '--listen-port', String(port), '--generate']);
  await site.appservice('add', registration);
  const human = await site.human('alice');
  const homeserver = websocket ? site.recorder.url.replace('http:', 'ws:') : site.recorder.url;
  const args = ['--config', registration, '--owner', human.userId, '-v', homeserver];
  const bridge = site.program(bin('heisenbridge'), args);
  await eventually('heisenbridge runs', () => bridge.log().includes('bridge is now running'));

  const bob = await site.ircPerson(irc, 'bob');
  await bob.join(channel);
  const people = { human, irc: bob, channel };
  const roomId = await enterChannel(people, '@heisenbridge:localhost', irc.port);
  const between = { ...people, roomId };
  await eventually('alice is in the channel', () =>
    bob.heard.all.some(({ name, event }) => name === 'join' && event['nick'] === 'alice'),
  );
  const before = await exchange(between, 'before', eachWay);
  // What the homeserver had accepted when it was killed reaches the bridge after it is back.
  for (let index = 0; index < eachWay; index++) await human.say(roomId, `last words ${index}`);
  await site.stage.restart('SIGKILL');
  const lastWords = Array.from({ length: eachWay }, (_, index) => `last words ${index}`);
  await eventually('the last words on IRC', () => lastWords.every((text) => saidOnIrc(between, text) > 0));
  const after = await exchange(between, 'after', eachWay);
  const said = lastWords.map((text) => saidOnIrc(between, text));
  return {
    figures: {
      'messages to IRC': exactly(before.toIrc + after.toIrc, 2 * eachWay, `of ${2 * eachWay}`),
      'messages to Matrix': exactly(before.toMatrix + after.toMatrix, 2 * eachWay, `of ${2 * eachWay}`),
      'lost by the kill': none(said.filter((times) => times === 0).length, `of ${eachWay}`),
      // It remembers ids of transactions over HTTP only: what was not acknowledged comes again over the websocket.
      'doubled by the kill': {
        value: said.filter((times) => times > 1).length,
        unit: `of ${eachWay}`,
        ...(websocket ? {} : { limit: 0 }),
      },
      'by the own nick': exactly(Number(before.nick === 'alice') + Number(after.nick === 'alice'), 2, 'of 2'),
      'wrong ghosts': none([before, after].filter(({ ghost }) => ghost !== '@irc_testnet_bob:localhost').length, ''),
      'websockets opened': websocket
        ? { value: site.recorder.count('WEBSOCKET', /fi\.mau\.as_sync$/), unit: '', least: 2, limit: websocketsMax }
        : none(site.recorder.count('WEBSOCKET', /./), ''),
      ...refusals(site.recorder, expected),
    },
    versions: { ...versions, InspIRCd: (await printed('inspircd', ['--version'])).replace(/^InspIRCd-/, '') },
  };
}

const claim = (way: string) =>
  `heisenbridge over ${way}, added while the server runs, joins a channel of InspIRCd for its owner and carries messages both ways, over a kill of the homeserver`;

export const heisenbridgeHttp: Part = { claim: claim('HTTP'), run: (site) => run(site, false) };
export const heisenbridgeWebsocket: Part = { claim: claim('the websocket'), run: (site) => run(site, true) };
