// The specification's own vectors, and tweetnacl as a second opinion on everything node:crypto signs.
// https://spec.matrix.org/v1.19/appendices/#cryptographic-test-vectors

import fc from 'fast-check';
import nacl from 'tweetnacl';
import { describe, expect, test } from 'vitest';
import { citedIds, type Pdu, type PduDraft } from '../events/pdu.ts';
import { redact } from '../events/redact.ts';
import { canonicalJson } from '../json/canonical-json.ts';
import type { JsonObject } from '../json/json-value.ts';
import type { RoomVersionRules } from '../room-versions/rules.ts';
import { roomVersionRules, supportedRoomVersions } from '../room-versions/versions.ts';
import { fromBase64, toBase64 } from './base64.ts';
import { contentHash, contentHashMatches } from './content-hash.ts';
import { finishPdu } from './finish-pdu.ts';
import { eventIdOf, referenceHash, referenceTo, roomIdOf } from './reference-hash.ts';
import { requiredSigners } from './required-signers.ts';
import { countersignPdu, signJson, signPdu } from './sign-json.ts';
import { formatSigningKey, makeSigningKey, parseSigningKey, readVerifyKey, type SigningKey } from './signing-key.ts';
import { anySignatureMatches, signingKeyIds, verifyJson, verifyPdu } from './verify-json.ts';

const must = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error('expected a value');
  return value;
};
const rulesOf = (version: string): RoomVersionRules => must(roomVersionRules(version));
const key: SigningKey = must(parseSigningKey('ed25519 1 YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1\n'));
const otherKey: SigningKey = must(makeSigningKey('2', new Uint8Array(32).fill(9)));
const findKey = (keyId: string) => (keyId === 'ed25519:1' ? readVerifyKey(key.publicKey) : undefined);

const draft = (more: Partial<PduDraft> = {}): PduDraft => ({
  type: 'm.room.message',
  room_id: '!r:domain',
  sender: '@u:domain',
  content: { body: 'Here is the message content', msgtype: 'm.text' },
  origin_server_ts: 1_000_000,
  prev_events: ['$p'],
  auth_events: ['$a'],
  depth: 3,
  ...more,
});

describe('unpadded base64', () => {
  test.each([
    ['', ''],
    ['f', 'Zg'],
    ['fo', 'Zm8'],
    ['foo', 'Zm9v'],
    ['foob', 'Zm9vYg'],
    ['fooba', 'Zm9vYmE'],
    ['foobar', 'Zm9vYmFy'],
  ])('of %j is as the specification says', (text, base64) => {
    expect(toBase64(Buffer.from(text))).toBe(base64);
    expect(fromBase64(base64, text.length)).toEqual(Buffer.from(text));
  });

  test('is read with padding and in the URL-safe alphabet, but not with anything else or of another length', () => {
    expect(fromBase64('+/8=', 2)).toEqual(Buffer.from([0xfb, 0xff]));
    expect(fromBase64('-_8', 2)).toEqual(Buffer.from([0xfb, 0xff]));
    expect(fromBase64('Zm 9v', 3)).toBeUndefined();
    expect(fromBase64('Zm9v', 2)).toBeUndefined();
  });
});

describe('signing keys', () => {
  test('survive being written and read', () => {
    expect(formatSigningKey(key)).toBe('ed25519 1 YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA0\n');
    expect(must(parseSigningKey(formatSigningKey(key))).publicKey).toBe(key.publicKey);
  });

  test.each([
    '',
    'ed25519 a',
    'rsa a YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1',
    'ed25519 a-b YJDB',
    'ed25519 a YJDB',
  ])('are not read from %j', (text) => expect(parseSigningKey(text)).toBeUndefined());

  test('have the public key that tweetnacl derives', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (seed) => {
        const made = must(makeSigningKey('a', seed));
        const { secretKey, publicKey } = nacl.sign.keyPair.fromSeed(seed);
        expect(made.publicKey).toBe(toBase64(publicKey));
        const signed = signJson({ a: 1 }, 's', made);
        const expected = nacl.sign.detached(Buffer.from('{"a":1}'), secretKey);
        expect(signed.signatures['s']?.['ed25519:a']).toBe(toBase64(expected));
      }),
      { numRuns: 20 },
    );
  });
});

describe('signing JSON', () => {
  test.each([
    [{}, 'K8280/U9SSy9IVtjBuVeLr+HpOB4BQFWbg+UZaADMtTdGYI7Geitb76LTrr5QV/7Xg4ahLwYGYZzuHGZKM5ZAQ'],
    [{ one: 1, two: 'Two' }, 'KqmLSbO39/Bzb0QIYE82zqLwsA+PDzYIpIRA2sRQ4sL53+sN6/fpNSoqE7BP7vBZhG6kYdD13EIMJpvhJI+6Bw'],
  ])('%j gives the signature of the specification', (object, signature) =>
    expect(signJson(object, 'domain', key)).toEqual({ ...object, signatures: { domain: { 'ed25519:1': signature } } }),
  );

  test('leaves unsigned and the signatures of others as they are', () => {
    const once = signJson({ a: 1, unsigned: { age: 5 } }, 'other', otherKey);
    const twice = signJson(once, 'domain', key);
    expect(twice.unsigned).toEqual({ age: 5 });
    expect(twice.signatures['other']).toEqual(once.signatures['other']);
    expect(verifyJson({ ...twice, unsigned: { age: 6 } }, 'domain', findKey).outcome).toBe('verified');
  });
});

describe('checking signatures', () => {
  const signed = signJson({ one: 1 }, 'domain', key);
  const withSignature = (signature: string) => ({ one: 1, signatures: { domain: { 'ed25519:1': signature } } });
  const good = must(signed.signatures['domain']?.['ed25519:1']);

  test.each<[string, JsonObject, string]>([
    ['a good one', signed, 'verified'],
    ['a padded one', withSignature(`${good}==`), 'verified'],
    ['none', { one: 1 }, 'unsigned'],
    ['one of another algorithm', { one: 1, signatures: { domain: { 'rsa:1': good } } }, 'unsigned'],
    ['one of another server', { one: 1, signatures: { other: { 'ed25519:1': good } } }, 'unsigned'],
    ['one by an unknown key', { one: 1, signatures: { domain: { 'ed25519:9': good } } }, 'unknown key'],
    [
      'one by a known and one by an unknown key',
      { one: 1, signatures: { domain: { 'ed25519:1': good, 'ed25519:9': 'x' } } },
      'verified',
    ],
    ['one over something else', { ...signed, one: 2 }, 'bad signature'],
    ['one that is too short', withSignature(good.slice(4)), 'bad signature'],
    ['one that is no base64', withSignature(`!${good.slice(1)}`), 'bad signature'],
    ['signatures that are no object', { one: 1, signatures: 'x' }, 'unsigned'],
    ['a server named __proto__', JSON.parse('{"signatures":{"__proto__":{"domain":{}}}}'), 'unsigned'],
  ])('%s', (_name, object, expected) => {
    const result = verifyJson(object, 'domain', findKey);
    expect(result.outcome === 'verified' ? result.outcome : result.reason).toBe(expected);
  });

  test('names the keys to fetch', () => expect(signingKeyIds(signed, 'domain')).toEqual(['ed25519:1']));

  test('of a third-party invitation finds any signature by any of its keys', () => {
    const token = signJson({ mxid: '@a:b', token: 't' }, 'id.example', key);
    expect(anySignatureMatches(token, [otherKey.publicKey, key.publicKey])).toBe(true);
    expect(anySignatureMatches(token, [otherKey.publicKey, 'nonsense'])).toBe(false);
    expect(anySignatureMatches({ ...token, mxid: '@c:d' }, [key.publicKey])).toBe(false);
  });
});

describe('signing events', () => {
  // The vectors are of the first room versions, whose redaction keeps `origin` as version 10 does.
  const rules = rulesOf('10');

  test('gives hash and signature of the specification for the minimal event', () => {
    const event = {
      room_id: '!x:domain',
      sender: '@a:domain',
      origin: 'domain',
      origin_server_ts: 1_000_000,
      signatures: {},
      hashes: {},
      type: 'X',
      content: {},
      prev_events: [],
      auth_events: [],
      depth: 3,
      unsigned: { age_ts: 1_000_000 },
    };
    const signed = signPdu(event, rules, 'domain', key);
    expect(signed.hashes.sha256).toBe('5jM4wQpv6lnBo7CLIghJuHdW+s2CMBJPUOGOC89ncos');
    expect(signed.signatures).toEqual({
      domain: { 'ed25519:1': 'KxwGjPSDEtvnFgU00fwFz+l6d2pJM6XBIaMEn81SXPTRl16AqLAYqfIReFGZlHi5KLjAWbOoMszkwsQma+lYAg' },
    });
    expect(signed.unsigned).toEqual({ age_ts: 1_000_000 });
  });

  test('gives hash and signature of the specification for an event with redactable content', () => {
    const event = {
      content: { body: 'Here is the message content' },
      event_id: '$0:domain',
      origin: 'domain',
      origin_server_ts: 1_000_000,
      type: 'm.room.message',
      room_id: '!r:domain',
      sender: '@u:domain',
      signatures: {},
      unsigned: { age_ts: 1_000_000 },
    } as unknown as PduDraft;
    const signed = signPdu(event, rules, 'domain', key);
    expect(signed.hashes.sha256).toBe('onLKD1bGljeBWQhWZ1kaP9SorVmRQNdN5aM2JYU2n/g');
    expect(signed.signatures).toEqual({
      domain: { 'ed25519:1': 'Wm+VzmOUOz08Ds+0NTWb1d4CZrVsJSikkeRxh6aCcUwu6pNC78FunoD7KNWzqFn241eYHYMGCA5McEiVPdhzBA' },
    });
  });

  test('survives redaction, and the hash tells the full event from the redacted one', () => {
    const pdu = signPdu(draft(), rules, 'domain', key);
    const redacted = redact(pdu, rules);
    expect(verifyPdu(redacted, rules, 'domain', findKey).outcome).toBe('verified');
    expect(contentHashMatches(pdu, rules)).toBe(true);
    expect(contentHashMatches(redacted, rules)).toBe(false);
    expect(contentHashMatches({ ...pdu, hashes: {} as Pdu['hashes'] }, rules)).toBe(false);
    expect(eventIdOf(redacted, rules)).toBe(eventIdOf(pdu, rules));
  });

  test('is undone by any change of what redaction keeps', () => {
    const pdu = signPdu(draft(), rules, 'domain', key);
    expect(verifyPdu({ ...pdu, depth: 4 }, rules, 'domain', findKey).outcome).toBe('refused');
    expect(verifyPdu({ ...pdu, content: {} }, rules, 'domain', findKey).outcome).toBe('verified');
  });

  test('by a second server leaves hash and first signature alone', () => {
    const pdu = countersignPdu(signPdu(draft(), rules, 'domain', key), rules, 'other', otherKey);
    expect(Object.keys(pdu.signatures)).toEqual(['domain', 'other']);
    expect(verifyPdu(pdu, rules, 'domain', findKey).outcome).toBe('verified');
    expect(verifyPdu(pdu, rules, 'other', () => readVerifyKey(otherKey.publicKey)).outcome).toBe('verified');
  });
});

describe('event IDs', () => {
  // https://spec.matrix.org/v1.19/rooms/v1/#event-ids, /v3/#event-ids, /v4/#event-ids
  test.each<readonly [string, RegExp]>([
    ['1', /^\$[A-Za-z0-9_-]+:domain$/],
    ['2', /^\$[A-Za-z0-9_-]+:domain$/],
    ['3', /^\$[A-Za-z0-9+/]{43}$/],
    ...['4', '5', '6', '7', '8', '9', '10', '11', '12'].map((version) => [version, /^\$[A-Za-z0-9_-]{43}$/] as const),
  ])('of version %s look as they should', (version, form) => {
    for (let at = 0; at < 50; at++) {
      const pdu = signPdu(draft({ depth: at }), rulesOf(version), 'domain', key);
      expect(eventIdOf(pdu, rulesOf(version))).toMatch(form);
    }
  });

  test('of version 3 and 4 are the same hash in two alphabets', () => {
    const [three, four] = ['3', '4'].map((version) =>
      eventIdOf(signPdu(draft(), rulesOf(version), 'domain', key), rulesOf(version)),
    );
    expect(three?.replaceAll('+', '-').replaceAll('/', '_')).toBe(four);
  });

  test('of versions 1 and 2 stand in the event, are signed, and differ from draft to draft', () => {
    const rules = rulesOf('1');
    const one = signPdu(draft(), rules, 'domain', key);
    const other = signPdu(draft({ depth: 4 }), rules, 'domain', key);
    expect(eventIdOf(one, rules)).toBe(one.event_id);
    expect(eventIdOf(other, rules)).not.toBe(one.event_id);
    expect(signPdu(draft(), rules, 'domain', key)).toEqual(one);
    expect(signPdu(draft({ event_id: '$own:domain' }), rules, 'domain', key).event_id).toBe('$own:domain');
    expect(verifyPdu({ ...one, event_id: '$x:domain' }, rules, 'domain', findKey).outcome).toBe('refused');
    expect(() => eventIdOf(signPdu(draft(), rulesOf('3'), 'domain', key), rules)).toThrow(
      expect.objectContaining({ errcode: 'M_BAD_JSON' }),
    );
  });

  test('are cited with the reference hash in versions 1 and 2 and alone from version 3 on', () => {
    const pdu = signPdu(draft(), rulesOf('2'), 'domain', key);
    const sha256 = referenceHash(pdu, rulesOf('2'));
    expect(referenceTo('$e', rulesOf('2'), () => sha256)).toEqual(['$e', { sha256 }]);
    expect(referenceHash({ ...redact(pdu, rulesOf('2')), unsigned: { age: 1 }, signatures: {} }, rulesOf('2'))).toBe(
      sha256,
    );
    for (const version of supportedRoomVersions.slice(2))
      expect(referenceTo('$e', rulesOf(version), () => '')).toBe('$e');
    expect(
      citedIds([
        ['$a', { sha256: 'h' }],
        ['$b', { sha256: 'h' }],
      ]),
    ).toEqual(['$a', '$b']);
    expect(citedIds(['$a', '$b'])).toEqual(['$a', '$b']);
  });

  test('do not depend on signatures and unsigned', () => {
    const pdu = signPdu(draft(), rulesOf('11'), 'domain', key);
    expect(eventIdOf({ ...pdu, signatures: {}, unsigned: { a: 1 } }, rulesOf('11'))).toBe(
      eventIdOf(pdu, rulesOf('11')),
    );
  });

  test('of create events are room IDs since room version 12', () => {
    const { room_id: _none, ...create } = draft({
      type: 'm.room.create',
      state_key: '',
      content: { room_version: '12' },
    });
    const pdu = signPdu(create, rulesOf('12'), 'domain', key);
    expect(roomIdOf(pdu, rulesOf('12'))).toBe(`!${eventIdOf(pdu, rulesOf('12')).slice(1)}`);
    expect(roomIdOf({ ...pdu, room_id: '!r:domain' }, rulesOf('11'))).toBe('!r:domain');
  });
});

describe('events with numbers that are no canonical JSON', () => {
  const levels = draft({ type: 'm.room.power_levels', state_key: '', content: { users: { '@a:b': 50.57 } } });

  test.each(['1', '2', '3', '4', '5'])('are hashed and verified in version %s', (version) => {
    const rules = rulesOf(version);
    const pdu = signPdu(levels, rules, 'domain', key);
    expect(contentHashMatches(pdu, rules)).toBe(true);
    expect(verifyPdu(pdu, rules, 'domain', findKey).outcome).toBe('verified');
  });

  test.each(['6', '12'])('are none in version %s', (version) =>
    expect(() => signPdu(levels, rulesOf(version), 'domain', key)).toThrow(
      expect.objectContaining({ errcode: 'M_BAD_JSON' }),
    ),
  );

  test('are never made by us', () => {
    for (const version of supportedRoomVersions) {
      expect(() => finishPdu(levels, rulesOf(version), 'domain', key)).toThrow();
    }
  });
});

// https://spec.matrix.org/v1.19/server-server-api/#validating-hashes-and-signatures-on-received-events
describe('servers that must have signed', () => {
  const invite = { membership: 'invite', third_party_invite: {} };
  test.each<[string, Partial<PduDraft>, readonly string[], readonly string[]]>([
    ['a message', {}, ['domain', 'maker'], ['domain']],
    ['an invitation', { type: 'm.room.member', content: { membership: 'invite' } }, ['domain', 'maker'], ['domain']],
    ['a third-party invitation', { type: 'm.room.member', content: invite }, ['maker'], []],
    ['a message with those words', { content: invite }, ['domain', 'maker'], ['domain']],
  ])('%s', (_name, more, older, newer) => {
    for (const version of supportedRoomVersions) {
      const signers = requiredSigners(draft({ event_id: '$e:maker', ...more }), rulesOf(version));
      expect([...signers]).toEqual(Number(version) <= 2 ? older : newer);
    }
  });

  test('are of no event that names none', () =>
    expect([...requiredSigners(draft({ event_id: '$e', sender: '@u' }), rulesOf('1'))]).toEqual([undefined]));
});

describe('finishing an event in one go', () => {
  const content = fc.dictionary(
    fc.constantFrom(
      'body',
      'membership',
      'users',
      'redacts',
      'creator',
      '10',
      '2',
      '__proto__',
      'é',
      '😀',
      'third_party_invite',
    ),
    fc.oneof(fc.string(), fc.integer(), fc.constant(null), fc.constant({ signed: { a: 1 }, b: 2 })),
  );
  const types = ['m.room.message', 'm.room.member', 'm.room.create', 'm.room.power_levels', 'm.room.redaction', 'x'];

  test('is the same as hashing, signing, naming and writing it step by step', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...supportedRoomVersions),
        fc.constantFrom(...types),
        content,
        fc.record(
          { state_key: fc.string(), unsigned: fc.constant({ age: 1 }), redacts: fc.string() },
          { requiredKeys: [] },
        ),
        (version, type, made, more) => {
          const rules = rulesOf(version);
          const given = draft({ type, content: made as JsonObject, ...more });
          const finished = finishPdu(given, rules, 'domain', key);
          const steps = signPdu(given, rules, 'domain', key);
          expect(finished.pdu).toEqual(steps);
          expect(finished.pdu.hashes.sha256).toBe(contentHash(finished.pdu, rules));
          expect(finished.eventId).toBe(eventIdOf(steps, rules));
          expect(finished.json).toBe(canonicalJson(steps));
        },
      ),
      { numRuns: 300 },
    );
  });

  test('leaves the draft as it was', () => {
    const given = draft();
    finishPdu(given, rulesOf('12'), 'domain', key);
    expect(given).toEqual(draft());
  });

  test('refuses content that is no canonical JSON', () =>
    expect(() => finishPdu(draft({ content: { a: 0.5 } }), rulesOf('12'), 'domain', key)).toThrow(
      expect.objectContaining({ errcode: 'M_BAD_JSON' }),
    ));
});
