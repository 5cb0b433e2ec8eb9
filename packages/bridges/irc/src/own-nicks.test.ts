// The orders in which a connection and the listener may tell of the same end.

import { describe, expect, it } from 'vitest';
import { fakeClock } from '../test/fake-clock.ts';
import { OwnNicks } from './own-nicks.ts';

type Step = (nicks: OwnNicks, clock: ReturnType<typeof fakeClock>) => void;
const hold: Step = (nicks) => nicks.hold('Alice', 'a', '@alice:x');
const end: Step = (nicks) => nicks.release('alice', 'a');
const quit: Step = (nicks) => nicks.gone('ALICE');
const wait: Step = (_, clock) => clock.advance(120_000);
const otherEnd: Step = (nicks) => nicks.release('alice', 'b');

describe('a nick', () => {
  it.each<[string, boolean, Step[]]>([
    ['is ours while its connection lives', true, [hold]],
    ['is ours until the listener hears the end', true, [hold, end]],
    ['is not ours after both, the connection first', false, [hold, end, quit]],
    ['is not ours after both, the listener first', false, [hold, quit, end]],
    ['is not ours once the listener heard it quit', false, [hold, quit]],
    ['is ours after a reconnect whose old end is heard late', true, [hold, end, hold, quit]],
    ['is ours after a reconnect whose old end was heard early', true, [hold, quit, end, hold]],
    ['is ours after a reconnect that came before the old end was noticed', true, [hold, quit, hold]],
    ['is not ours when nobody heard the end for long', false, [hold, end, wait]],
    ['does not end with another login', true, [hold, otherEnd, quit, hold]],
  ])('%s', (_, ours, steps) => {
    const clock = fakeClock();
    const nicks = new OwnNicks(clock, (nick) => nick.toLowerCase());
    for (const step of steps) step(nicks, clock);
    expect(nicks.has('alice')).toBe(ours);
    expect(nicks.userOf('alice')).toBe(ours ? '@alice:x' : undefined);
  });

  it('that changes is ours under both names until both sides know, then under the new one', () => {
    const nicks = new OwnNicks(fakeClock(), (nick) => nick.toLowerCase());
    nicks.hold('alice', 'a', '@alice:x');
    nicks.renamed('alice', 'Alicia');
    expect([nicks.has('alice'), nicks.has('alicia')]).toEqual([false, true]);
    nicks.release('alice', 'a');
    nicks.hold('Alicia', 'a', '@alice:x');
    expect([nicks.has('alice'), nicks.has('alicia'), nicks.nickOf('@alice:x')]).toEqual([false, true, 'alicia']);
  });
});
