// Tokens of the history survive the round trip, and what is none is refused.
import { MatrixError } from '@pons/spec';
import { expect, it } from 'vitest';
import { historyEnd, historyStart } from '../storage/tables/events.ts';
import { before, historyToken, parseHistoryToken } from './history-token.ts';

const noSync = () => undefined;

it('a token names the place it was made from', () => {
  for (const place of [{ major: 5, minor: 0 }, { major: -3, minor: -7 }, historyStart, historyEnd]) {
    expect(parseHistoryToken(historyToken(place), noSync)).toEqual(place);
  }
});

it('the place before an event is between it and the one before it', () => {
  expect(before({ major: 5, minor: 0 })).toEqual({ major: 5, minor: -1 });
});

it('a token of /sync stands after everything that had a position by then', () => {
  expect(parseHistoryToken('s7', (token) => Number(token.slice(1)))).toEqual({
    major: 7,
    minor: Number.MAX_SAFE_INTEGER,
  });
});

it.each(['', 'bogus', 'h1', 'h1_', 'h1_2_3', 'h99999999999999999_0', 'h9999999999999999_0'])(
  'refuses %j with M_INVALID_PARAM',
  (token) => {
    expect(() => parseHistoryToken(token, noSync)).toThrow(MatrixError);
  },
);
