// The form of events over all room versions: one good event per version, and every field of it made wrong.
// https://spec.matrix.org/v1.19/client-server-api/#size-limits

import { type JsonObject, type JsonValue, pduBytesMax, type RoomVersionRules, roomVersionRules } from '@pons/spec';
import { describe, expect, test } from 'vitest';
import { checkEventFormat } from './event-format.ts';

const versions = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11', '12'];
const rulesOf = (version: string) => roomVersionRules(version) as RoomVersionRules;
const isOldest = (version: string) => Number(version) <= 2;

const cite = (version: string, ...ids: string[]): JsonValue[] =>
  ids.map((id) => (isOldest(version) ? [`${id}:s`, { sha256: 'h' }] : id));

function good(version: string, more: JsonObject = {}): JsonObject {
  return {
    type: 'm.room.message',
    room_id: version === '12' ? `!${'r'.repeat(43)}` : '!r:s',
    sender: '@u:s',
    content: { body: 'x' },
    origin_server_ts: 1,
    prev_events: cite(version, '$p'),
    auth_events: cite(version, '$a', '$b'),
    depth: 3,
    hashes: { sha256: 'h' },
    signatures: { s: { 'ed25519:1': 'x' } },
    ...(isOldest(version) ? { event_id: '$e:s' } : {}),
    ...more,
  };
}

const verdictOf = (version: string, event: JsonObject): string => {
  const verdict = checkEventFormat(event, rulesOf(version));
  return verdict.outcome === 'valid' ? 'valid' : verdict.field || 'whole';
};
const many = (count: number) => Array.from({ length: count }, (_, at) => `$${at}`);

/** A field, a value for it (undefined: missing), the versions in which that is still an event, and what is named where it is not. */
const changes: [
  field: string,
  value: JsonValue | undefined,
  validIn: (version: number) => boolean,
  reported?: string,
][] = [
  ['type', undefined, () => false],
  ['type', 1, () => false],
  ['type', 'x'.repeat(255), () => true],
  ['type', 'x'.repeat(256), () => false],
  ['type', 'ü'.repeat(127), () => true],
  ['type', 'ü'.repeat(128), () => false],
  ['state_key', '', () => true],
  ['state_key', 'x'.repeat(256), () => false],
  ['state_key', null, () => false],
  ['sender', undefined, () => false],
  ['sender', 'u', () => false],
  ['sender', '@:s', () => true],
  ['sender', `@${'u'.repeat(252)}:s`, () => true],
  ['sender', `@${'u'.repeat(253)}:s`, () => false],
  ['room_id', undefined, () => false],
  ['room_id', 'r', () => false],
  ['room_id', `!${'r'.repeat(252)}:s`, () => true],
  ['room_id', `!${'r'.repeat(253)}:s`, () => false],
  ['content', undefined, () => false],
  ['content', [], () => false],
  ['content', null, () => false],
  ['origin_server_ts', undefined, () => false],
  ['origin_server_ts', '1', () => false],
  ['origin_server_ts', 0.5, (version) => version <= 5, 'whole'],
  ['content', { level: 0.5 }, (version) => version <= 5, 'whole'],
  ['content', { level: 2 ** 53 }, (version) => version <= 5, 'whole'],
  ['depth', undefined, () => false],
  ['depth', '1', () => false],
  ['depth', -1, () => false],
  ['depth', 0.5, () => false],
  ['depth', 2 ** 53 - 1, () => true],
  ['depth', 2 ** 53, (version) => version <= 5],
  ['depth', 2 ** 64, () => false],
  ['prev_events', undefined, () => false],
  ['prev_events', {}, () => false],
  ['prev_events', [], () => true],
  ['prev_events', ['$a', 1], () => false],
  ['prev_events', ['$a'], (version) => version > 2],
  ['prev_events', [['$a:s', { sha256: 'h' }]], (version) => version <= 2],
  ['prev_events', [['$a:s', {}]], (version) => version <= 2],
  ['prev_events', [['$a:s', { sha256: 1 }]], () => false],
  ['prev_events', [['$a:s']], () => false],
  ['auth_events', ['a'], () => false],
  ['hashes', undefined, () => false],
  ['hashes', {}, () => false],
  ['hashes', { sha256: 1 }, () => false],
  ['signatures', undefined, () => false],
  ['signatures', { s: 'x' }, () => false],
  ['signatures', { s: { 'ed25519:1': 1 } }, () => false],
  ['signatures', {}, () => true],
  ['unsigned', 1, () => false],
  ['unsigned', { age: 1 }, () => true],
  ['event_id', undefined, (version) => version > 2],
  ['event_id', '$e', (version) => version > 2],
  ['event_id', 'e:s', (version) => version > 2],
  ['event_id', `$${'e'.repeat(253)}:s`, (version) => version > 2],
  ['redacts', 1, () => true],
];

describe.each(versions)('the form of an event of room version %s', (version) => {
  test('that is good', () => expect(verdictOf(version, good(version))).toBe('valid'));

  test.each(changes)('with %s of %j', (field, value, validIn, reported = field) => {
    const { [field]: _taken, ...rest } = good(version);
    const event = value === undefined ? rest : { ...rest, [field]: value };
    expect(verdictOf(version, event)).toBe(validIn(Number(version)) ? 'valid' : reported);
  });

  test('that cites as many events as it may, and one more', () => {
    expect(verdictOf(version, good(version, { prev_events: cite(version, ...many(20)) }))).toBe('valid');
    expect(verdictOf(version, good(version, { prev_events: cite(version, ...many(21)) }))).toBe('prev_events');
    expect(verdictOf(version, good(version, { auth_events: cite(version, ...many(10)) }))).toBe('valid');
    expect(verdictOf(version, good(version, { auth_events: cite(version, ...many(11)) }))).toBe('auth_events');
  });

  test('that is as large as it may be, and larger by one byte of UTF-8', () => {
    const size = JSON.stringify(good(version, { content: { body: '' } })).length;
    const filled = (more: number) =>
      good(version, { content: { body: `ü${'x'.repeat(pduBytesMax - size - 2 + more)}` } });
    expect(verdictOf(version, filled(0))).toBe('valid');
    expect(verdictOf(version, filled(1))).toBe('whole');
  });

  test('that is a create event without room ID', () => {
    const { room_id: _none, ...create } = good(version, { type: 'm.room.create', state_key: '' });
    expect(verdictOf(version, create)).toBe(version === '12' ? 'valid' : 'room_id');
  });

  test('that redacts what is no event', () => {
    const redaction = good(version, { type: 'm.room.redaction', redacts: 1 });
    expect(verdictOf(version, redaction)).toBe(Number(version) <= 10 ? 'redacts' : 'valid');
  });

  test('that inherits nothing from every object', () => {
    expect(verdictOf(version, JSON.parse('{"__proto__":{"type":"x"}}') as JsonObject)).toBe('type');
  });
});
