// Macaroons against the vectors that libmacaroons publishes (README and test/unit), and whatever bytes come along.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addCaveat, decodeMacaroon, encodeMacaroon, isMacaroonOf, mintMacaroon } from './macaroon.ts';

const key = Buffer.from('this is the key');
const root = mintMacaroon(key, { location: 'http://example.org/', identifier: 'keyid' });

describe('the published vectors', () => {
  it.each([
    [[], 'e3d9e02908526c4c0039ae15114115d97fdd68bf2ba379b342aaf0f617d0552f'],
    [['account = 3735928559'], '1efe4763f290dbce0c1d08477367e11f4eee456a64933cf662d79772dbb82128'],
    [
      ['account = 3735928559', 'time < 2020-01-01T00:00', 'email = alice@example.org'],
      'ddf553e46083e55b8d71ab822be3d8fcf21d6bf19c40d617bb9fb438934474b6',
    ],
  ])('with the caveats %j are signed %s', (caveats, signature) => {
    const secret = Buffer.from('this is our super secret key; only we should know it');
    const minted = mintMacaroon(secret, { location: 'http://mybank/', identifier: 'we used our secret key' });
    expect(caveats.reduce(addCaveat, minted).signature.toString('hex')).toBe(signature);
  });

  it.each([
    [[], 'AgETaHR0cDovL2V4YW1wbGUub3JnLwIFa2V5aWQAAAYgfN7nklEcW8b1KEhYBd_psk54XijiqZMB-dcRxgnjjvc'],
    [
      ['account = 3735928559'],
      'AgETaHR0cDovL2V4YW1wbGUub3JnLwIFa2V5aWQAAhRhY2NvdW50ID0gMzczNTkyODU1OQAABiD1SAf23G7fiL8PcwazgiVio2JTPb9zObphdl2kvSWdhw',
    ],
    [
      ['account = 3735928559', 'user = alice'],
      'AgETaHR0cDovL2V4YW1wbGUub3JnLwIFa2V5aWQAAhRhY2NvdW50ID0gMzczNTkyODU1OQACDHVzZXIgPSBhbGljZQAABiBL6WfNHqDGsmuvakqU7psFsViG2guoXoxCqTyNDhJe_A',
    ],
  ])('with the caveats %j are written %s', (caveats, text) => {
    const macaroon = caveats.reduce(addCaveat, root);
    expect(encodeMacaroon(macaroon)).toBe(text);
    expect(decodeMacaroon(text)).toEqual(macaroon);
    expect(isMacaroonOf(key, macaroon)).toBe(true);
    expect(isMacaroonOf(Buffer.from('this is not the key'), macaroon)).toBe(false);
  });
});

describe('a macaroon', () => {
  const narrowed = ['room !a:example.org', 'until 1'].reduce(addCaveat, root);

  it('loses its value with any caveat left out, changed or moved', () => {
    const [first = '', second = ''] = narrowed.caveats;
    for (const caveats of [[], [first], [second], [second, first], [first, 'until 2'], [first, second, second]])
      expect(isMacaroonOf(key, { ...narrowed, caveats })).toBe(false);
    expect(isMacaroonOf(key, { ...narrowed, identifier: 'other' })).toBe(false);
    expect(isMacaroonOf(key, { ...narrowed, signature: Buffer.alloc(0) })).toBe(false);
  });

  it('with a caveat for a third party is refused', () => {
    const bytes = Buffer.from(encodeMacaroon(addCaveat(root, 'x')), 'base64url');
    const at = bytes.indexOf(Buffer.from([2, 1, 0x78, 0])) + 3;
    const verification = Buffer.from([4, 1, 9]);
    const third = Buffer.concat([bytes.subarray(0, at), verification, bytes.subarray(at)]);
    expect(decodeMacaroon(third.toString('base64url'))).toBeUndefined();
  });

  it('survives its writing, whatever is in it', () => {
    const texts = fc.string({ unit: 'grapheme', maxLength: 200 });
    fc.assert(
      fc.property(texts, texts, fc.array(texts, { maxLength: 8 }), (location, identifier, caveats) => {
        const macaroon = caveats.reduce(addCaveat, mintMacaroon(key, { location, identifier }));
        expect(decodeMacaroon(encodeMacaroon(macaroon))).toEqual(macaroon);
      }),
    );
  });

  it('is not found in other bytes, and looking for it never fails', () => {
    const bytes = Buffer.from(encodeMacaroon(narrowed), 'base64url');
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed = Buffer.from(bytes);
        changed[at] = (changed[at] ?? 0) ^ change;
        const decoded = decodeMacaroon(changed.toString('base64url'));
        // The location is not covered by the signature.
        const other = decoded !== undefined && decoded.location === narrowed.location;
        expect(other && isMacaroonOf(key, decoded)).toBe(false);
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (noise) => {
        expect(decodeMacaroon(Buffer.from(noise).toString('base64url'))).toBeUndefined();
      }),
    );
    expect(decodeMacaroon('not base64!')).toBeUndefined();
  });
});
