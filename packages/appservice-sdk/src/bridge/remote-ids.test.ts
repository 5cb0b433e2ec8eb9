// Remote ids as Matrix ids and back: nothing lost, nothing shared.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { escapeId, remoteIds, unescapeId } from './remote-ids.ts';

const ids = remoteIds({ ghost: '_irc_{user}', alias: '_irc_{chat}' }, 'example.org');

test('every remote id is read back from its ghost, and no two share one', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }), (id) => {
      const escaped = escapeId(id);
      expect(escaped).toMatch(/^[a-z0-9._=-]+$/);
      expect(unescapeId(escaped)).toBe(id);
      expect(ids.userOf(ids.ghostOf(id))).toBe(id);
    }),
  );
});

test('capitals and brackets of nicknames stay apart from their small forms', () => {
  expect(['Bob', 'bob', '_bob', 'a[b]'].map((nick) => ids.ghostOf(nick))).toEqual([
    '@_irc__bob:example.org',
    '@_irc_bob:example.org',
    '@_irc___bob:example.org',
    '@_irc_a=5bb=5d:example.org',
  ]);
});

test('what was not made by escaping stands for nobody', () => {
  const others = [
    '@_irc_Bob:example.org',
    '@_irc_=zz:example.org',
    '@_irc_=41:example.org',
    '@_irc_bob:other.org',
    '@alice:example.org',
    '@_irc_a_1:example.org',
  ];
  expect(others.map((mxid) => ids.userOf(mxid))).toEqual(others.map(() => undefined));
});

test('a long id is cut, keeps a bounded length and stays its own', () => {
  const [a, b] = [ids.ghostOf('x'.repeat(500)), ids.ghostOf(`${'x'.repeat(499)}y`)];
  expect(a).not.toBe(b);
  expect(a.length).toBeLessThan(255);
});
