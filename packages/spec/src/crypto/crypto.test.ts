// The specification's own vectors, and tweetnacl as a second opinion on everything node:crypto signs.
// https://spec.matrix.org/v1.19/appendices/#cryptographic-test-vectors

import fc from 'fast-check';
import nacl from 'tweetnacl';
import { describe, expect, test } from 'vitest';
import type { Pdu, PduDraft } from '../events/pdu.ts';
import { redact } from '../events/redact.ts';
import { canonicalJson } from '../json/canonical-json.ts';
import type { JsonObject } from '../json/json-value.ts';
import type { RoomVersionRules } from '../room-versions/rules.ts';
import { roomVersionRules, supportedRoomVersions } from '../room-versions/versions.ts';
import { fromBase64, toBase64 } from './base64.ts';
import { contentHash, contentHashMatches } from './content-hash.ts';
import { finishPdu } from './finish-pdu.ts';
import { eventIdOf, roomIdOf } from './reference-hash.ts';
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
  test('are 43 characters of URL-safe base64', () =>
    expect(eventIdOf(signPdu(draft(), rulesOf('12'), 'domain', key), rulesOf('12'))).toMatch(/^\$[A-Za-z0-9_-]{43}$/));

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
