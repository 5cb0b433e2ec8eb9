// Splits and returns on a clock that the test moves.

import type { RemoteEvent } from '@pons/appservice-sdk/bridge';
import { describe, expect, it } from 'vitest';
import { fakeClock } from '../test/fake-clock.ts';
import { isNetsplit, Netsplits, SPLIT_WAIT_MS } from './netsplits.ts';

const left = (user: string, chat = '#pons') => ({ t: 'member', chat, user, to: 'leave' }) as const;

describe('a netsplit', () => {
  it.each([
    ['hub.example.net leaf.example.net', true],
    ['*.net *.split', true],
    ['Quit: a.b c.d', false],
    ['see you at irc.example.net', false],
    ['Ping timeout: 240 seconds', false],
    ['', false],
  ])('is what %j says: %s', (reason, split) => {
    expect(isNetsplit(reason)).toBe(split);
  });

  it('of a thousand people who come back is told to nobody; who stays away is told of later', () => {
    const clock = fakeClock();
    const told: RemoteEvent[] = [];
    const splits = new Netsplits(clock, (event) => told.push(event));
    for (let n = 0; n < 1000; n++) expect(splits.hold(left(`user${n}`))).toBe(true);
    clock.advance(SPLIT_WAIT_MS / 2);
    splits.hold(left('late'));
    for (let n = 0; n < 999; n++) expect(splits.back('#pons', `user${n}`)).toBe(true);
    expect(splits.back('#other', 'user999')).toBe(false);
    clock.advance(SPLIT_WAIT_MS / 2);
    expect(told).toEqual([left('user999')]);
    clock.advance(SPLIT_WAIT_MS / 2);
    expect(told).toEqual([left('user999'), left('late')]);
    expect(clock.waiting).toBe(0);
  });

  it('is forgotten when a whole list of members is told', () => {
    const clock = fakeClock();
    const told: RemoteEvent[] = [];
    const splits = new Netsplits(clock, (event) => told.push(event));
    splits.hold(left('a'));
    splits.hold(left('b', '#other'));
    splits.forget('#pons');
    clock.advance(SPLIT_WAIT_MS);
    expect(told).toEqual([left('b', '#other')]);
  });
});
