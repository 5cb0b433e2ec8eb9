// https://spec.matrix.org/v1.19/client-server-api/#mroomserver_acl

import type { JsonObject } from '@pons/spec';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isServerAllowed, matchesGlob } from './server-acl.ts';

const open = { allow: ['*'] };

describe('a server ACL', () => {
  test.each<[string, string, JsonObject | undefined, boolean]>([
    ['that is not there admits everybody', 'evil.com', undefined, true],
    ['that is empty admits nobody', 'evil.com', {}, false],
    ['admits who is allowed', 'good.com', { allow: ['good.com'] }, true],
    ['does not admit who is not allowed', 'evil.com', { allow: ['good.com'] }, false],
    ['denies before it allows', 'evil.com', { allow: ['*'], deny: ['evil.com'] }, false],
    ['ignores the port', 'evil.com:8448', { allow: ['*'], deny: ['evil.com'] }, false],
    ['ignores case', 'Evil.COM', { allow: ['*'], deny: ['eViL.com'] }, false],
    ['matches subdomains by star', 'a.evil.com', { allow: ['*'], deny: ['*.evil.com'] }, false],
    ['does not match the domain itself by star and dot', 'evil.com', { allow: ['*'], deny: ['*.evil.com'] }, true],
    ['admits IP literals unless told', '1.2.3.4', open, true],
    ['denies IPv4 literals when told', '1.2.3.4:8448', { ...open, allow_ip_literals: false }, false],
    ['denies IPv6 literals when told', '[::1]:8448', { ...open, allow_ip_literals: false }, false],
    ['takes allow_ip_literals for true when it is no boolean', '1.2.3.4', { ...open, allow_ip_literals: 'no' }, true],
    ['takes lists that are none for empty', 'good.com', { allow: 'good.com' }, false],
    ['skips entries that are no text', 'good.com', { allow: [1, 'good.com'], deny: [null] }, true],
    ['does not admit what is no server name', 'not a server', open, false],
  ])('%s', (_name, server, acl, expected) => expect(isServerAllowed(server, acl)).toBe(expected));
});

describe('a glob', () => {
  test('matches as a regular expression of the same meaning does', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 10 });
    const glob = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*', '?'), maxLength: 8 });
    fc.assert(
      fc.property(glob, text, (pattern, subject) => {
        const source = pattern.replaceAll('.', '\\.').replaceAll(/\*+/g, '.*').replaceAll('?', '.');
        expect(matchesGlob(pattern, subject)).toBe(new RegExp(`^${source}$`).test(subject));
      }),
      { numRuns: 3_000 },
    );
  });

  test('with many stars costs no more steps than its length times the text’s', () =>
    expect(matchesGlob('*a'.repeat(1_000) + 'b', 'a'.repeat(2_000))).toBe(false));
});

describe('a hostile ACL', () => {
  const host = `${'a'.repeat(229)}c`;
  /** As many patterns of a shape as an event holds. */
  const filled = (pattern: string) => Array.from({ length: Math.floor(60_000 / (pattern.length + 3)) }, () => pattern);
  const shapes = [
    '*a*a*a*ab',
    `*${'a'.repeat(115)}b`,
    '*?*?*?b',
    '*'.repeat(200),
    `${'*a'.repeat(100)}b`,
    '?'.repeat(250),
  ];

  test.each(shapes)('full of %s does not admit and takes time like any other', (pattern) => {
    const before = process.cpuUsage();
    const rounds = 10;
    for (let round = 0; round < rounds; round++) {
      expect(isServerAllowed(host, { allow: filled(pattern).map((each) => `${each}x`) })).toBe(false);
    }
    const { user, system } = process.cpuUsage(before);
    process.stderr.write(
      `server ACL of 60,000 bytes of ${pattern.slice(0, 12)}: ${((user + system) / 1_000 / rounds).toFixed(1)} ms\n`,
    );
  });

  test('answers the same again from memory, for as many servers as ask', () => {
    const acl = { allow: ['a*.example'], deny: ['a9*'] };
    for (const _round of [1, 2]) {
      for (let at = 0; at < 2_500; at++) {
        expect(isServerAllowed(`a${at}.example`, acl)).toBe(!String(at).startsWith('9'));
        expect(isServerAllowed(`b${at}.example`, acl)).toBe(false);
      }
    }
  });

  test('one pattern as long as an event, against names of any length', () => {
    for (const pattern of ['*a'.repeat(30_000), '?'.repeat(60_000), `${'*'.repeat(60_000)}b`]) {
      expect(isServerAllowed(host, { allow: [`${pattern}x`] })).toBe(false);
    }
  });
});
