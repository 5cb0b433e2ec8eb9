// Processes that tell one another which websockets they hold, over a channel that may lose what is said, with a clock the test turns.
import { fakeClock } from '@pons/testkit/clock';
import { describe, expect, it } from 'vitest';
import { type ProcessChannel, WebsocketsElsewhere } from './websockets-elsewhere.ts';

/** Processes on one channel. `lost` makes it drop what is said. */
function processes(...names: string[]) {
  const clock = fakeClock();
  /** What the wall clock of a process says beside the true time. */
  const skewMs = new Map<string, number>();
  const listeners = new Set<(payload: string) => void>();
  const state = { lost: false };
  const channel: ProcessChannel = {
    tell(payload) {
      expect(Buffer.byteLength(payload)).toBeLessThan(8_000);
      if (!state.lost) for (const listener of listeners) listener(payload);
    },
    listen: async (heard) => {
      listeners.add(heard);
      return async () => {
        listeners.delete(heard);
      };
    },
  };
  const all = names.map((processId) => {
    const now = () => clock.now() + (skewMs.get(processId) ?? 0);
    const elsewhere = new WebsocketsElsewhere({ channel, clock: { ...clock, now }, processId });
    const taken: string[] = [];
    const changed: string[] = [];
    elsewhere.follow({ onTaken: (id) => taken.push(id), onChange: (id) => changed.push(id) });
    return { elsewhere, taken, changed };
  });
  return { clock, skewMs, state, all, start: () => Promise.all(all.map(({ elsewhere }) => elsewhere.start())) };
}
type Process = ReturnType<typeof processes>['all'][number];

describe('websockets of other processes', () => {
  it('are known while they are open, and no longer', async () => {
    const { all, start } = processes('a', 'b');
    const [a, b] = all as [Process, Process];
    await start();
    a.elsewhere.here('irc');
    expect([a.elsewhere.holds('irc'), b.elsewhere.holds('irc')]).toEqual([false, true]);
    a.elsewhere.gone('irc');
    expect(b.elsewhere.holds('irc')).toBe(false);
    expect([a.changed, b.changed]).toEqual([[], ['irc', 'irc']]);
  });

  it('are told of again, so that what was lost is known in the end', async () => {
    const { all, start, state, clock } = processes('a', 'b');
    const [a, b] = all as [Process, Process];
    await start();
    state.lost = true;
    for (let index = 0; index < 60; index++) a.elsewhere.here(`${'x'.repeat(250)}${index}`);
    state.lost = false;
    await clock.advance(15_000);
    expect(b.changed).toHaveLength(60);
    for (const { elsewhere } of all) await elsewhere.stop();
    expect(clock.pending).toBe(0);
  });

  it('are forgotten with a process that says no more', async () => {
    const { all, start, state, clock } = processes('a', 'b');
    const [a, b] = all as [Process, Process];
    await start();
    a.elsewhere.here('irc');
    state.lost = true;
    await clock.advance(44_999);
    expect(b.elsewhere.holds('irc')).toBe(true);
    await clock.advance(1);
    expect(b.elsewhere.holds('irc')).toBe(false);
  });

  it('give way to a younger one, even when the news of it came late', async () => {
    const { all, start, state, clock } = processes('a', 'b');
    const [a, b] = all as [Process, Process];
    await start();
    a.elsewhere.here('irc');
    await clock.advance(1);
    b.elsewhere.here('irc');
    expect([a.taken, b.taken]).toEqual([['irc'], []]);
    expect([a.elsewhere.holds('irc'), b.elsewhere.holds('irc')]).toEqual([true, false]);
    // Back to a, which b does not hear of at once; what b says meanwhile does not disturb a.
    await clock.advance(1);
    state.lost = true;
    a.elsewhere.here('irc');
    state.lost = false;
    await clock.advance(15_000);
    expect(a.taken).toEqual(['irc']);
    expect(b.taken).toEqual(['irc']);
    expect([a.elsewhere.holds('irc'), b.elsewhere.holds('irc')]).toEqual([false, true]);
  });

  it('give way to a younger one in a process whose clock is behind', async () => {
    const { all, start, skewMs, clock } = processes('a', 'b');
    const [a, b] = all as [Process, Process];
    skewMs.set('b', -60_000);
    await start();
    a.elsewhere.here('irc');
    await clock.advance(1_000);
    b.elsewhere.here('irc');
    await clock.advance(15_000);
    expect([a.taken, b.taken]).toEqual([['irc'], []]);
    expect([a.elsewhere.holds('irc'), b.elsewhere.holds('irc')]).toEqual([true, false]);
  });

  it('of the same moment: one of the two stays, and both know which', async () => {
    const { all, start, state, clock } = processes('a', 'b');
    const [a, b] = all as [Process, Process];
    await start();
    state.lost = true;
    a.elsewhere.here('irc');
    b.elsewhere.here('irc');
    state.lost = false;
    await clock.advance(15_000);
    expect([a.taken, b.taken]).toEqual([['irc'], []]);
  });
});
