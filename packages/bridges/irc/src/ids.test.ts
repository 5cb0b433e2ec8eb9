// Ids of channels and messages, what the hub remembers under them, and the two small texts that edits and topics become.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fakeClock } from '../test/fake-clock.ts';
import { Hub } from './hub.ts';
import { channelIdOf, isChannelName, MessageIds, messageIdOf, msgidIn } from './ids.ts';
import { fold } from './protocol/casemapping.ts';
import { ISUPPORT_DEFAULTS } from './protocol/isupport.ts';
import { describeEdit } from './text/describe-edit.ts';
import { oneLine } from './text/one-line.ts';

describe('ids', () => {
  it('are the same for two channels exactly when the network holds them to be one', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', 'A', '[', '{', '~', '^', '#') }),
        fc.string({ unit: fc.constantFrom('a', 'A', '[', '{', '~', '^', '#') }),
        (a, b) => {
          const same = fold(`#${a}`, 'rfc1459') === fold(`#${b}`, 'rfc1459');
          expect(channelIdOf(`#${a}`, ISUPPORT_DEFAULTS) === channelIdOf(`#${b}`, ISUPPORT_DEFAULTS)).toBe(same);
        },
      ),
    );
  });

  it.each(['', '#', 'a', '#a,#b', '#a b', '#a\r\nQUIT', '#a\0', '#a\x07', `#${'a'.repeat(200)}`])(
    'a channel is not called %j',
    (name) => {
      expect(isChannelName(name, ISUPPORT_DEFAULTS)).toBe(false);
    },
  );

  it('of messages tell server ids from our own, and repetitions apart', () => {
    const ids = new MessageIds();
    const [first, second] = [ids.next(1, ['a', 'b']), ids.next(1, ['a', 'b'])];
    expect(first).not.toBe(second);
    expect(new MessageIds().next(1, ['a', 'b'])).toBe(first);
    expect(ids.next(1, ['ab', ''])).not.toBe(ids.next(1, ['a', 'b']));
    expect([msgidIn(messageIdOf('x')), msgidIn(first)]).toEqual(['x', undefined]);
  });

  it('of messages mean something only in their own chat', () => {
    const hub = new Hub(fakeClock());
    hub.remember('#secret', 'id:1', { nick: 'eve' });
    expect(hub.recall('#secret', 'id:1')).toEqual({ nick: 'eve' });
    expect(hub.recall('#pons', 'id:1')).toBeUndefined();
    expect(hub.recall({ id: '#secret', receiver: 'x' }, 'id:1')).toBeUndefined();
  });
});

describe('what the listener hears of us', () => {
  it('is found whenever it comes, once', async () => {
    const clock = fakeClock();
    const hub = new Hub(clock);
    const message = { nick: 'Alice', target: '#PONS', text: 'x' };
    hub.hear('alice', '#pons', 'x');
    expect(await hub.heard(message, 1000)).toBe(true);
    const later = hub.heard(message, 1000);
    hub.hear('alice', '#pons', 'other');
    hub.hear('alice', '#pons', 'x');
    expect(await later).toBe(true);
    const never = hub.heard(message, 1000);
    clock.advance(1000);
    expect(await never).toBe(false);
    expect(clock.waiting).toBe(0);
  });
});

describe('describeEdit', () => {
  it.each<[string | undefined, string[], string[]]>([
    ['I liek it', ['I like it'], ['s/liek/like/']],
    ['a b c d', ['a x y d'], ['s/b c/x y/']],
    ['a b', ['c d'], ['* c d']],
    ['no no', ['no yes'], ['* no yes']],
    ['see a/b', ['see a/c'], ['* see a/c']],
    [undefined, ['x', 'y'], ['* x', 'y']],
    ['a', ['a b'], ['* a b']],
  ])('tells %j becoming %j as %j', (before, after, told) => {
    expect(describeEdit(before, after)).toEqual(told);
  });
});

describe('oneLine', () => {
  it('never gives a control character or a line break, nor more bytes than allowed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 0, max: 50 }), (text, bytesMax) => {
        const line = oneLine(text, bytesMax);
        expect(Buffer.byteLength(line)).toBeLessThanOrEqual(bytesMax);
        // oxlint-disable-next-line no-control-regex -- the forbidden ones
        expect(line).not.toMatch(/[\0-\x1f\x7f\u2028\u2029]/);
      }),
    );
    expect(oneLine('a\nQUIT\u2028b', 100)).toBe('a QUIT b');
  });
});
