// What an application service said when it refused a transaction over its websocket, for an operator: code and message of its `error`, on
// one line, cut to a length that a list can show, and without the tokens that it shares with us.

import { isJsonObject, type JsonValue } from '@pons/spec';
import type { Appservice } from '../appservices/registry.ts';

/** Characters that are shown. */
export const wordsMax = 200;

/** Its words; undefined when it gave none. */
export function refusalWords(
  said: JsonValue | undefined,
  { registration, oldHsToken }: Appservice,
): string | undefined {
  if (!isJsonObject(said)) return undefined;
  const parts = [said['code'] ?? said['errcode'], said['message'] ?? said['error']];
  const text = parts.filter((part) => typeof part === 'string').join(': ');
  const secrets = [registration.asToken, registration.hsToken, oldHsToken?.token ?? ''].filter((one) => one !== '');
  const hidden = secrets.reduce((words, secret) => words.replaceAll(secret, '…'), text);
  const line = hidden.replaceAll(/[\p{Cc}\s]+/gu, ' ').trim();
  if (line === '') return undefined;
  return line.length > wordsMax ? `${line.slice(0, wordsMax)}…` : line;
}
