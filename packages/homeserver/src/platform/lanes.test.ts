// Lanes: order under one key, independence of keys, the bound.
import { describe, expect, it } from 'vitest';
import { createLanes, LaneFullError } from './lanes.ts';

function gate(): { open(): void; readonly opened: Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { open: resolve, opened: promise };
}

describe('lanes', () => {
  it('work under one key runs in order, one at a time, and other keys do not wait for it', async () => {
    const lanes = createLanes<string>(10);
    const first = gate();
    const log: string[] = [];
    const slow = lanes.run('a', async () => {
      await first.opened;
      log.push('a1');
    });
    const next = lanes.run('a', async () => log.push('a2'));
    await lanes.run('b', async () => log.push('b1'));
    first.open();
    await Promise.all([slow, next]);
    expect(log).toEqual(['b1', 'a1', 'a2']);
    expect(lanes.size).toBe(0);
  });

  it('a failure reaches its caller and does not stop what comes after it', async () => {
    const lanes = createLanes<number>(10);
    const broken = lanes.run(1, () => Promise.reject(new Error('broken')));
    const whole = lanes.run(1, () => Promise.resolve('whole'));
    await expect(broken).rejects.toThrow('broken');
    expect(await whole).toBe('whole');
    await lanes.idle();
  });

  it('a key with too much waiting refuses more', async () => {
    const lanes = createLanes<string>(2);
    const first = gate();
    const one = lanes.run('a', () => first.opened);
    const two = lanes.run('a', () => Promise.resolve());
    await expect(lanes.run('a', () => Promise.resolve())).rejects.toThrow(LaneFullError);
    first.open();
    await Promise.all([one, two]);
    await lanes.run('a', () => Promise.resolve());
  });
});
