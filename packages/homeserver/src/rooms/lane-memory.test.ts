// What a lane keeps in memory while a part needs it.
import { roomVersionRules } from '@pons/spec';
import { expect, it } from 'vitest';
import { LaneMemory, stateKeyText } from './lane-memory.ts';

it('reading keys pushes out none that the same part needs, however full the memory is', async () => {
  const rules = roomVersionRules('11');
  if (rules === undefined) throw new Error('no room version 11');
  const point = { version: 1, stateVersion: 1, extremities: [], depth: 1, joined: 1, invited: 0, nextLine: 1 };
  const memory = new LaneMemory({ roomNid: 1, roomId: '!r:x', rules, total: { bytes: 0 } }, point, 0);
  const member = (n: number) => ({ type: 'm.room.member', stateKey: `@u${n}:x` });
  for (let n = 0; n < 2_500; n += 1) memory.remember(member(n).type, member(n).stateKey, undefined);
  await memory.load({ query: () => Promise.resolve([]) }, [member(9_000), member(9_001), member(0), member(1)]);
  for (const n of [9_000, 9_001, 0, 1]) {
    expect(memory.peek(stateKeyText(member(n).type, member(n).stateKey))).toBeUndefined();
  }
});
