// What `pons: {allowed_addresses}` lets through, address by address.

import { describe, expect, it } from 'vitest';
import { compileAddresses, isAddressEntry } from './allowed-addresses.ts';

const cases: readonly (readonly [list: readonly string[], address: string, allowed: boolean])[] = [
  [['10.1.0.0/16'], '10.1.255.255', true],
  [['10.1.0.0/16'], '10.2.0.0', false],
  [['10.1.0.0/16'], '::ffff:10.1.2.3', true], // a listener on :: sees IPv4 so
  [['10.1.0.0/16'], '::ffff:10.2.2.3', false],
  [['192.0.2.7'], '192.0.2.7', true],
  [['192.0.2.7'], '192.0.2.8', false],
  [['0.0.0.0/0'], '203.0.113.9', true],
  [['0.0.0.0/0'], '2001:db8::1', false],
  [['2001:db8::/32'], '2001:db8:ffff::1', true],
  [['2001:db8::/32'], '2001:db9::1', false],
  [['fe80::/10'], 'fe80::1%eth0', true],
  [['127.0.0.0/8', '::1'], '::1', true],
  [['127.0.0.0/8', '::1'], 'unix', false],
  [['127.0.0.0/8', 'unix'], 'unix', true],
  [['unix'], '127.0.0.1', false],
  [['0.0.0.0/0', '::/0'], 'unknown', false],
  [['0.0.0.0/0', '::/0'], '', false],
  [['0.0.0.0/0'], '192.0.2.7:4711', false],
  [[], '127.0.0.1', false],
];

describe('a list of allowed addresses', () => {
  it.each(cases)('%j: whether %s is in it is %s', (list, address, allowed) => {
    expect(compileAddresses(list)(address)).toBe(allowed);
  });

  it.each(['10.1.0.0/16', '10.1.2.3', '0.0.0.0/0', '::1', '2001:db8::/32', '::/0', 'unix'])('may hold %s', (entry) => {
    expect(isAddressEntry(entry)).toBe(true);
  });

  it.each([
    '',
    'bridge.example.org',
    '10.1.0.0/33',
    '10.1.0.0/',
    '10.1.0.0/08',
    '10.1.0.0/8/8',
    '10.1/16',
    '::/129',
    '::/-1',
    'fe80::1%eth0',
    'UNIX',
    ' 10.1.2.3',
  ])('may not hold %j', (entry) => {
    expect(isAddressEntry(entry)).toBe(false);
  });
});
