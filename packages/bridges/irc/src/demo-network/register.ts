// How a client comes in to the demo network: CAP, PASS, NICK, USER, SASL PLAIN, and changes of name afterwards.
// https://modern.ircdocs.horse/#connection-registration

import { timingSafeEqual } from 'node:crypto';
import { NUMERIC } from '../protocol/numerics.ts';
import type { DemoClient } from './client.ts';
import { luserCounts, motd } from './queries.ts';
import { CHANNEL_LENGTH_MAX, CHANNELS_PER_CLIENT_MAX, TOPIC_LENGTH_MAX } from './world.ts';

/** Bytes of base64 a client may send to log in. */
const SASL_CHARS_MAX = 4096;
const USER_LENGTH_MAX = 10;
const REALNAME_LENGTH_MAX = 150;

/** CAP LS, LIST, REQ, END. */
export function cap(client: DemoClient, params: readonly string[]): void {
  const { capabilities } = client.world;
  // A server without capabilities is one that never heard of CAP.
  if (capabilities.size === 0) return client.reply(NUMERIC.ERR_UNKNOWNCOMMAND, 'CAP', 'Unknown command');
  const verb = (params[0] ?? '').toUpperCase();
  const answer = (word: string, list: string): void => client.fromServer('CAP', client.nick ?? '*', word, list);
  switch (verb) {
    case 'LS': {
      if (!client.registered) client.negotiating = true;
      const withValues = Number(params[1] ?? '301') >= 302;
      return answer('LS', listed(capabilities, withValues));
    }
    case 'LIST':
      return answer('LIST', [...client.enabled].join(' '));
    case 'REQ': {
      if (!client.registered) client.negotiating = true;
      const wanted = (params.at(-1) ?? '').split(' ').filter((name) => name !== '');
      const known = wanted.every((name) => capabilities.has(name.replace(/^-/, '')));
      if (!known) return answer('NAK', wanted.join(' '));
      for (const name of wanted) {
        if (name.startsWith('-')) client.enabled.delete(name.slice(1));
        else client.enabled.add(name);
      }
      return answer('ACK', wanted.join(' '));
    }
    case 'END':
      client.negotiating = false;
      return welcome(client);
    default:
      return client.reply(NUMERIC.ERR_INVALIDCAPCMD, verb, 'Invalid CAP command');
  }
}

function listed(capabilities: ReadonlyMap<string, string>, withValues: boolean): string {
  return [...capabilities].map(([name, value]) => (value === '' || !withValues ? name : `${name}=${value}`)).join(' ');
}

/** PASS, before registration. */
export function pass(client: DemoClient, params: readonly string[]): void {
  if (client.registered) return client.reply(NUMERIC.ERR_ALREADYREGISTERED, 'You may not reregister');
  client.passwordGiven = params[0] ?? '';
}

/** USER, before registration. */
export function user(client: DemoClient, params: readonly string[]): void {
  if (client.registered) return client.reply(NUMERIC.ERR_ALREADYREGISTERED, 'You may not reregister');
  const name = (params[0] ?? '').replace(/[^A-Za-z0-9._-]/g, '').slice(0, USER_LENGTH_MAX);
  client.user = `~${name === '' ? 'user' : name}`;
  client.realname = (params[3] ?? '').slice(0, REALNAME_LENGTH_MAX);
  welcome(client);
}

/** NICK, at any time. */
export function nick(client: DemoClient, params: readonly string[]): void {
  const { world } = client;
  const wanted = (params[0] ?? '').slice(0, world.nickLength);
  if (wanted === '') return client.reply(NUMERIC.ERR_NONICKNAMEGIVEN, 'No nickname given');
  if (!/^[A-Za-z_[\]\\^{}|`][A-Za-z0-9_[\]\\^{}|`-]*$/.test(wanted)) {
    return client.reply(NUMERIC.ERR_ERRONEUSNICKNAME, '*', 'Erroneous nickname');
  }
  const holder = world.byNick(wanted);
  if (holder !== undefined && holder !== client) {
    return client.reply(NUMERIC.ERR_NICKNAMEINUSE, wanted, 'Nickname is already in use');
  }
  if (client.nick === wanted) return;
  if (client.registered) {
    for (const each of [client, ...world.neighbours(client)]) each.relay(client, { command: 'NICK', params: [wanted] });
  }
  world.claimNick(client, wanted);
  welcome(client);
}

/** AUTHENTICATE: SASL PLAIN. */
export function authenticate(client: DemoClient, params: readonly string[]): void {
  const chunk = params[0] ?? '';
  if (!client.enabled.has('sasl')) return client.reply(NUMERIC.ERR_SASLFAIL, 'SASL authentication failed');
  if (chunk.toUpperCase() === 'PLAIN') {
    client.sasl = '';
    client.fromServer('AUTHENTICATE', '+');
    return;
  }
  if (chunk !== '+') client.sasl += chunk;
  if (client.sasl.length > SASL_CHARS_MAX) return client.reply(NUMERIC.ERR_SASLTOOLONG, 'SASL message too long');
  if (chunk.length === 400) return;
  const [, name = '', password = ''] = Buffer.from(client.sasl, 'base64').toString('utf8').split('\0');
  client.sasl = '';
  const known = Object.hasOwn(client.world.accounts, name) ? client.world.accounts[name] : undefined;
  if (known === undefined || !sameText(known, password)) {
    return client.reply(NUMERIC.ERR_SASLFAIL, 'SASL authentication failed');
  }
  client.account = name;
  client.reply(NUMERIC.RPL_LOGGEDIN, client.mask, name, `You are now logged in as ${name}`);
  client.reply(NUMERIC.RPL_SASLSUCCESS, 'SASL authentication successful');
}

/** SETNAME: another real name. */
export function setname(client: DemoClient, params: readonly string[]): void {
  client.realname = (params[0] ?? '').slice(0, REALNAME_LENGTH_MAX);
  for (const each of [client, ...client.world.neighbours(client)]) {
    if (each.enabled.has('setname')) each.relay(client, { command: 'SETNAME', params: [client.realname] });
  }
}

function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

/** Lets the client in once everything is there. */
function welcome(client: DemoClient): void {
  const { world } = client;
  if (client.registered || client.negotiating || client.nick === null || client.user === null) return;
  if (world.password !== null && !sameText(world.password, client.passwordGiven ?? '')) {
    client.reply(NUMERIC.ERR_PASSWDMISMATCH, 'Password incorrect');
    return client.close('Access denied');
  }
  client.registered = true;
  client.signedOnAt = world.clock.now();
  client.reply(NUMERIC.RPL_WELCOME, `Welcome to ${world.networkName}, ${client.mask}`);
  client.reply(NUMERIC.RPL_YOURHOST, `Your host is ${world.serverName}, running pons-demo`);
  client.reply(NUMERIC.RPL_CREATED, `This server was created ${new Date(world.startedAt).toISOString()}`);
  client.reply(NUMERIC.RPL_MYINFO, world.serverName, 'pons-demo', 'i', 'iklmnostv', 'klov');
  client.reply(
    NUMERIC.RPL_ISUPPORT,
    `NETWORK=${world.networkName.replace(/[^!-~]/g, '_')}`,
    'CASEMAPPING=rfc1459',
    'CHANTYPES=#',
    'PREFIX=(ov)@+',
    'CHANMODES=b,k,l,imnst',
    `NICKLEN=${world.nickLength}`,
    `CHANNELLEN=${CHANNEL_LENGTH_MAX}`,
    `TOPICLEN=${TOPIC_LENGTH_MAX}`,
    `CHANLIMIT=#:${CHANNELS_PER_CLIENT_MAX}`,
    'MODES=6',
    'are supported by this server',
  );
  luserCounts(client);
  motd(client);
}
