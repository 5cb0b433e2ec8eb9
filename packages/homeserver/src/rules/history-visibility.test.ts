// https://spec.matrix.org/v1.19/client-server-api/#server-behaviour-5

import type { HistoryVisibility, JsonObject } from '@pons/spec';
import { describe, expect, test } from 'vitest';
import { historyVisibilityOf, maySeeEvent } from './history-visibility.ts';

const memberships = ['join', 'invite', 'knock', 'leave', 'ban', undefined] as const;
/** Who sees an event at that visibility: those who never joined afterwards, and those who did. */
const table: [HistoryVisibility, (typeof memberships)[number][], (typeof memberships)[number][]][] = [
  ['world_readable', [...memberships], [...memberships]],
  ['shared', ['join'], [...memberships]],
  ['invited', ['join', 'invite'], ['join', 'invite']],
  ['joined', ['join'], ['join']],
];

describe.each(table)('history visibility %s', (visibility, without, withJoin) => {
  test.each(memberships)('for somebody whose membership was %s', (membership) => {
    expect(maySeeEvent({ visibility, membership, joinedLater: false })).toBe(without.includes(membership));
    expect(maySeeEvent({ visibility, membership, joinedLater: true })).toBe(withJoin.includes(membership));
  });
});

describe('history visibility', () => {
  const outside = { visibility: 'joined', membership: 'leave', joinedLater: false } as const;

  test('lets a change of visibility be seen when either side allows', () => {
    expect(maySeeEvent({ ...outside, visibilityAfter: 'world_readable' })).toBe(true);
    expect(maySeeEvent({ ...outside, visibility: 'world_readable', visibilityAfter: 'joined' })).toBe(true);
    expect(maySeeEvent({ ...outside, visibilityAfter: 'shared' })).toBe(false);
  });

  test('lets users see their own joining and leaving', () => {
    expect(maySeeEvent({ ...outside, membershipAfter: 'join' })).toBe(true);
    expect(maySeeEvent({ ...outside, membership: 'join', membershipAfter: 'ban' })).toBe(true);
    expect(maySeeEvent({ ...outside, membershipAfter: 'invite' })).toBe(false);
    expect(maySeeEvent({ ...outside, visibility: 'invited', membershipAfter: 'invite' })).toBe(true);
  });

  test.each<JsonObject | undefined>([undefined, {}, { history_visibility: 'x' }, { history_visibility: 1 }])(
    'is shared when %j is said',
    (content) => expect(historyVisibilityOf(content)).toBe('shared'),
  );

  test('is what is said', () => expect(historyVisibilityOf({ history_visibility: 'joined' })).toBe('joined'));
});
