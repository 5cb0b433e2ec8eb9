// Tables of filters against events: the outcome for each way of naming types, senders, rooms and urls.
import { describe, expect, it } from 'vitest';
import { parseRoomEventFilter } from '../../accounts/filters.ts';
import type { VisibleEvent } from '../../rooms/visibility.ts';
import { eventMatcher } from './event-matches.ts';

function passes(filter: Record<string, string[] | boolean>, event: { type?: string; sender?: string; url?: string }) {
  const { type = 'm.room.message', sender = '@a:x', url } = event;
  const json = JSON.stringify({ content: url === undefined ? {} : { url } });
  const row = { type, sender, json } as VisibleEvent['row'];
  return eventMatcher(parseRoomEventFilter(filter), '!room:x')?.(row) ?? true;
}

describe('a filter of events', () => {
  it.each([
    ['lets everything pass when it says nothing', {}, {}, true],
    ['takes the types it lists', { types: ['m.room.message'] }, {}, true],
    ['drops other types', { types: ['m.room.name'] }, {}, false],
    ['knows * as any characters', { types: ['m.*age'] }, {}, true],
    ['wants both ends of a pattern', { types: ['m.*name'] }, {}, false],
    ['does not let the ends of a pattern overlap', { types: ['m.room.mess*ssage'] }, {}, false],
    ['takes patterns with several stars in order', { types: ['m*room*me*'] }, {}, true],
    ['refuses parts in the wrong order', { types: ['m*message*room*'] }, {}, false],
    ['lets not_types win over types', { types: ['m.*'], not_types: ['m.room.*'] }, {}, false],
    ['takes the senders it lists', { senders: ['@a:x'] }, {}, true],
    ['lets not_senders win over senders', { senders: ['@a:x'], not_senders: ['@a:x'] }, {}, false],
    ['takes nothing with an empty list', { types: [] }, {}, false],
    ['wants a url', { contains_url: true }, { url: 'mxc://x/y' }, true],
    ['wants no url', { contains_url: false }, { url: 'mxc://x/y' }, false],
    ['leaves other rooms alone', { rooms: ['!other:x'] }, {}, false],
    ['leaves out a room', { not_rooms: ['!room:x'] }, {}, false],
  ])('%s', (_claim, filter, event, expected) => {
    expect(passes(filter as Record<string, string[] | boolean>, event)).toBe(expected);
  });
});
