// `pons: {allowed_addresses: […]}`: from where the as_token is good. pons-block.ts checks the form; the homeserver compiles the list once per
// registration and asks it on every call with that token. Whatever is not understood is in no list.

import { BlockList, isIP } from 'node:net';

/** What a connection over a unix socket of the homeserver has for an address, and its word in the list. */
export const unixSocket = 'unix';

/** Longest list. It is walked for each call of the application service. */
export const allowedAddressesMax = 100;

interface AddressRange {
  readonly address: string;
  readonly family: 'ipv4' | 'ipv6';
  readonly prefixBits: number;
}

/** Whether an entry of the list can be understood: an address, or a range of them as `10.1.0.0/16` or `2001:db8::/32`, or `unix`. */
export function isAddressEntry(entry: string): boolean {
  return entry === unixSocket || rangeOf(entry) !== undefined;
}

/**
 * The question that a list answers, for addresses as node has them (IPv4 also inside IPv6) and for `unix`.
 *
 * @param entries  checked by `isAddressEntry`
 */
export function compileAddresses(entries: readonly string[]): (address: string) => boolean {
  const ranges = new BlockList();
  for (const entry of entries) {
    const range = rangeOf(entry);
    if (range !== undefined) ranges.addSubnet(range.address, range.prefixBits, range.family);
  }
  const unix = entries.includes(unixSocket);
  return (address) => {
    if (address === unixSocket) return unix;
    // The zone of a link-local address is the name of an interface of ours.
    const [plain = ''] = address.split('%');
    const family = familyOf(plain);
    return family !== undefined && ranges.check(plain, family);
  };
}

function rangeOf(entry: string): AddressRange | undefined {
  const [address = '', prefix, ...more] = entry.split('/');
  const family = address.includes('%') ? undefined : familyOf(address);
  if (family === undefined || more.length > 0) return undefined;
  const bitsMax = family === 'ipv4' ? 32 : 128;
  if (prefix === undefined) return { address, family, prefixBits: bitsMax };
  if (!/^(0|[1-9]\d{0,2})$/.test(prefix) || Number(prefix) > bitsMax) return undefined;
  return { address, family, prefixBits: Number(prefix) };
}

function familyOf(address: string): AddressRange['family'] | undefined {
  const version = isIP(address);
  return version === 4 ? 'ipv4' : version === 6 ? 'ipv6' : undefined;
}
