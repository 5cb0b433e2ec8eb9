// Which addresses are not the internet: loopback, private, link-local, shared, documentation, multicast and reserved ranges of both
// families, and the IPv6 forms that carry an IPv4 address inside (mapped, translated, 6to4).
// https://www.iana.org/assignments/iana-ipv4-special-registry and https://www.iana.org/assignments/iana-ipv6-special-registry

import { BlockList, isIPv4, isIPv6 } from 'node:net';

const ipv4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];
const ipv6: readonly (readonly [string, number])[] = [
  ['::', 128],
  ['::1', 128],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['3fff::', 20],
  // 6to4 carries an IPv4 address that would have to be judged as well; nobody uses it any more.
  ['2002::', 16],
  ['64:ff9b:1::', 48],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
];

const blocked = new BlockList();
for (const [net, prefix] of ipv4) blocked.addSubnet(net, prefix, 'ipv4');
for (const [net, prefix] of ipv6) blocked.addSubnet(net, prefix, 'ipv6');
// The same IPv4 ranges inside ::ffff:0:0/96 (mapped) and 64:ff9b::/96 (translated by the network).
for (const [net, prefix] of ipv4) {
  blocked.addSubnet(`::ffff:${net}`, 96 + prefix, 'ipv6');
  blocked.addSubnet(`64:ff9b::${net}`, 96 + prefix, 'ipv6');
}

/** Whether an address is private; what is no address counts as private. */
export function isPrivateAddress(address: string): boolean {
  const plain = address.replace(/%.*$/, '');
  if (isIPv4(plain)) return blocked.check(plain, 'ipv4');
  return !isIPv6(plain) || blocked.check(plain, 'ipv6');
}
