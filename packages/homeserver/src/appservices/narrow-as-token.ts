// Makes a narrowed token for an application service from what a request asks for: the same for the service itself and for operators. It is
// made from the as_token that was presented, and ends with that: one that was replaced lives for its overlap only.

import { type JsonObject, MatrixError } from '@pons/spec';
import { type CallKind, callKinds } from './kind-of-call.ts';
import { type Narrowing, narrowingKey, narrowToken } from './narrowed-token.ts';
import type { Appservice } from './registry.ts';

/** Longer than this is a token for ever: leave `until_ts` out. */
const lifetimeMsMax = 10 * 365 * 86_400_000;

/** What a narrowed token is made of. */
export interface NarrowingParts {
  readonly appservice: Appservice;
  /** One of its as_tokens: of the service itself the one that it has presented, of an operator the present one. */
  readonly asToken: string;
  readonly serverName: string;
  readonly now: number;
}

/**
 * A token as the body asks: `ghosts`, `rooms`, `kinds`, and `until_ts` or `lifetime_ms`; at least one of them.
 *
 * @throws MatrixError M_INVALID_PARAM
 */
export function narrowAsToken({ appservice, asToken, serverName, now }: NarrowingParts, body: JsonObject): JsonObject {
  const narrowing = narrowingOf(appservice, body, now);
  const token = narrowToken(narrowingKey(asToken), serverName, narrowing);
  return { token, ...(narrowing.untilTs === undefined ? {} : { until_ts: narrowing.untilTs }) };
}

function narrowingOf({ id, namespaces }: Appservice, body: JsonObject, now: number): Narrowing {
  const ghosts = textsOf(body, 'ghosts');
  const foreign = ghosts?.find((userId) => namespaces.user(userId) === 'outside');
  if (foreign !== undefined)
    throw new MatrixError('M_INVALID_PARAM', `${foreign.slice(0, 255)} is not in the namespaces of ${id}`);
  const rooms = textsOf(body, 'rooms');
  const alias = rooms?.find((roomId) => !roomId.startsWith('!'));
  if (alias !== undefined)
    throw new MatrixError('M_INVALID_PARAM', `${alias.slice(0, 255)} is no room id: it begins with !`);
  const kinds = textsOf(body, 'kinds');
  if (kinds?.every((kind): kind is CallKind => (callKinds as readonly string[]).includes(kind)) === false)
    throw new MatrixError('M_INVALID_PARAM', `kinds are ${callKinds.join(', ')}`);
  const untilTs = untilOf(body, now);
  return {
    ...(ghosts === undefined ? {} : { ghosts }),
    ...(rooms === undefined ? {} : { rooms }),
    ...(kinds === undefined ? {} : { kinds: kinds as CallKind[] }),
    ...(untilTs === undefined ? {} : { untilTs }),
  };
}

function untilOf({ until_ts: until, lifetime_ms: lifetime }: JsonObject, now: number): number | undefined {
  if (until === undefined && lifetime === undefined) return undefined;
  const untilTs = typeof lifetime === 'number' ? now + lifetime : until;
  if (typeof untilTs === 'number' && untilTs > now && untilTs <= now + lifetimeMsMax) return untilTs;
  throw new MatrixError('M_INVALID_PARAM', 'until_ts (milliseconds since 1970) must lie ahead, within ten years');
}

function textsOf(body: JsonObject, name: string): string[] | undefined {
  const value = body[name];
  // The descriptor's schema has seen to the types.
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : undefined;
}
