// Somebody on IRC with a client of another make (irc-framework), for tests that run the whole chain.
import { createRequire } from 'node:module';

interface Client {
  connect(): void;
  on(event: string, heard: (event: Record<string, unknown>) => void): void;
  join(channel: string): void;
  say(target: string, text: string): void;
  quit(): void;
}
// The package brings no types: this is the part that is used here.
const { Client: IrcClient } = createRequire(import.meta.url)('irc-framework') as {
  Client: new (options: object) => Client;
};

export interface Heard {
  readonly nick: string;
  readonly text: string;
}
export interface IrcPerson {
  readonly heard: readonly Heard[];
  say(text: string): void;
  quit(): void;
}

/** Connects and joins the channel. */
export function ircPerson(port: number, nick: string, channel: string): Promise<IrcPerson> {
  const client = new IrcClient({ host: '127.0.0.1', port, nick, username: nick, auto_reconnect: false });
  const heard: Heard[] = [];
  client.on('message', ({ type, target, nick: from, message }) => {
    if (type === 'privmsg' && target === channel) heard.push({ nick: String(from), text: String(message) });
  });
  return new Promise((resolve, reject) => {
    client.on('registered', () => client.join(channel));
    client.on('join', ({ nick: who }) => {
      if (who === nick) resolve({ heard, say: (text) => client.say(channel, text), quit: () => client.quit() });
    });
    client.on('socket close', () => reject(new Error('the IRC server closed the connection')));
    client.connect();
  });
}
