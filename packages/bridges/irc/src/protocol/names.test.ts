// Names on IRC: how they fold, what a network says of them, which are legal nicks; and SASL's chunks.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Casemapping, fold } from './casemapping.ts';
import { ISUPPORT_DEFAULTS, withIsupport } from './isupport.ts';
import { nickAttempt, nickFor, sanitiseNick } from './nick.ts';
import { parseModes } from './parse-modes.ts';
import { saslPlain } from './sasl.ts';

describe('fold', () => {
  it.each<[Casemapping, string, string]>([
    ['ascii', 'A[]\\^~É', 'a[]\\^~É'],
    ['strict-rfc1459', 'A[]\\^~', 'a{}|^~'],
    ['rfc1459', 'A[]\\^~', 'a{}|~~'],
  ])('under %s makes of %s %s', (mapping, name, folded) => {
    expect(fold(name, mapping)).toBe(folded);
  });

  it('folds what is folded to itself', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.constantFrom<Casemapping[]>('ascii', 'rfc1459', 'strict-rfc1459'),
        (name, mapping) => {
          expect(fold(fold(name, mapping), mapping)).toBe(fold(name, mapping));
        },
      ),
    );
  });
});

describe('withIsupport', () => {
  it('reads what the bridge needs and forgets it at the minus', () => {
    const features = withIsupport(
      ISUPPORT_DEFAULTS,
      'me CASEMAPPING=ascii CHANTYPES=# PREFIX=(qaohv)~&@%+ NICKLEN=30 LINELEN=2048 NETWORK=A\\x20B CHANMODES=b,k,l,mnt STATUSMSG=@+ :x'.split(
        ' ',
      ),
    );
    expect(features).toMatchObject({ casemapping: 'ascii', chanTypes: '#', nickLength: 30, lineBytes: 2048 });
    expect(features.network).toBe('A B');
    expect(features.prefixes[2]).toEqual({ mode: 'o', sign: '@' });
    expect(withIsupport(features, ['me', '-NICKLEN', '-PREFIX', ':x'])).toMatchObject({
      nickLength: 9,
      prefixes: ISUPPORT_DEFAULTS.prefixes,
    });
  });

  it('believes no absurd number and no prefix that does not pair', () => {
    const features = withIsupport(ISUPPORT_DEFAULTS, [
      'me',
      'NICKLEN=-1',
      'LINELEN=999999',
      'PREFIX=(ov)@',
      'TOPICLEN=1e9',
      'x',
    ]);
    expect(features).toMatchObject({
      nickLength: 9,
      lineBytes: 16_384,
      prefixes: ISUPPORT_DEFAULTS.prefixes,
      topicLength: 300,
    });
  });
});

describe('parseModes', () => {
  const features = { ...ISUPPORT_DEFAULTS, chanModes: ['b', 'k', 'l', 'imnt'] as const };
  it.each<[string, string[], string]>([
    ['+o-v+b', ['a', 'b', 'c'], '+o a,-v b,+b c'],
    ['+lk-l+n', ['5', 'key'], '+l 5,+k key,-l,+n'],
    ['-k+o', ['*', 'a'], '-k *,+o a'],
    ['+b', [], '+b'],
    ['+oo', ['a'], '+o a'],
    ['mo', ['a'], '+m,+o a'],
  ])('gives each argument of %s to its mode', (modes, args, expected) => {
    const changes = parseModes(modes, args, features);
    const written = changes.map(
      (c) => `${c.set ? '+' : '-'}${c.mode}${c.argument === undefined ? '' : ` ${c.argument}`}`,
    );
    expect(written.join(',')).toBe(expected);
  });
});

describe('sanitiseNick', () => {
  it.each([
    ['Alice', 'Alice'],
    ['Zoë Müller', 'Zoe_Muller'],
    ['1st', '_1st'],
    ['-x', '_-x'],
    ['a\r\nOPER x', 'a_OPER_x'],
    ['\u0430dmin', 'dmin'],
    ['ad\u200bmin', 'admin'],
    ['😀', ''],
    ['__', ''],
  ])('makes of %j %j', (name, nick) => {
    expect(sanitiseNick(name, 30)).toBe(nick);
  });

  it('always gives a nick that any network takes', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), fc.integer({ min: 1, max: 30 }), (names, lengthMax) => {
        const nick = nickFor(names, lengthMax);
        expect(nick).toMatch(/^[A-Za-z_[\]\\^{}|`][A-Za-z0-9_[\]\\^{}|`-]*$/);
        expect(nick.length).toBeLessThanOrEqual(lengthMax);
      }),
    );
  });

  it('shortens a nick so that its suffix fits', () => {
    expect([1, 2, 10].map((attempt) => nickAttempt('abcdefghi', attempt, 9))).toEqual([
      'abcdefgh_',
      'abcdefgh2',
      'abcdefg10',
    ]);
  });
});

describe('saslPlain', () => {
  it('cuts at 400 characters and closes a full last chunk with +', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 900 }), (length) => {
        const chunks = saslPlain({ user: 'u', password: 'p'.repeat(length) });
        expect(chunks.slice(0, -1).every((chunk) => chunk.length === 400)).toBe(true);
        expect((chunks.at(-1) ?? '').length).toBeLessThan(400);
        const text = chunks.filter((chunk) => chunk !== '+').join('');
        expect(Buffer.from(text, 'base64').toString()).toBe(`u\0u\0${'p'.repeat(length)}`);
      }),
    );
  });

  it('refuses NUL, which would move the password into another field', () => {
    expect(() => saslPlain({ user: 'a\0b', password: 'p' })).toThrow('NUL');
  });
});
