// The rule of namespaces: inside ⇔ the regex matches from the start of the id, and users only of this server.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileEntries, compileNamespaces, compileRegex } from './namespaces.ts';
import { noPonsBlock } from './pons-block.ts';
import type { Registration } from './registration.ts';

const server = 'example.org';
const irc: Registration = {
  id: 'irc',
  url: null,
  asToken: 'a',
  hsToken: 'h',
  senderLocalpart: 'ircbot',
  namespaces: {
    users: [
      { regex: '@_irc_.*', exclusive: true },
      { regex: '@shared_.*:example\\.org$', exclusive: false },
    ],
    aliases: [{ regex: '#_irc_.*', exclusive: true }],
    rooms: [{ regex: '!abc', exclusive: false }],
  },
  rateLimited: true,
  protocols: [],
  receiveEphemeral: false,
  pushEphemeral: false,
  deviceExtensions: false,
  deviceManagement: false,
  pons: noPonsBlock,
  unknown: {},
  unknownKeys: [],
};

describe('users namespace', () => {
  const { user } = compileNamespaces(irc, server);
  it.each([
    ['@_irc_alice:example.org', 'exclusive'],
    ['@_irc_:example.org', 'exclusive'],
    ['@ircbot:example.org', 'exclusive'],
    ['@shared_a:example.org', 'shared'],
    ['@alice:example.org', 'outside'],
    ['@x_irc_alice:example.org', 'outside'],
    ['@_IRC_alice:example.org', 'outside'],
    ['@_irc_alice:other.example', 'outside'],
    ['@_irc_x:example.org.evil.example', 'outside'],
    ['@_irc_x:example.org\n@alice:example.org', 'outside'],
    ['\n@_irc_x:example.org', 'outside'],
    ['_irc_x:example.org', 'outside'],
    ['', 'outside'],
  ])('%j is %s', (id, verdict) => {
    expect(user(id)).toBe(verdict);
  });

  it('is exactly what matches from the start, whatever surrounds it', () => {
    const piece = fc.stringMatching(/^[@_a-z0-9:.\n#-]{0,12}$/);
    fc.assert(
      fc.property(piece, piece, (before, after) => {
        const id = `${before}@_irc_${after}:${server}`;
        const local = id.startsWith('@') && id.slice(id.indexOf(':') + 1) === server;
        const prefixed = id.startsWith('@_irc_');
        expect(user(id) === 'exclusive').toBe(local && prefixed);
      }),
    );
  });
});

describe('regexes', () => {
  it('cannot leave their anchor by closing our group', () => {
    expect(() => compileRegex(')|(.*')).toThrow(/parenthes|unexpected|missing/i);
    expect(compileEntries([{ regex: 'x|@b', exclusive: true }])('a@b')).toBe('outside');
    expect(compileEntries([{ regex: '(?m)^@b', exclusive: true }])('a\n@b')).toBe('outside');
  });

  it('are exclusive if any exclusive one matches, whatever the order', () => {
    const wide = { regex: '@.*', exclusive: false };
    const narrow = { regex: '@b', exclusive: true };
    for (const entries of [
      [wide, narrow],
      [narrow, wide],
    ]) {
      const verdict = compileEntries(entries);
      expect([verdict('@a:x'), verdict('@b:x')]).toEqual(['shared', 'exclusive']);
    }
  });
});
