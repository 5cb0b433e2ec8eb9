// The demo network's table of commands, and what every command needs: enough parameters, a registered client, a label.
// Each command is a function of the client and the line; they stand by topic in register, channels, messages and queries.

import { NUMERIC } from '../protocol/numerics.ts';
import type { IrcLine } from '../protocol/parse-line.ts';
import { mode } from './channel-modes.ts';
import { invite, join, kick, list, names, part, topic } from './channels.ts';
import type { DemoClient } from './client.ts';
import { notice, privmsg, redact, tagmsg } from './messages.ts';
import { away, ison, luserCounts, motd, userhost, who, whois } from './queries.ts';
import { authenticate, cap, nick, pass, setname, user } from './register.ts';

/** One command; `params` are at least as many as its row says. */
type Command = (client: DemoClient, params: readonly string[], line: IrcLine) => void;

interface Row {
  run: Command;
  params: number;
  /** Whether it may come before registration is complete. */
  early?: true;
}

const COMMANDS: Readonly<Record<string, Row>> = {
  CAP: { run: cap, params: 1, early: true },
  PASS: { run: pass, params: 1, early: true },
  NICK: { run: nick, params: 0, early: true },
  USER: { run: user, params: 4, early: true },
  AUTHENTICATE: { run: authenticate, params: 1, early: true },
  PING: { run: ping, params: 1, early: true },
  PONG: { run: () => undefined, params: 0, early: true },
  QUIT: { run: quitCommand, params: 0, early: true },
  SETNAME: { run: setname, params: 1 },
  JOIN: { run: join, params: 1 },
  PART: { run: part, params: 1 },
  TOPIC: { run: topic, params: 1 },
  NAMES: { run: names, params: 1 },
  LIST: { run: list, params: 0 },
  KICK: { run: kick, params: 2 },
  INVITE: { run: invite, params: 2 },
  MODE: { run: mode, params: 1 },
  PRIVMSG: { run: privmsg, params: 0 },
  NOTICE: { run: notice, params: 0 },
  TAGMSG: { run: tagmsg, params: 1 },
  REDACT: { run: redact, params: 2 },
  WHO: { run: who, params: 1 },
  WHOIS: { run: whois, params: 1 },
  ISON: { run: ison, params: 1 },
  USERHOST: { run: userhost, params: 1 },
  AWAY: { run: away, params: 0 },
  MOTD: { run: motd, params: 0 },
  LUSERS: { run: luserCounts, params: 0 },
};

/** Runs one line of a client. */
export function runCommand(client: DemoClient, line: IrcLine): void {
  client.labelled(line.tags.get('label'), () => {
    const row = Object.hasOwn(COMMANDS, line.command) ? COMMANDS[line.command] : undefined;
    if (row === undefined) return client.reply(NUMERIC.ERR_UNKNOWNCOMMAND, line.command, 'Unknown command');
    if (!client.registered && !row.early) return client.reply(NUMERIC.ERR_NOTREGISTERED, 'You have not registered');
    if (line.params.length < row.params) {
      return client.reply(NUMERIC.ERR_NEEDMOREPARAMS, line.command, 'Not enough parameters');
    }
    row.run(client, line.params, line);
  });
}

/** Takes a client out of every channel and tells those who saw it there. */
export function quit(client: DemoClient, reason: string): void {
  const { world } = client;
  if (client.registered) {
    for (const neighbour of world.neighbours(client)) neighbour.relay(client, { command: 'QUIT', params: [reason] });
  }
  for (const channel of world.channelsOf(client)) world.leave(channel, client);
  for (const channel of world.channels.values()) channel.invited.delete(client);
  world.releaseNick(client);
  client.registered = false;
}

function quitCommand(client: DemoClient, params: readonly string[]): void {
  const reason = `Quit: ${params[0] ?? client.nick ?? ''}`;
  quit(client, reason);
  client.close(reason);
}

function ping(client: DemoClient, params: readonly string[]): void {
  client.fromServer('PONG', client.world.serverName, params[0] ?? '');
}
