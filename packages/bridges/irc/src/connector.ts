// IRC as the bridge kit sees a network: who logs in, how a login connects, what can be sent and asked. Everything else is in the files
// named here. One bridge process is one IRC network; several networks are several bridges.

import { type Chat, defineNetwork, type Network } from '@pons/appservice-sdk/bridge';
import { limitsOf } from './capabilities.ts';
import { channelInfo } from './from-irc.ts';
import type { IrcConfig } from './config.ts';
import { Hub } from './hub.ts';
import { channelIdOf, isChannelName, privateChatOf, targetOf } from './ids.ts';
import { accountLogin, type IrcAccount, puppetLogin } from './login.ts';
import type { Clock, Random } from './platform/clock.ts';
import { sanitiseNick } from './protocol/nick.ts';
import type { OpenSocket } from './protocol/open-socket.ts';
import { IrcSession } from './session.ts';
import { sendEdit, sendLeave, sendMessage, sendRemoval, sendTopic, sendTyping } from './to-irc.ts';

/** What the network is given from outside. */
export interface IrcParts {
  clock: Clock;
  random: Random;
  /** Default: Node's net and tls. */
  openSocket?: OpenSocket;
}

/** A nick length to assume until the network has said its own. */
const NICK_LENGTH_UNKNOWN = 30;

/** The network that a configuration describes. */
export function ircNetwork(cfg: IrcConfig, parts: IrcParts): Network<IrcSession, IrcAccount, IrcConfig> {
  const hub = new Hub(parts.clock);
  return defineNetwork<IrcSession, IrcAccount, IrcConfig>({
    id: 'irc',
    name: cfg.network.name,
    // main.ts has read the file: the kit's own copy is the same object.
    config: { parse: () => cfg },
    login: { nick: { title: 'A nick of your own', run: (ui) => accountLogin(ui) } },
    autoLogin: (user) =>
      Promise.resolve(puppetLogin(user, cfg, hub.known ? hub.book.features.nickLength : NICK_LENGTH_UNKNOWN)),
    async connect(login) {
      const session = new IrcSession(login, { hub, ...parts });
      await session.open(login.signal);
      return session;
    },
    close: (session) => session.close(),
    limits: limitsOf(cfg),
    // A member is moderated with the channel's own ranks, which Matrix users do not have there.
    without: { member: 'refuse', react: 'drop', vote: 'drop' },
    to: {
      message: sendMessage,
      edit: sendEdit,
      remove: sendRemoval,
      info: (s, e, c) => sendTopic(s, { chat: e.chat, set: 'topic' in e.set ? { topic: e.set.topic ?? null } : {} }, c),
      typing: sendTyping,
      leave: (s, chat) => sendLeave(s, chat),
      create(s, e, c) {
        const [user] = e.users;
        if (e.kind === 'dm' && user !== undefined) return Promise.resolve<Chat>(privateChatOf(user, s.login.id));
        const name = e.name ?? '';
        if (!isChannelName(name, s.connection.isupport)) return c.fail('unsupported', 'this is not a channel name');
        return Promise.resolve<Chat>(channelIdOf(name, s.connection.isupport));
      },
    },
    get: {
      chat(s, chat) {
        if (typeof chat !== 'string') {
          const { id }: { id: string } = chat;
          return Promise.resolve({ kind: 'dm' as const, name: s.hub.book.nickOf(id) ?? id });
        }
        const channel = s.hub.book.channel(targetOf(chat));
        return Promise.resolve(channel === undefined ? null : channelInfo(channel, s));
      },
      user: (s, user) => Promise.resolve({ name: s.hub.book.nickOf(user) ?? user }),
    },
    commands: {
      nick: {
        help: 'Takes another nick on IRC',
        args: ['nick'],
        async run([nick = ''], login, s) {
          if (sanitiseNick(nick, s.connection.isupport.nickLength) !== nick) {
            return 'This is not a nick that the network takes.';
          }
          await login.save({ ...login.cred, nick });
          s.connection.changeNick(nick);
          return `Asked the network for the nick ${nick}.`;
        },
      },
    },
  });
}
