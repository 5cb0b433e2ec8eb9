// Errors with Matrix codes, and the registry they come from.

import { describe, expect, test } from 'vitest';
import { errcodes, isErrcode } from './errcodes.ts';
import { MatrixError } from './matrix-error.ts';

describe('a Matrix error', () => {
  test('takes its status from the registry unless given', () => {
    expect(new MatrixError('M_FORBIDDEN', 'no').status).toBe(403);
    expect(new MatrixError('M_UNRECOGNIZED', 'no', { status: 405 }).status).toBe(405);
  });

  test('puts further fields beside errcode and error, which they cannot replace', () =>
    expect(
      new MatrixError('M_UNKNOWN_TOKEN', 'gone', { fields: { soft_logout: true, errcode: 'X' } }).toJson(),
    ).toEqual({
      errcode: 'M_UNKNOWN_TOKEN',
      error: 'gone',
      soft_logout: true,
    }));
});

describe('the registry of error codes', () => {
  test.each(Object.entries(errcodes))(
    '%s has an error status, a meaning and a link into version 1.19',
    (code, entry) => {
      expect(code).toMatch(/^M_[A-Z_]+$/);
      expect(entry.status).toBeGreaterThanOrEqual(400);
      expect(entry.status).toBeLessThan(600);
      expect(entry.meaning).toMatch(/\.$/);
      expect(entry.link).toMatch(/^https:\/\/spec\.matrix\.org\/v1\.19\//);
    },
  );

  test('is in alphabetical order', () => expect(Object.keys(errcodes)).toEqual(Object.keys(errcodes).sort()));

  test('knows its own codes only', () => {
    expect(isErrcode('M_EXCLUSIVE')).toBe(true);
    expect(isErrcode('constructor')).toBe(false);
  });
});
