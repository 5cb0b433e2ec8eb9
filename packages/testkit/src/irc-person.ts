// A person on IRC with a client of its own kind: irc-framework, which shares no code with ours.

import { Client } from 'irc-framework';
import { type Recorder, recorder } from './recorder.ts';

type Fields = Record<string, unknown>;

/** Somebody who is connected. */
export interface Person {
  irc: Client;
  /** Everything the client told, by name of the event. */
  heard: Recorder<{ name: string; event: Fields }>;
  /** The first event of that name that matches all fields. */
  hears(name: string, fields: Fields): Promise<Fields>;
  join(channel: string): Promise<void>;
}

const EVENTS = [
  'registered',
  'message',
  'join',
  'part',
  'quit',
  'kick',
  'nick',
  'topic',
  'mode',
  'userlist',
  'tagmsg',
  'irc error',
  'ctcp request',
  'ctcp response',
];

/** Connects somebody; `quit` them at the end of the test. */
export async function person(server: { port: number }, nick: string): Promise<Person> {
  const irc = new Client({
    host: '127.0.0.1',
    port: server.port,
    nick,
    username: nick,
    auto_reconnect: false,
    enable_echomessage: true,
  });
  const heard = recorder<{ name: string; event: Fields }>();
  for (const name of EVENTS) irc.on(name, (event) => heard.add({ name, event }));
  const hears = async (name: string, fields: Fields): Promise<Fields> => {
    const found = await heard.until(
      (each) => each.name === name && Object.entries(fields).every(([key, value]) => each.event[key] === value),
    );
    return found.event;
  };
  irc.connect();
  await hears('registered', {});
  return {
    irc,
    heard,
    hears,
    async join(channel) {
      irc.join(channel);
      await hears('userlist', { channel });
    },
  };
}
