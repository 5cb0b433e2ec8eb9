// Whatever lines a network sends, the listener and the others understand them or let them be: nothing throws, nobody without a name
// becomes a ghost, and no event is about one of our own.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fakeClock } from '../test/fake-clock.ts';
import { type Ears, hearChannels, hearPrivate } from './from-irc.ts';
import { Hub } from './hub.ts';
import { MessageIds } from './ids.ts';
import { Netsplits } from './netsplits.ts';
import { ISUPPORT_DEFAULTS } from './protocol/isupport.ts';
import { parseLine } from './protocol/parse-line.ts';

function ears(): Ears {
  const clock = fakeClock();
  const hub = new Hub(clock);
  hub.own.hold('pons', 'listener', '~listener');
  hub.own.hold('alice', 'auto', '@alice:x');
  return {
    login: 'listener',
    hub,
    features: ISUPPORT_DEFAULTS,
    nick: 'pons',
    ids: new MessageIds(),
    splits: new Netsplits(clock, () => undefined),
    talksWith: () => true,
    send: () => true,
  };
}

const word = fc.oneof(
  fc.constantFrom(
    '#pons',
    '#other',
    'pons',
    'alice',
    'bob',
    'Bob',
    '@#pons',
    '',
    '+o-v+b',
    '*',
    ':',
    '@bob',
    '=',
    '\x01ACTION x\x01',
    '\x01VERSION',
  ),
  fc.string({ maxLength: 8 }),
);
const command = fc.constantFrom(
  'JOIN',
  'PART',
  'KICK',
  'QUIT',
  'NICK',
  'MODE',
  'TOPIC',
  'PRIVMSG',
  'NOTICE',
  'TAGMSG',
  'REDACT',
  '332',
  '353',
  '366',
);
const source = fc.constantFrom(
  'bob!b@h',
  'Bob!b@h',
  'carol!c@h',
  'alice!a@h',
  'pons!p@h',
  'irc.example',
  '!u@h',
  '@h',
  'x',
);
const anyLine = fc
  .tuple(source, command, fc.array(word, { maxLength: 5 }), word)
  .map(([from, verb, middle, last]) =>
    [`:${from} ${verb}`, ...middle.filter((each) => each !== ''), `:${last}`].join(' '),
  );

describe('what the network says', () => {
  it('never throws, and never speaks of nobody or of ourselves', () => {
    fc.assert(
      fc.property(fc.array(anyLine, { maxLength: 40 }), (lines) => {
        const one = ears();
        for (const text of [
          ':pons!p@h JOIN #pons',
          ':s 353 pons = #pons :@pons bob alice',
          ':s 366 pons #pons :End',
          ...lines,
        ]) {
          const line = parseLine(text);
          if (line === null) continue;
          for (const event of [...hearChannels(line, 1, one), ...hearPrivate(line, 1, one)]) {
            const about = 'user' in event ? event.user : 'from' in event ? event.from : 'x';
            expect(about).not.toBe('');
            if (event.t === 'message' || event.t === 'typing' || event.t === 'remove') expect(about).not.toBe('pons');
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it.each<[string, string[]]>([
    [':bob!b@h JOIN #pons', ['member bob join']],
    [':Bob!b@h PART #pons :x', ['member bob leave']],
    [':bob!b@h QUIT :hub.a.net leaf.a.net', []],
    [':carol!c@h NICK dora', []],
    [':bob!b@h NICK BOB', ['user bob']],
    [':x!x@h MODE #pons +o-v+b bob alice *!*@h', ['member bob join']],
    [':bob!b@h PRIVMSG @#pons :to operators', []],
    [':bob!b@h PRIVMSG #pons :\x01PING 1\x01', []],
    [':irc.example NOTICE #pons :server notice', []],
    [':alice!a@h PRIVMSG #pons :ours', []],
    [':alice!a@h QUIT :ours', []],
  ])('%s becomes %j', (text, events) => {
    const one = ears();
    for (const before of [':pons!p@h JOIN #pons', ':s 353 pons = #pons :@pons bob alice', ':s 366 pons #pons :End']) {
      const line = parseLine(before);
      if (line !== null) hearChannels(line, 1, one);
    }
    const line = parseLine(text);
    const told = line === null ? [] : hearChannels(line, 2, one);
    expect(
      told.map((e) => (e.t === 'member' ? `member ${e.user} ${e.to}` : e.t === 'user' ? `user ${e.user}` : e.t)),
    ).toEqual(events);
  });
});
