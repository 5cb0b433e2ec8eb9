// Redaction as a matrix: what remains of each event type in every room version.
// https://spec.matrix.org/v1.19/rooms/v11/#redactions

import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../json/json-value.ts';
import { roomVersionRules } from '../room-versions/versions.ts';
import { redactsOf, toClientEvent } from './client-event.ts';
import type { PduDraft } from './pdu.ts';
import { redact } from './redact.ts';

const versions = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11', '12'];

const event = (type: string, content: JsonObject): PduDraft => ({
  type,
  room_id: '!r:s',
  sender: '@u:s',
  state_key: '',
  content,
  origin_server_ts: 1,
  prev_events: ['$p'],
  auth_events: ['$a'],
  depth: 2,
});

function rulesOf(version: string) {
  const rules = roomVersionRules(version);
  if (rules === undefined) throw new Error(version);
  return rules;
}

interface ContentCase {
  readonly type: string;
  readonly content: JsonObject;
  /** What remains, from one version to the one before the next row. */
  readonly kept: readonly (readonly [since: number, content: JsonObject])[];
}

function keptIn({ kept }: ContentCase, version: string): JsonObject | undefined {
  return kept.findLast(([since]) => since <= Number(version))?.[1];
}

const levels = {
  ban: 1,
  events: { x: 1 },
  events_default: 1,
  kick: 1,
  redact: 1,
  state_default: 1,
  users: {},
  users_default: 1,
};
const invite = { display_name: 'A', signed: { mxid: '@a:b', token: 't', signatures: {} } };

const joined = { membership: 'join' };
const create = { creator: '@u:s', room_version: '10', 'm.federate': false, additional_creators: [], __proto: 1 };

const cases: ContentCase[] = [
  { type: 'm.room.message', content: { body: 'x', msgtype: 'm.text' }, kept: [[1, {}]] },
  { type: 'm.room.topic', content: { topic: 'x' }, kept: [[1, {}]] },
  {
    type: 'm.room.aliases',
    content: { aliases: ['#a:b'], x: 1 },
    kept: [
      [1, { aliases: ['#a:b'] }],
      [6, {}],
    ],
  },
  {
    type: 'm.room.member',
    content: { ...joined, displayname: 'A', join_authorised_via_users_server: '@a:b', reason: 'x' },
    kept: [
      [1, joined],
      [9, { ...joined, join_authorised_via_users_server: '@a:b' }],
    ],
  },
  {
    type: 'm.room.member',
    content: { membership: 'invite', third_party_invite: invite },
    kept: [
      [1, { membership: 'invite' }],
      [11, { membership: 'invite', third_party_invite: { signed: invite.signed } }],
    ],
  },
  {
    type: 'm.room.member',
    content: { membership: 'invite', third_party_invite: 'x' },
    kept: [[1, { membership: 'invite' }]],
  },
  {
    type: 'm.room.create',
    content: create,
    kept: [
      [1, { creator: '@u:s' }],
      [11, create],
    ],
  },
  {
    type: 'm.room.join_rules',
    content: { join_rule: 'restricted', allow: [], x: 1 },
    kept: [
      [1, { join_rule: 'restricted' }],
      [8, { join_rule: 'restricted', allow: [] }],
    ],
  },
  {
    type: 'm.room.power_levels',
    content: { ...levels, invite: 1, notifications: { room: 1 } },
    kept: [
      [1, levels],
      [11, { ...levels, invite: 1 }],
    ],
  },
  {
    type: 'm.room.history_visibility',
    content: { history_visibility: 'joined', x: 1 },
    kept: [[1, { history_visibility: 'joined' }]],
  },
  {
    type: 'm.room.redaction',
    content: { redacts: '$x', reason: 'y' },
    kept: [
      [1, {}],
      [11, { redacts: '$x' }],
    ],
  },
];

describe.each(versions)('redaction in room version %s', (version) => {
  test.each(cases)('of $type keeps what the specification lists', (each) =>
    expect(redact(event(each.type, each.content), rulesOf(version)).content).toEqual(keptIn(each, version)),
  );

  test('keeps the listed top-level keys and no others', () => {
    const everything = {
      ...event('x', {}),
      event_id: '$e',
      hashes: { sha256: 'h' },
      signatures: {},
      unsigned: { age: 1 },
      redacts: '$r',
      origin: 's',
      prev_state: [],
      membership: 'join',
      other: 1,
    };
    const historical = Number(version) <= 10 ? ['membership', 'origin', 'prev_state'] : [];
    expect(Object.keys(redact(everything, rulesOf(version))).sort()).toEqual(
      ['auth_events', 'content', 'depth', 'event_id', 'hashes', 'origin_server_ts', 'prev_events']
        .concat(['room_id', 'sender', 'signatures', 'state_key', 'type'], historical)
        .sort(),
    );
  });

  test('twice is the same as once', () => {
    for (const { type, content } of cases) {
      const once = redact(event(type, content), rulesOf(version));
      expect(redact(once, rulesOf(version))).toEqual(once);
    }
  });
});

describe('an event as clients see it', () => {
  const redaction = (version: string): PduDraft =>
    Number(version) <= 10
      ? { ...event('m.room.redaction', { reason: 'y' }), redacts: '$x' }
      : event('m.room.redaction', { redacts: '$x', reason: 'y' });

  test.each(versions)('names what is redacted in both places in room version %s', (version) => {
    const seen = toClientEvent(redaction(version), { eventId: '$e', rules: rulesOf(version) });
    expect(seen.redacts).toBe('$x');
    expect(seen.content).toEqual({ redacts: '$x', reason: 'y' });
    expect(redactsOf(redaction(version), rulesOf(version))).toBe('$x');
  });

  test('has no room_id unless asked for, and nothing that only servers need', () => {
    const pdu = event('m.room.topic', { topic: 'x' });
    const context = { eventId: '$e', rules: rulesOf('12') };
    expect(Object.keys(toClientEvent(pdu, context)).sort()).toEqual(
      ['content', 'event_id', 'origin_server_ts', 'sender', 'state_key', 'type'].sort(),
    );
    expect(toClientEvent(pdu, { ...context, roomId: '!r', unsigned: { age: 1 } })).toMatchObject({
      room_id: '!r',
      unsigned: { age: 1 },
    });
  });
});
