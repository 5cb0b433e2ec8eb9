// What passes a filter and which fields are left, as tables; the patterns of types mean the same here and in the database.
import { describe, expect, it } from 'vitest';
import { eventPasses, timelineSelection, withFields } from './filter.ts';

describe('types of a filter', () => {
  const cases: [string, string, boolean][] = [
    ['m.room.message', 'm.room.message', true],
    ['m.room.message', 'm.room.messages', false],
    ['m.room.*', 'm.room.message', true],
    ['*', '', true],
    ['*.message', 'm.room.message', true],
    ['m.*.m*e', 'm.room.message', true],
    ['a*a', 'a', false],
    ['a*b*c', 'abc', true],
    ['m.room._', 'm.room.x', false],
  ];
  it.each(cases)('%s and %s: %s', (pattern, type, passes) => {
    expect(eventPasses({ types: [pattern] }, { type })).toBe(passes);
    expect(eventPasses({ notTypes: [pattern] }, { type })).toBe(!passes);
  });

  it('mean to the database what they mean here', () => {
    const filter = { types: ['a_b%*\\'], lazyLoadMembers: false, includeRedundantMembers: false };
    expect(timelineSelection(filter).types).toEqual(['a\\_b\\%%\\\\']);
  });

  it('excluding wins over including, for senders too', () => {
    const filter = { senders: ['@a:x'], notSenders: ['@a:x'] };
    expect(eventPasses(filter, { type: 't', sender: '@a:x' })).toBe(false);
    expect(eventPasses({ senders: [] }, { type: 't', sender: '@a:x' })).toBe(false);
  });
});

describe('fields of events', () => {
  const event = { type: 't', content: { body: 'b', 'm.relates_to': { rel: 1 }, deep: { a: 1, b: 2 } }, sender: '@a:x' };
  it('are picked by paths, in which a dot can be escaped', () => {
    expect(withFields(event, ['content.m\\.relates_to', 'content.deep.a', 'nothing.there'])).toEqual({
      content: { 'm.relates_to': { rel: 1 }, deep: { a: 1 } },
    });
  });
  it('asked for as a whole stay whole, and the event itself is left alone', () => {
    expect(withFields(event, ['content', 'content.body'])).toEqual({ content: event.content });
    expect(withFields(event, ['content.body', 'content'])).toEqual({ content: event.content });
    expect(withFields(event, ['__proto__.x'])).toEqual({});
  });
});
