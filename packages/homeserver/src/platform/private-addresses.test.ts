// Which addresses are private, as a table over both families.

import { expect, test } from 'vitest';
import { isPrivateAddress } from './private-addresses.ts';

const cases: [address: string, isPrivate: boolean][] = [
  ['127.0.0.1', true],
  ['10.1.2.3', true],
  ['172.31.255.255', true],
  ['172.32.0.1', false],
  ['192.168.0.1', true],
  ['169.254.169.254', true],
  ['100.64.0.1', true],
  ['0.0.0.0', true],
  ['224.0.0.1', true],
  ['255.255.255.255', true],
  ['8.8.8.8', false],
  ['::1', true],
  ['::', true],
  ['fe80::1%eth0', true],
  ['fd00::1', true],
  ['::ffff:127.0.0.1', true],
  ['::ffff:a00:1', true],
  ['::ffff:8.8.8.8', false],
  ['64:ff9b::7f00:1', true],
  ['64:ff9b::808:808', false],
  ['2002:7f00:1::', true],
  ['2606:4700::1111', false],
  ['not an address', true],
];

test.each(cases)('%s is private: %s', (address, isPrivate) => {
  expect(isPrivateAddress(address)).toBe(isPrivate);
});
