// What `pons registration generate` writes is what its linter asks for.

import { describe, expect, it, test } from 'vitest';
import { anchored, generateRegistration, prefixRegex } from './generate.ts';
import { lintFiles } from './lint-files.ts';

test.each([
  ['#line:localhost', '^#line:localhost$'],
  ['^#line:localhost$', '^#line:localhost$'],
  ['@_irc_.*:example\\.org', '^@_irc_.*:example\\.org$'],
  ['@_irc_.*', '^@_irc_.*'],
  ['@_a:x\\.org|@_b:x\\.org', '^(?:@_a:x\\.org|@_b:x\\.org)$'],
  ['@_a\\|b:x.org', '^@_a\\|b:x.org$'],
])('%s is written as %s', (regex, written) => {
  expect(anchored(regex)).toBe(written);
});

describe('the linter finds nothing at all in what is made', () => {
  const made = (url: string | null, aliases: readonly string[]) =>
    generateRegistration({
      id: 'irc',
      url,
      asToken: 'gW4kqYdZ5mVvUe8xJt2HrLcN7pBs3QaX',
      hsToken: 'Zt6RbNw1sKfPyM9vDqGh4XjCe2LuTaV8',
      senderLocalpart: '_irc_bot',
      namespaces: {
        users: [{ regex: prefixRegex('@', '_irc_', 'example.org'), exclusive: true }],
        aliases: aliases.map((regex) => ({ regex, exclusive: true })),
        rooms: [],
      },
    });

  it.each([
    ['http://bridge:9009', [prefixRegex('#', '_irc_', 'example.org')]],
    ['http://bridge:9009', [anchored('#line:example.org')]],
    [null, []],
  ])('url %j, aliases %j', (url, aliases) => {
    expect(lintFiles([{ file: 'irc.yaml', text: made(url, aliases) }]).findings).toEqual([]);
  });
});
