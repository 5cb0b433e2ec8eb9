// Messages between a person in a Matrix room and a person in an IRC channel, through a bridge, and what of them arrived.

import type { Person } from '@pons/testkit/irc-person';
import { eventually } from './eventually.ts';
import type { Human } from './human.ts';

export interface Exchange {
  readonly human: Human;
  readonly roomId: string;
  readonly irc: Person;
  readonly channel: string;
}

/** How often a text was said in the channel. */
export function saidOnIrc({ irc, channel }: Exchange, text: string): number {
  return irc.heard.all.filter(
    ({ name, event }) => name === 'message' && event['target'] === channel && event['message'] === text,
  ).length;
}

/** How often a text stands in the room. */
export function saidInRoom({ human, roomId }: Exchange, text: string): number {
  return human.messages(roomId).filter(({ body }) => body === text).length;
}

/** What arrived of a number of messages each way. */
export interface Crossed {
  readonly toIrc: number;
  readonly toMatrix: number;
  /** Of those to Matrix: how many came encrypted. */
  readonly encrypted: number;
  /** Whose name IRC saw and whose Matrix saw. */
  readonly nick: string;
  readonly ghost: string;
}

/** The same number of messages each way, one after another; waits for all of them. @throws Error when one does not arrive */
export async function exchange(between: Exchange, label: string, count: number): Promise<Crossed> {
  const { human, roomId, irc, channel } = between;
  let [encrypted, ghost] = [0, ''];
  for (let index = 0; index < count; index++) {
    await human.say(roomId, `${label} to IRC ${index}`);
    await eventually(`"${label} to IRC ${index}" on IRC`, () => saidOnIrc(between, `${label} to IRC ${index}`) > 0);
    irc.irc.say(channel, `${label} to Matrix ${index}`);
    const read = await human.hear(roomId, `${label} to Matrix ${index}`);
    if (read.encrypted) encrypted += 1;
    ghost = read.sender;
  }
  const all = (direction: string) => Array.from({ length: count }, (_, index) => `${label} to ${direction} ${index}`);
  const heard = irc.heard.all.find(({ event }) => event['message'] === `${label} to IRC 0`);
  return {
    toIrc: all('IRC').reduce((sum, text) => sum + saidOnIrc(between, text), 0),
    toMatrix: all('Matrix').reduce((sum, text) => sum + saidInRoom(between, text), 0),
    encrypted,
    nick: String(heard?.event['nick']),
    ghost,
  };
}
