// Hostile templates: whatever a server puts into the draft of our join, leave or knock besides what it must, nothing is signed. Tables
// over all fields of the event, and over what we are asked to sign as well.
// https://spec.matrix.org/v1.19/server-server-api/#joining-rooms

import { type JsonObject, type JsonValue, type Pdu, type RoomVersionRules, roomVersionRules } from '@pons/spec';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type HandedOver, mayCountersign } from './countersign.ts';
import { eventOfTemplate, type TemplateRequest } from './template.ts';

const versions = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11', '12'];
const rulesOf = (version: string) => roomVersionRules(version) as RoomVersionRules;
const user = '@user:here';
const room = '!r:there';

const cite = (version: string, ...ids: string[]): JsonValue[] =>
  ids.map((id) => (Number(version) <= 2 ? [id, { sha256: 'h' }] : id));

function request(version: string, more: Partial<TemplateRequest> = {}): TemplateRequest {
  return {
    roomId: room,
    userId: user,
    membership: 'join',
    rules: rulesOf(version),
    residentServer: 'there',
    content: { displayname: 'User' },
    originServerTs: 77,
    ...more,
  };
}

function template(version: string, more: JsonObject = {}): JsonObject {
  return {
    type: 'm.room.member',
    room_id: room,
    sender: user,
    state_key: user,
    content: { membership: 'join' },
    prev_events: cite(version, '$p'),
    auth_events: cite(version, '$a', '$b'),
    depth: 9,
    origin: 'there',
    origin_server_ts: 5,
    ...more,
  };
}

const outcomeOf = (version: string, given: JsonObject, asked?: Partial<TemplateRequest>): string => {
  const verdict = eventOfTemplate(given, request(version, asked));
  return verdict.outcome === 'ours' ? 'ours' : verdict.field;
};

const vouching = (value: JsonValue): JsonObject => ({ membership: 'join', join_authorised_via_users_server: value });
const vouched = 'content.join_authorised_via_users_server';

/** A member of the template, what it is instead, and what is named; undefined: it is missing. */
const changes: [field: string, value: JsonValue | undefined, named: string][] = [
  ['type', 'm.room.power_levels', 'type'],
  ['type', undefined, 'type'],
  ['room_id', '!other:there', 'room_id'],
  ['room_id', undefined, 'room_id'],
  ['sender', '@admin:here', 'sender'],
  ['sender', undefined, 'sender'],
  ['state_key', '@admin:here', 'state_key'],
  ['state_key', '', 'state_key'],
  ['state_key', undefined, 'state_key'],
  ['content', undefined, 'content'],
  ['content', 'join', 'content'],
  ['content', {}, 'content.membership'],
  ['content', { membership: 'leave' }, 'content.membership'],
  ['content', { membership: 'ban' }, 'content.membership'],
  ['content', { membership: ['join'] }, 'content.membership'],
  ['content', { membership: 'join', displayname: 'Fool' }, 'content.displayname'],
  ['content', { membership: 'join', avatar_url: 'mxc://x/y' }, 'content.avatar_url'],
  ['content', { membership: 'join', reason: 'x' }, 'content.reason'],
  ['content', { membership: 'join', is_direct: true }, 'content.is_direct'],
  ['content', { membership: 'join', third_party_invite: {} }, 'content.third_party_invite'],
  ['content', { membership: 'join', users: {} }, 'content.users'],
  ['content', vouching('@x:elsewhere'), vouched],
  ['content', vouching('there'), vouched],
  ['content', vouching(1), vouched],
  ['content', vouching(null), vouched],
  ['redacts', '$e', 'redacts'],
  ['membership', 'join', 'membership'],
  ['anything', 1, 'anything'],
  ['prev_events', undefined, 'prev_events'],
  ['prev_events', [], 'prev_events'],
  ['prev_events', ['p'], 'prev_events'],
  ['prev_events', [1], 'prev_events'],
  ['prev_events', '$p', 'prev_events'],
  ['prev_events', [['$p', {}]], 'prev_events'],
  ['prev_events', [['$p', { sha256: 'h', md5: 'h' }]], 'prev_events'],
  ['auth_events', undefined, 'auth_events'],
  ['auth_events', [{}], 'auth_events'],
  ['depth', undefined, 'depth'],
  ['depth', '9', 'depth'],
  ['depth', -1, 'depth'],
  ['depth', 1.5, 'depth'],
  ['depth', 2 ** 53, 'depth'],
];

describe.each(versions)('a template in room version %s', (version) => {
  test('that is as it should be becomes an event of ours', () => {
    const verdict = eventOfTemplate(template(version), request(version));
    expect(verdict).toEqual({
      outcome: 'ours',
      draft: {
        type: 'm.room.member',
        room_id: room,
        sender: user,
        state_key: user,
        content: { membership: 'join', displayname: 'User' },
        origin_server_ts: 77,
        prev_events: cite(version, '$p'),
        auth_events: cite(version, '$a', '$b'),
        depth: 9,
      },
    });
  });

  test.each(changes)('gets no signature with %s of %j', (field, value, named) => {
    const { [field]: _taken, ...rest } = template(version);
    expect(outcomeOf(version, value === undefined ? rest : { ...rest, [field]: value })).toBe(named);
  });

  test('gets no signature when it cites too much or twice', () => {
    const ids = Array.from({ length: 21 }, (_, at) => `$${at}`);
    expect(outcomeOf(version, template(version, { prev_events: cite(version, ...ids) }))).toBe('prev_events');
    expect(outcomeOf(version, template(version, { auth_events: cite(version, ...ids.slice(0, 11)) }))).toBe(
      'auth_events',
    );
    expect(outcomeOf(version, template(version, { auth_events: cite(version, '$a', '$a') }))).toBe('auth_events');
  });

  test('may have a user of the asked server vouch for a join, where there are such joins', () => {
    const given = template(version, { content: vouching('@x:there') });
    expect(outcomeOf(version, given)).toBe(Number(version) >= 8 ? 'ours' : vouched);
    const leave = template(version, { content: { ...vouching('@x:there'), membership: 'leave' } });
    expect(outcomeOf(version, leave, { membership: 'leave' })).toBe(vouched);
  });

  test.each(['join', 'leave', 'knock'] as const)('of a %s is of nothing else', (membership) => {
    for (const other of ['join', 'leave', 'knock', 'invite', 'ban']) {
      const given = template(version, { content: { membership: other } });
      expect(outcomeOf(version, given, { membership })).toBe(other === membership ? 'ours' : 'content.membership');
    }
  });

  test('says nothing that a signature covers but where the event stands', () => {
    const rubbish = {
      origin: 'x',
      origin_server_ts: 1,
      event_id: '$x',
      unsigned: { a: 1 },
      hashes: {},
      signatures: {},
      prev_state: [],
    };
    expect(eventOfTemplate(template(version, rubbish), request(version))).toEqual(
      eventOfTemplate(template(version), request(version)),
    );
  });
});

describe('any template', () => {
  test('gives an event whose every member is ours or a place in the room, or none', () => {
    const value = fc.oneof(fc.constantFrom<JsonValue>('join', user, room, 'm.room.member', 5, null, []), fc.string());
    const entries = fc.dictionary(
      fc.constantFrom('type', 'room_id', 'sender', 'state_key', 'content', 'depth', 'redacts', '__proto__', 'x'),
      value,
    );
    fc.assert(
      fc.property(fc.constantFrom(...versions), entries, (version, more) => {
        const verdict = eventOfTemplate({ ...template(version), ...more } as JsonObject, request(version));
        if (verdict.outcome === 'differs') return;
        const { depth, ...draft } = verdict.draft;
        const sample = eventOfTemplate(template(version), request(version));
        expect({ ...verdict, draft: { ...draft, depth: 9 } }).toEqual(sample);
        expect(Number.isSafeInteger(depth)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});

const invite: Pdu = {
  type: 'm.room.member',
  room_id: room,
  sender: '@them:there',
  state_key: user,
  content: { membership: 'invite', displayname: 'User', is_direct: true },
  origin_server_ts: 1,
  prev_events: [],
  auth_events: [],
  depth: 1,
  hashes: { sha256: 'h' },
  signatures: {},
};
const join: Pdu = {
  ...invite,
  state_key: '@them:there',
  content: { membership: 'join', join_authorised_via_users_server: user },
};
const as = (what: 'invite' | 'join', version = '12'): HandedOver => ({
  as: what,
  roomId: room,
  origin: 'there',
  serverName: 'here',
  rules: rulesOf(version),
});

describe('an event that we are to sign as well', () => {
  test.each<[string, Pdu, HandedOver, string]>([
    ['an invitation of a user of ours', invite, as('invite'), 'sign'],
    ['of another server’s user', { ...invite, state_key: '@x:there' }, as('invite'), 'state_key'],
    ['an invitation of nobody', { ...invite, state_key: '' }, as('invite'), 'state_key'],
    ['for another room', { ...invite, room_id: '!x:there' }, as('invite'), 'room_id'],
    ['by a user of a third server', { ...invite, sender: '@them:third' }, as('invite'), 'sender'],
    ['in the name of a user of ours', { ...invite, sender: '@other:here' }, as('invite'), 'sender'],
    ['that is a join', { ...invite, content: { membership: 'join' } }, as('invite'), 'content.membership'],
    ['that is a ban', { ...invite, content: { membership: 'ban' } }, as('invite'), 'content.membership'],
    ['that is no membership', { ...invite, type: 'm.room.power_levels' }, as('invite'), 'type'],
    [
      'that says we vouch',
      { ...invite, content: { ...invite.content, ...vouching(user), membership: 'invite' } },
      as('invite'),
      vouched,
    ],
    ['a join for which a user of ours vouches', join, as('join'), 'sign'],
    ['for which another server’s vouches', { ...join, content: vouching('@x:third') }, as('join'), vouched],
    ['for which nobody vouches', { ...join, content: { membership: 'join' } }, as('join'), vouched],
    ['for somebody else', { ...join, state_key: '@x:there' }, as('join'), 'state_key'],
    [
      'that is an invitation',
      { ...join, content: { ...join.content, membership: 'invite' } },
      as('join'),
      'content.membership',
    ],
    ['where there are no such joins', join, as('join', '7'), vouched],
  ])('%s', (_name, pdu, handedOver, expected) => {
    const verdict = mayCountersign(pdu, handedOver);
    expect(verdict.outcome === 'sign' ? 'sign' : verdict.field).toBe(expected);
  });
});
