// SASL PLAIN as IRC carries it: base64 in AUTHENTICATE lines of 400 characters, closed by a shorter line or by `+`.
// Used by registration.ts once the server has acknowledged the capability.
// https://ircv3.net/specs/extensions/sasl-3.1, RFC 4616

import { LineRefused } from './format-line.ts';

/** An account at the network's services. */
export interface SaslAccount {
  user: string;
  password: string;
}

const CHUNK_CHARS = 400;

/**
 * The parameters of the AUTHENTICATE lines, in order.
 *
 * @throws {LineRefused} when user or password holds NUL, which PLAIN uses as its separator
 */
export function saslPlain(account: SaslAccount): string[] {
  if (`${account.user}${account.password}`.includes('\0')) throw new LineRefused('SASL user or password holds NUL');
  const text = Buffer.from(`${account.user}\0${account.user}\0${account.password}`, 'utf8').toString('base64');
  const chunks: string[] = [];
  for (let start = 0; start < text.length; start += CHUNK_CHARS) chunks.push(text.slice(start, start + CHUNK_CHARS));
  if (text.length % CHUNK_CHARS === 0) chunks.push('+');
  return chunks;
}
