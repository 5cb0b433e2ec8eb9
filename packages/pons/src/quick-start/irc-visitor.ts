// An ordinary IRC client in the channel, apart from the bridge: the quick start's proof and the Try it page's right side are it.
import { IrcConnection, type IrcLine, type ServerAddress, systemClock, systemRandom } from '@pons/bridge-irc';

export interface IrcVisitor {
  readonly nick: string;
  say(text: string): boolean;
  /** Lines that others say in the channel. Returns the way to stop listening. */
  onLine(heard: (nick: string, text: string) => void): () => void;
  quit(): Promise<void>;
}

export interface VisitorOptions {
  readonly server: ServerAddress;
  readonly channel: string;
  readonly nick: string;
  /** Gives up after this long, ms. */
  readonly timeoutMs: number;
}

const spoken = (line: IrcLine, channel: string): string | undefined => {
  const [target = '', text = ''] = line.params;
  if (line.command !== 'PRIVMSG' || target.toLowerCase() !== channel.toLowerCase()) return undefined;
  // A CTCP ACTION is shown as what it says; colours and the like are left out.
  return text
    .replace(/^\x01ACTION (.*?)\x01?$/, '* $1')
    .replace(/[\x02\x0f\x11\x16\x1d-\x1f]|\x03(?:\d{1,2}(?:,\d{1,2})?)?/g, '');
};

/** Connects and joins. @throws Error when the network does not let it in in time */
export async function visitIrc({ server, channel, nick, timeoutMs }: VisitorOptions): Promise<IrcVisitor> {
  const listeners = new Set<(nick: string, text: string) => void>();
  const { promise: joined, resolve: nowJoined } = Promise.withResolvers<void>();
  let why = 'no answer';
  const connection = new IrcConnection({
    servers: [server],
    identity: { nick, user: 'pons', realname: 'Visitor of the Pons quick start' },
    flood: { burst: 10, linesPerSecond: 2 },
    clock: systemClock,
    random: systemRandom,
    on(event) {
      if (event.type === 'ready') connection.send({ command: 'JOIN', params: [channel] });
      if (event.type === 'down') ({ why } = event);
      if (event.type !== 'line') return;
      const from = event.line.source?.name ?? '';
      if (event.line.command === 'JOIN' && from === connection.nick) nowJoined();
      const text = spoken(event.line, channel);
      if (text !== undefined && from !== connection.nick) for (const heard of listeners) heard(from, text);
    },
  });
  connection.start();
  const timer = setTimeout(() => nowJoined(), timeoutMs);
  await joined;
  clearTimeout(timer);
  if (!connection.ready) {
    await connection.quit('bye');
    throw new Error(`could not join ${channel} on ${server.host}:${server.port}: ${why}`);
  }
  return {
    get nick() {
      return connection.nick;
    },
    say: (text) => connection.send({ command: 'PRIVMSG', params: [channel, text] }),
    onLine(heard) {
      listeners.add(heard);
      return () => listeners.delete(heard);
    },
    quit: () => connection.quit('bye'),
  };
}
