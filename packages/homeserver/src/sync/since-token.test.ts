// Tokens of /sync come back from clients, and so does what never was one.
import { describe, expect, it } from 'vitest';
import { parseSinceToken, positionOfSinceToken, sinceToken } from './since-token.ts';

describe('the token of /sync', () => {
  it('comes back as it was given out', () => {
    const token = { position: 17, typing: 1_700_000_000_001, toDevice: 0 };
    expect(parseSinceToken(sinceToken(token))).toEqual(token);
    expect(positionOfSinceToken(sinceToken(token))).toBe(17);
  });

  it.each(['', 'bogus', 's1_1_2', 's1_1_2_3_4', 's2_1_2_3', 's1_-1_2_3', 's1_1_2_9999999999999999', 's1_1_2_3 '])(
    'is not %j',
    (text) => expect(parseSinceToken(text)).toBeUndefined(),
  );
});
