// Server names: host and optional port. Case-sensitive as identifiers.
// https://spec.matrix.org/v1.19/appendices/#server-name

/** Host (IPv4, bracketed IPv6 or DNS name), optional port. */
export type ServerName = string;

/** The parts of a server name. */
export interface ParsedServerName {
  /** Without port; an IPv6 address keeps its brackets. */
  readonly host: string;
  readonly port: number | undefined;
  readonly kind: 'ipv4' | 'ipv6' | 'dns';
}

const grammar = /^(?:(\[[0-9A-Fa-f:.]{2,45}\])|([0-9A-Za-z.-]{1,255}))(?::([0-9]{1,5}))?$/;
const ipv4 = /^(?:(?:25[0-5]|2[0-4][0-9]|1?[0-9]{1,2})\.){3}(?:25[0-5]|2[0-4][0-9]|1?[0-9]{1,2})$/;
const portMax = 65_535;

/** Parts of a server name, or undefined for what is none. */
export function parseServerName(name: string): ParsedServerName | undefined {
  const match = grammar.exec(name);
  if (match === null) return undefined;
  const port = match[3] === undefined ? undefined : Number(match[3]);
  if (port !== undefined && port > portMax) return undefined;
  const host = match[1] ?? match[2] ?? '';
  return { host, port, kind: match[1] !== undefined ? 'ipv6' : ipv4.test(host) ? 'ipv4' : 'dns' };
}

/** Whether a string is a server name. */
export function isServerName(name: string): boolean {
  return parseServerName(name) !== undefined;
}

/**
 * The server named in an identifier with a domain (user ID, alias, room ID before room version 12): what follows the first colon, or
 * undefined without one. Does not check the grammar: for identifiers that were checked before.
 */
export function serverNameOf(id: string): ServerName | undefined {
  const colon = id.indexOf(':');
  return colon === -1 ? undefined : id.slice(colon + 1);
}
