// Tokens of /sync come back from clients, and so does what never was one.
import { describe, expect, it } from 'vitest';
import { parseSinceToken, positionOfSinceToken, sinceToken } from './since-token.ts';

describe('the token of /sync', () => {
  it('comes back as it was given out', () => {
    const token = { position: 17, typing: 1_700_000_000_001, presence: 1_700_000_000_002, toDevice: 0 };
    for (const moreToDevice of [false, true])
      expect(parseSinceToken(sinceToken({ ...token, moreToDevice }))).toEqual({ ...token, moreToDevice });
    expect(positionOfSinceToken(sinceToken({ ...token, moreToDevice: false }))).toBe(17);
  });

  it('of before there was presence is still one', () => {
    expect(parseSinceToken('s1_1_2_3')).toEqual({
      position: 1,
      typing: 2,
      presence: 0,
      toDevice: 3,
      moreToDevice: false,
    });
  });

  it.each([
    '',
    'bogus',
    's1_1_2',
    's1_1_2_3_4',
    's2_1_2_3',
    's2_1_2_3_4_5',
    's3_1_2_3_4',
    's1_-1_2_3',
    's1_1_2_9999999999999999',
    's1_1_2_3 ',
  ])('is not %j', (text) => expect(parseSinceToken(text)).toBeUndefined());
});
