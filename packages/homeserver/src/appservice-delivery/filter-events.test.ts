// Which key of `pons.filters` leaves an event out; patterns against a regular expression that says the same.
import { validateRegistration } from '@pons/registration';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toAppservice } from '../appservices/registry.ts';
import { compileFilter, type FilteredItem } from './filter-events.ts';

function filterOf(filters: object) {
  const validation = validateRegistration({
    id: 'irc',
    url: 'http://127.0.0.1:1',
    as_token: 'a',
    hs_token: 'h',
    sender_localpart: 'ircbot',
    namespaces: { users: [{ regex: '@_irc_', exclusive: true }] },
    pons: { filters },
  });
  if (validation.outcome === 'refused') throw new TypeError(JSON.stringify(validation.problems));
  return compileFilter(toAppservice(validation.registration, 'x', { file: 'irc.yaml' }));
}

const message = { type: 'm.room.message', sender: '@alice:x', roomId: '!a:x', originServerTs: 1_000_000 };
const receipt = { type: 'm.receipt', sender: '@alice:x', roomId: '!a:x' };
const cases: [object, FilteredItem, string | undefined][] = [
  [{ own_events: false }, message, undefined],
  [{ own_events: false }, { ...message, sender: '@_irc_bob:x' }, 'own_events'],
  [{ own_events: false }, { ...message, sender: '@ircbot:x' }, 'own_events'],
  [{ own_events: false }, { ...message, sender: '@_irc_bob:elsewhere' }, undefined],
  [{ types: ['m.room.member'] }, message, 'types'],
  [{ types: ['m.room.member'] }, receipt, undefined],
  [{ types: ['m.room.*'] }, message, undefined],
  [{ not_types: ['m.*'] }, message, 'not_types'],
  [{ not_types: ['m.rec*pt'] }, receipt, 'not_types'],
  [{ rooms: ['!b:x'] }, message, 'rooms'],
  [{ rooms: ['!b:x'] }, receipt, 'rooms'],
  [{ not_rooms: ['!a:x'] }, message, 'not_rooms'],
  [{ max_age_ms: 60_000 }, message, undefined],
  [{ max_age_ms: 60_000 }, { ...message, originServerTs: 900_000 }, 'max_age_ms'],
  [{ max_age_ms: 60_000 }, receipt, undefined],
];

describe('a filter', () => {
  it.each(cases)('%j of %j: %s', (filters, item, key) => {
    expect(filterOf(filters)?.(item, 1_000_001)).toBe(key);
  });

  it('that leaves nothing out is none', () => {
    expect(filterOf({})).toBeUndefined();
    expect(filterOf({ own_events: true, types: [] })).toBeUndefined();
  });

  it('takes `*` for any text, as a regular expression would', () => {
    const letters = fc.stringMatching(/^[ab.]{0,8}$/);
    const patterns = fc.stringMatching(/^[ab.*]{1,8}$/);
    fc.assert(
      fc.property(patterns, letters, (pattern, type) => {
        const regex = new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '.*')}$`);
        expect(filterOf({ types: [pattern] })?.({ ...message, type }, 0) === undefined).toBe(regex.test(type));
      }),
      { numRuns: 500 },
    );
  });
});
