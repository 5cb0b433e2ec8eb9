// Power levels and what depends on them alone, by room version.
// https://spec.matrix.org/v1.19/client-server-api/#mroompower_levels

import { type JsonObject, type RoomVersionRules, roomVersionRules } from '@pons/spec';
import { describe, expect, test } from 'vitest';
import { creatorsOf, integerLevels, powerLevelsOf } from './power-levels.ts';
import { redactionApplies } from './redactions.ts';

function levelsIn(version: string, content?: JsonObject, createContent: JsonObject = { creator: '@c:s' }) {
  const rules = roomVersionRules(version);
  if (rules === undefined) throw new Error(version);
  const create = { sender: '@c:s', content: createContent };
  return powerLevelsOf(create, content === undefined ? undefined : { sender: '@c:s', content }, rules);
}

describe('power levels', () => {
  test.each(['10', '11'])(
    'of the creator are 100 without an event and what it says with one, in version %s',
    (version) => {
      expect(levelsIn(version).levelOf('@c:s')).toBe(100);
      expect(levelsIn(version, {}).levelOf('@c:s')).toBe(0);
      expect(levelsIn(version, { users: { '@c:s': 7 } }).levelOf('@c:s')).toBe(7);
    },
  );

  test('of all creators are infinite in version 12, whatever the event says', () => {
    const createContent = { additional_creators: ['@d:s'] };
    const contents: (JsonObject | undefined)[] = [undefined, {}, { users: { '@c:s': 7 }, users_default: 3 }];
    for (const content of contents) {
      const levels = levelsIn('12', content, createContent);
      expect([levels.levelOf('@c:s'), levels.levelOf('@d:s')]).toEqual([Infinity, Infinity]);
    }
  });

  test('of additional creators mean nothing before version 12', () =>
    expect(levelsIn('11', undefined, { additional_creators: ['@d:s'] }).levelOf('@d:s')).toBe(0));

  test.each([{ content: undefined }, { content: {} }])(
    'have the defaults of the specification with $content',
    ({ content }) => {
      const levels = levelsIn('12', content);
      expect(levels).toMatchObject({ invite: 0, kick: 50, ban: 50, redact: 50 });
      expect(levels.needed('x', true)).toBe(50);
      expect(levels.needed('x', false)).toBe(0);
      expect(levels.notification('room')).toBe(50);
      expect(levels.levelOf('@u:s')).toBe(0);
    },
  );

  test('are what the event says', () => {
    const levels = levelsIn('12', {
      users: { '@u:s': 5 },
      users_default: 2,
      events: { x: 3 },
      state_default: 4,
      events_default: 1,
      invite: 6,
      kick: 7,
      ban: 8,
      redact: 9,
      notifications: { room: 10 },
    });
    expect(levels).toMatchObject({ invite: 6, kick: 7, ban: 8, redact: 9 });
    expect([levels.levelOf('@u:s'), levels.levelOf('@v:s')]).toEqual([5, 2]);
    expect([levels.needed('x', true), levels.needed('x', false)]).toEqual([3, 3]);
    expect([levels.needed('y', true), levels.needed('y', false)]).toEqual([4, 1]);
    expect([levels.notification('room'), levels.notification('toString')]).toEqual([10, 50]);
  });

  test('never come from what every object inherits', () => {
    const levels = levelsIn('12', { users: {}, events: {} });
    expect(levels.levelOf('__proto__')).toBe(0);
    expect(levels.needed('constructor', false)).toBe(0);
  });

  test('become integers where an older version let strings and fractions pass', () => {
    const content = { ban: ' +50 ', users: { '@a:s': '100', '@b:s': 50.9 }, events: {}, kick: 'x', invite: null };
    expect(integerLevels(content, roomVersionRules('5') as RoomVersionRules)).toEqual({
      ban: 50,
      users: { '@a:s': 100, '@b:s': 50 },
      events: {},
      kick: 'x',
      invite: null,
    });
    expect(integerLevels(content, roomVersionRules('10') as RoomVersionRules)).toEqual(content);
  });

  test('know the creators', () => {
    const create = { sender: '@a:s', content: { creator: '@b:s', additional_creators: ['@c:s', 1] } };
    const of = (version: string) => creatorsOf(create, roomVersionRules(version) as never);
    expect([of('10'), of('11'), of('12')]).toEqual([['@b:s'], ['@a:s'], ['@a:s', '@c:s']]);
  });
});

// https://spec.matrix.org/v1.19/rooms/v12/#handling-redactions
describe('a redaction takes effect', () => {
  const applies = (version: string, by: string, of: { readonly sender: string; readonly eventId: string }) => {
    const rules = roomVersionRules(version) as RoomVersionRules;
    const levels = levelsIn(version, { users: { '@m:s': 50 } });
    return redactionApplies({ redaction: { sender: by, event_id: '$r:s' }, redacted: of, levels, rules });
  };

  test.each([
    ['on an event of the same server', '@u:s', { sender: '@v:s', eventId: '$e' }, true],
    ['on an event of another server only with the redact level', '@u:s', { sender: '@v:t', eventId: '$e' }, false],
    ['on any event with the redact level', '@m:s', { sender: '@v:t', eventId: '$e' }, true],
    ['on no event that only its ID says to be of the server', '@u:s', { sender: '@v:t', eventId: '$e:s' }, false],
  ])('%s, from version 3 on', (_name, by, of, expected) => {
    for (const version of ['3', '10', '11', '12']) expect(applies(version, by, of)).toBe(expected);
  });

  test.each([
    ['by the servers of the event IDs', '@u:s', { sender: '@v:t', eventId: '$e:s' }, true],
    ['on no event with the ID of another server', '@u:s', { sender: '@u:s', eventId: '$e:t' }, false],
    ['on any event with the redact level', '@m:s', { sender: '@v:t', eventId: '$e:t' }, true],
  ])('%s in versions 1 and 2', (_name, by, of, expected) => {
    for (const version of ['1', '2']) expect(applies(version, by, of)).toBe(expected);
  });
});
