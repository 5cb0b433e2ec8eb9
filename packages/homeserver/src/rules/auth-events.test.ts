// https://spec.matrix.org/v1.19/server-server-api/#auth-events-selection

import { type JsonObject, type PduDraft, roomVersionRules } from '@pons/spec';
import { describe, expect, test } from 'vitest';
import { authEventKeys, authStateKeys } from './auth-events.ts';
import { type CitedEvent, judgeAuthEvents } from './auth-rules/auth-events.ts';

const versions = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11', '12'];

function rulesOf(version: string) {
  const rules = roomVersionRules(version);
  if (rules === undefined) throw new Error(version);
  return rules;
}

const draft = (type: string, content: JsonObject = {}, state_key?: string): PduDraft => ({
  type,
  room_id: '!r',
  sender: '@a:s',
  content,
  origin_server_ts: 1,
  prev_events: [],
  auth_events: [],
  depth: 1,
  ...(state_key === undefined ? {} : { state_key }),
});

const power = 'm.room.power_levels|';
const own = 'm.room.member|@a:s';
const target = 'm.room.member|@b:t';
const joinRules = 'm.room.join_rules|';
const text = (keys: readonly (readonly [string, string])[]) => keys.map((key) => key.join('|'));

/** What an event cites besides the create event. */
const cases: [string, PduDraft, string[]][] = [
  ['a message', draft('m.room.message'), [power, own]],
  ['state', draft('m.room.topic', {}, ''), [power, own]],
  ['a join', draft('m.room.member', { membership: 'join' }, '@a:s'), [power, own, joinRules]],
  ['a knock', draft('m.room.member', { membership: 'knock' }, '@a:s'), [power, own, joinRules]],
  ['a leave', draft('m.room.member', { membership: 'leave' }, '@a:s'), [power, own]],
  ['a kick', draft('m.room.member', { membership: 'leave' }, '@b:t'), [power, own, target]],
  ['a ban', draft('m.room.member', { membership: 'ban' }, '@b:t'), [power, own, target]],
  ['an invitation', draft('m.room.member', { membership: 'invite' }, '@b:t'), [power, own, target, joinRules]],
  [
    'a third-party invitation that is taken up',
    draft('m.room.member', { membership: 'invite', third_party_invite: { signed: { token: 'tok' } } }, '@b:t'),
    [power, own, target, joinRules, 'm.room.third_party_invite|tok'],
  ],
  [
    'a third-party invitation without a token',
    draft('m.room.member', { membership: 'invite', third_party_invite: 'x' }, '@b:t'),
    [power, own, target, joinRules],
  ],
  [
    'a restricted join',
    draft('m.room.member', { membership: 'join', join_authorised_via_users_server: '@c:s' }, '@a:s'),
    [power, own, joinRules, 'm.room.member|@c:s'],
  ],
  [
    'a leave that names an authorising user',
    draft('m.room.member', { membership: 'leave', join_authorised_via_users_server: '@c:s' }, '@a:s'),
    [power, own],
  ],
];

describe.each(versions)('auth events in room version %s', (version) => {
  const rules = rulesOf(version);
  const create = version === '12' ? [] : ['m.room.create|'];

  test.each(cases)('of %s', (name, event, all) => {
    // Who vouches for a restricted join counts where there are such joins.
    const keys = name === 'a restricted join' && Number(version) < 8 ? all.slice(0, -1) : all;
    expect(text(authEventKeys(event, rules))).toEqual([...create, ...keys]);
    expect(text(authStateKeys(event, rules))).toEqual(['m.room.create|', ...keys]);
  });

  test('of a create event are none', () => expect(authEventKeys(draft('m.room.create', {}, ''), rules)).toEqual([]));
});

const cite = (type: string, state_key: string, more: Partial<CitedEvent & { room_id: string }> = {}): CitedEvent => ({
  event: { type, state_key, room_id: more.room_id ?? '!r' },
  rejected: more.rejected ?? false,
});
const good = [cite('m.room.power_levels', ''), cite('m.room.member', '@a:s')];

/** What a message cites besides the create event where that is needed; the rule that rejects it up to version 11, and in 12. */
const citations: [string, CitedEvent[], readonly [string, string]][] = [
  ['what was selected', good, ['allowed', 'allowed']],
  ['fewer than were selected', good.slice(1), ['allowed', 'allowed']],
  ['one key twice', [...good, cite('m.room.member', '@a:s')], ['2.1', '3.1']],
  ['another user’s membership', [...good, cite('m.room.member', '@b:t')], ['2.2', '3.2']],
  ['the join rules', [...good, cite('m.room.join_rules', '')], ['2.2', '3.2']],
  ['a rejected event', [cite('m.room.member', '@a:s', { rejected: true })], ['2.3', '3.3']],
  ['an event of another room', [cite('m.room.member', '@a:s', { room_id: '!x' })], ['2.5', '3.4']],
];

describe('the auth events that a message cites', () => {
  test.each(citations)('%s', (_name, cited, expected) => {
    const results = versions.map((version) => {
      const all = version === '12' ? cited : [cite('m.room.create', ''), ...cited];
      const verdict = judgeAuthEvents(draft('m.room.message'), '!r', all, rulesOf(version));
      return verdict.outcome === 'allowed' ? 'allowed' : verdict.rule;
    });
    expect(results).toEqual(versions.map((version) => expected[version === '12' ? 1 : 0]));
  });

  test('include the create event before room version 12 and do not from then on', () => {
    const judge = (version: string, cited: CitedEvent[]) =>
      judgeAuthEvents(draft('m.room.message'), '!r', cited, rulesOf(version));
    expect(judge('11', good)).toMatchObject({ rule: '2.4' });
    expect(judge('12', [cite('m.room.create', ''), ...good])).toMatchObject({ rule: '3.2' });
  });
});
