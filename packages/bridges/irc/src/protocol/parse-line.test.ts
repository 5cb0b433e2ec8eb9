// Lines as networks send them, well-formed and not.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseLine, TAG_BYTES_MAX } from './parse-line.ts';

const cases: { line: string; parts: unknown }[] = [
  { line: 'PING', parts: { source: null, command: 'PING', params: [] } },
  { line: 'ping :a b', parts: { source: null, command: 'PING', params: ['a b'] } },
  {
    line: ':al!a@h.example PRIVMSG #c :hi  there ',
    parts: {
      source: { name: 'al', user: 'a', host: 'h.example' },
      command: 'PRIVMSG',
      params: ['#c', 'hi  there '],
    },
  },
  {
    line: ':irc.example 001 me :',
    parts: { source: { name: 'irc.example' }, command: '001', params: ['me', ''] },
  },
  { line: ':al@h  JOIN   #c  ', parts: { source: { name: 'al', host: 'h' }, command: 'JOIN', params: ['#c'] } },
  { line: 'MODE #c :', parts: { source: null, command: 'MODE', params: ['#c', ''] } },
  { line: 'A b:c :d', parts: { source: null, command: 'A', params: ['b:c', 'd'] } },
  {
    line: 'A 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16',
    parts: {
      source: null,
      command: 'A',
      params: [...Array.from({ length: 14 }, (_, i) => String(i + 1)), '15 16'],
    },
  },
];

describe('parseLine', () => {
  it.each(cases)('reads $line', ({ line, parts }) => {
    expect(parseLine(line)).toMatchObject(parts as object);
  });

  it('reads tags with every escape, without values, and with a backslash that escapes nothing', () => {
    const line = parseLine('@a=x\\:\\s\\\\\\r\\n;b;+ex.org/c=;d=y\\z\\;a=last :s X');
    expect(Object.fromEntries(line?.tags ?? [])).toEqual({ a: 'last', b: '', '+ex.org/c': '', d: 'yz' });
  });

  it.each(['', ' ', ':', ':a', '@a', '@a ', '1234', 'PRIV-MSG x', 'A\0B', 'A\rB', 'A :x\nB'])('refuses %j', (text) => {
    expect(parseLine(text)).toBeNull();
  });

  it('refuses more tags and longer lines than the standards allow', () => {
    const tags = (bytes: number) => `@a=${'x'.repeat(bytes - 4)} X`;
    expect(parseLine(tags(TAG_BYTES_MAX))).not.toBeNull();
    expect(parseLine(tags(TAG_BYTES_MAX + 1))).toBeNull();
    expect(parseLine(`X ${'é'.repeat(254)}`)).not.toBeNull();
    expect(parseLine(`X ${'é'.repeat(254)}x`)).toBeNull();
    expect(parseLine(`X ${'é'.repeat(254)}x`, 513)).not.toBeNull();
  });

  it('never throws, and never gives a parameter that holds a line end', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 600 }), (text) => {
        const line = parseLine(text);
        // oxlint-disable-next-line no-control-regex -- the forbidden ones
        for (const part of [line?.command ?? '', ...(line?.params ?? [])]) expect(part).not.toMatch(/[\0\r\n]/);
      }),
    );
  });
});
