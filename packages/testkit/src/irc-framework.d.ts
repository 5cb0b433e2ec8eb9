// The part of irc-framework that the tests use: the package brings no types.

declare module 'irc-framework' {
  type Fields = Record<string, unknown>;

  /** An independent IRC client. */
  export class Client {
    constructor(options: Fields);
    connect(options?: Fields): void;
    on(event: string, listener: (event: Fields) => void): void;
    removeListener(event: string, listener: (event: Fields) => void): void;
    quit(message?: string): void;
    join(channel: string, key?: string): void;
    part(channel: string, message?: string): void;
    say(target: string, text: string): void;
    notice(target: string, text: string): void;
    action(target: string, text: string): void;
    tagmsg(target: string, tags: Record<string, string>): void;
    setTopic(channel: string, topic: string): void;
    mode(channel: string, mode: string, argument?: string): void;
    changeNick(nick: string): void;
    whois(nick: string, answer: (event: Fields) => void): void;
    who(target: string, answer: (event: Fields) => void): void;
    raw(...parts: string[]): void;
  }
}
