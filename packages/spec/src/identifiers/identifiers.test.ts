// All identifiers in one file: they share their limits, and most cases are one line.
// https://spec.matrix.org/v1.19/appendices/#identifier-grammar

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isDeviceId } from './device-id.ts';
import { isEventId } from './event-id.ts';
import { isIdText } from './id-length.ts';
import { parseKeyId } from './key-id.ts';
import { parseMxcUri } from './mxc-uri.ts';
import { parseRoomAlias } from './room-alias.ts';
import { parseRoomId } from './room-id.ts';
import { parseServerName, serverNameOf } from './server-name.ts';
import { isStrictLocalpart, isValidLocalUserId, parseUserId } from './user-id.ts';

const long = (bytes: number) => 'x'.repeat(bytes);

describe('server names', () => {
  test.each([
    ['matrix.org', 'matrix.org', undefined, 'dns'],
    ['matrix.org:8888', 'matrix.org', 8888, 'dns'],
    ['1.2.3.4', '1.2.3.4', undefined, 'ipv4'],
    ['1.2.3.4:1234', '1.2.3.4', 1234, 'ipv4'],
    ['[1234:5678::abcd]', '[1234:5678::abcd]', undefined, 'ipv6'],
    ['[1234:5678::abcd]:5678', '[1234:5678::abcd]', 5678, 'ipv6'],
    ['999.2.3.4', '999.2.3.4', undefined, 'dns'],
    ['localhost', 'localhost', undefined, 'dns'],
  ])('%s is one', (name, host, port, kind) => expect(parseServerName(name)).toEqual({ host, port, kind }));

  test.each([
    '',
    ':80',
    'a b',
    'a_b',
    'a:',
    'a:123456',
    'a:65536',
    '[::1',
    '[g::1]',
    'ex\u0000',
    'exämple.org',
    'a/b',
    long(256),
  ])('%j is none', (name) => expect(parseServerName(name)).toBeUndefined());

  test('are what follows the first colon of an identifier', () => {
    expect(serverNameOf('@a:b:80')).toBe('b:80');
    expect(serverNameOf('!hash')).toBeUndefined();
  });
});

describe('user IDs', () => {
  test.each(['@a:b', '@irc/alice=2b+x._-:example.org:8448', '@Upper:b', '@ü:b', '@:b', '@a b:b', `@${long(251)}:ab`])(
    '%j is one by the historical grammar',
    (id) => expect(parseUserId(id)).toBeDefined(),
  );

  test.each([
    '',
    '@',
    'a:b',
    '@a',
    '@a:',
    '@a:b c',
    '@a\u0000:b',
    '@\ud800:b',
    `@${long(252)}:ab`,
    `@${'ü'.repeat(127)}:b`,
  ])('%j is none', (id) => expect(parseUserId(id)).toBeUndefined());

  test.each(['alice', '0', 'a.b_c=d-e/f+g'])('%s is a localpart that new accounts may have', (localpart) =>
    expect(isStrictLocalpart(localpart)).toBe(true),
  );

  test.each(['', 'Alice', 'a b', 'ü', 'a:b', 'a\n'])('%j is no localpart for new accounts', (localpart) =>
    expect(isStrictLocalpart(localpart)).toBe(false),
  );

  test('of this server are of the strict grammar and its name', () => {
    expect(isValidLocalUserId('@alice:here', 'here')).toBe(true);
    expect(isValidLocalUserId('@alice:there', 'here')).toBe(false);
    expect(isValidLocalUserId('@Alice:here', 'here')).toBe(false);
  });

  test('are taken apart and put together again', () => {
    const localpart = fc.string({ unit: 'binary', maxLength: 40 }).filter((text) => !/[:\0]/.test(text));
    fc.assert(
      fc.property(localpart, fc.constantFrom('a', 'b.example:8448', '[::1]'), (local, serverName) => {
        expect(parseUserId(`@${local}:${serverName}`)).toEqual({ localpart: local, serverName });
      }),
    );
  });
});

describe('room IDs', () => {
  const hash = 'A-_9'.repeat(10) + 'abc';
  test('are a hash without a domain, or anything with one', () => {
    expect(parseRoomId(`!${hash}`)).toEqual({ opaque: hash, serverName: undefined });
    expect(parseRoomId('!abc:example.org')).toEqual({ opaque: 'abc', serverName: 'example.org' });
  });

  test.each(['', '!', '!short', `!${hash}x`, '!a:', '#a:b', '!a\u0000:b', `!${long(254)}:b`])('%j is none', (id) =>
    expect(parseRoomId(id)).toBeUndefined(),
  );
});

describe('other identifiers', () => {
  test.each([
    ['an alias', () => parseRoomAlias('#irc_#pons:example.org'), { localpart: 'irc_#pons', serverName: 'example.org' }],
    ['an alias without localpart', () => parseRoomAlias('#:b'), undefined],
    ['an alias with U+0000', () => parseRoomAlias('#a\u0000:b'), undefined],
    ['a media URI', () => parseMxcUri('mxc://example.org:1/aB_-9'), { serverName: 'example.org:1', mediaId: 'aB_-9' }],
    ['a media URI with a path', () => parseMxcUri('mxc://example.org/../x'), undefined],
    ['a media URI with a dot', () => parseMxcUri('mxc://example.org/..'), undefined],
    ['a key', () => parseKeyId('ed25519:a_RXGa'), { algorithm: 'ed25519', name: 'a_RXGa' }],
    ['a key without name', () => parseKeyId('ed25519:'), undefined],
    ['an event ID', () => isEventId('$Rqnc-F-dvnEYJTyHq_iKxU2bZ1CI92-kuZq3a5lr5Zg'), true],
    ['an empty event ID', () => isEventId('$'), false],
    ['an event ID with U+0000', () => isEventId('$a\u0000'), false],
    ['a device', () => isDeviceId('ABCDEFG'), true],
    ['an empty device', () => isDeviceId(''), false],
    ['a device with U+0000', () => isDeviceId('a\u0000'), false],
  ])('%s', (_name, read, expected) => expect(read()).toEqual(expected));

  test('have at most 255 bytes of UTF-8', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 60, maxLength: 260 }), (text) => {
        expect(isIdText(text)).toBe(!text.includes('\0') && Buffer.byteLength(text) <= 255);
      }),
    );
  });
});
