// Narrowed tokens: macaroons made from an as_token that can do less than it, for a bridge that hands a part of its work to another
// process. Each caveat takes something away: all but some ghosts, all but some rooms, all but some kinds of calls, everything after a
// time. They are not stored anywhere, and end with the as_token that they were made from. Whoever holds one may narrow it further.
//
//   ponn_ base64url( macaroon { identifier: id of the key, caveats: "ghost @_irc_bob:example.org", "room !a:example.org", "until …" } )
//
// A room caveat leaves the calls whose path names that room. What hands out a new session, acts for several users at once or belongs to
// the application service as a whole is refused to every narrowed token: it would be a way around the caveats.

import { createHmac } from 'node:crypto';
import { MatrixError } from '@pons/spec';
import { addCaveat, decodeMacaroon, encodeMacaroon, isMacaroonOf, mintMacaroon } from '@pons/spec/crypto';
import type { Endpoint } from '@pons/spec/endpoints';
import { type CallKind, callKinds, kindOfCall } from './kind-of-call.ts';

/** What a narrowed token is still good for. Absent: not narrowed in that way. */
export interface Narrowing {
  readonly ghosts?: readonly string[];
  readonly rooms?: readonly string[];
  readonly kinds?: readonly CallKind[];
  /** Milliseconds since 1970: from then on it is unknown. */
  readonly untilTs?: number;
}

/** A call, as far as caveats speak of it. */
export interface Call {
  readonly endpoint: Endpoint;
  /** Path parameters. */
  readonly path: Readonly<Record<string, string>>;
}

const prefix = 'ponn_';
const keyIdBytes = 9;
/** Users, rooms or kinds of one token. */
export const narrowedToMax = 50;

/** It travels in a header, and whoever holds it may add to it. */
const tokenCharactersMax = 4_096;

/** The key that narrowed tokens of an as_token are made from: it tells nothing of the as_token. */
export function narrowingKey(asToken: string): Buffer {
  return createHmac('sha256', asToken).update('pons narrowed token').digest();
}

/** What a narrowed token says of its key. */
export function narrowingKeyId(key: Buffer): string {
  return createHmac('sha256', key).update('id').digest().subarray(0, keyIdBytes).toString('base64url');
}

/** Whether a bearer token can only be a narrowed one. */
export function isNarrowedToken(token: string): boolean {
  return token.startsWith(prefix);
}

/**
 * A narrowed token.
 *
 * @throws MatrixError M_INVALID_PARAM when nothing is taken away, or something cannot be written
 */
export function narrowToken(key: Buffer, serverName: string, narrowing: Narrowing): string {
  const caveats = [
    ...list('ghost', narrowing.ghosts),
    ...list('room', narrowing.rooms),
    ...list('kind', narrowing.kinds),
    ...(narrowing.untilTs === undefined ? [] : [`until ${narrowing.untilTs}`]),
  ];
  if (caveats.length === 0)
    throw new MatrixError('M_INVALID_PARAM', 'say what the token is narrowed to: ghosts, rooms, kinds or until');
  const minted = mintMacaroon(key, { location: serverName, identifier: narrowingKeyId(key) });
  const token = prefix + encodeMacaroon(caveats.reduce(addCaveat, minted));
  if (token.length > tokenCharactersMax)
    throw new MatrixError('M_INVALID_PARAM', 'the token would be too long for a header: name fewer ghosts and rooms');
  return token;
}

function list(name: string, values: readonly string[] | undefined): string[] {
  if (values === undefined) return [];
  if (values.length === 0 || values.length > narrowedToMax || values.some((value) => !/^\S{1,255}$/.test(value)))
    throw new MatrixError('M_INVALID_PARAM', `give 1 to ${narrowedToMax} of ${name}, without spaces`);
  return [`${name} ${values.join(' ')}`];
}

/** What a narrowed token says; undefined when it is none of ours, was tampered with, or has ended. */
export function openNarrowedToken<A>(
  token: string,
  find: (keyId: string) => { readonly appservice: A; readonly key: Buffer } | undefined,
  now: number,
): { readonly appservice: A; readonly narrowing: Narrowing } | undefined {
  const macaroon = isNarrowedToken(token) ? decodeMacaroon(token.slice(prefix.length)) : undefined;
  const found = macaroon === undefined ? undefined : find(macaroon.identifier);
  if (macaroon === undefined || found === undefined || !isMacaroonOf(found.key, macaroon)) return undefined;
  let narrowing: Narrowing = {};
  for (const caveat of macaroon.caveats) {
    const narrower = withCaveat(narrowing, caveat);
    // One that nobody here knows cannot be kept, and so the token is good for nothing.
    if (narrower === undefined) return undefined;
    narrowing = narrower;
  }
  if (narrowing.untilTs !== undefined && narrowing.untilTs <= now) return undefined;
  return { appservice: found.appservice, narrowing };
}

function withCaveat(narrowing: Narrowing, caveat: string): Narrowing | undefined {
  const [name, ...values] = caveat.split(' ');
  const both = <V extends string>(before: readonly V[] | undefined): V[] =>
    (before ?? values).filter((value): value is V => values.includes(value));
  switch (name) {
    case 'ghost':
      return { ...narrowing, ghosts: both(narrowing.ghosts) };
    case 'room':
      return { ...narrowing, rooms: both(narrowing.rooms) };
    case 'kind':
      return { ...narrowing, kinds: both<CallKind>(narrowing.kinds).filter((kind) => callKinds.includes(kind)) };
    case 'until': {
      const [text = ''] = values;
      if (values.length !== 1 || !/^\d{1,16}$/.test(text)) return undefined;
      return { ...narrowing, untilTs: Math.min(Number(text), narrowing.untilTs ?? Number.POSITIVE_INFINITY) };
    }
    default:
      return undefined;
  }
}

/** Whom a narrowed token acts as when the call names nobody: its ghost when it has only one. */
export function defaultUser({ ghosts }: Narrowing, sender: string): string {
  return ghosts?.length === 1 && ghosts[0] !== undefined ? ghosts[0] : sender;
}

const whatItMay = 'it may do what one user does, within the users, rooms and kinds of calls that it was made for';

/** @throws MatrixError M_FORBIDDEN for a call that the token is not good for */
export function checkNarrowing(narrowing: Narrowing, userId: string, call: Call | undefined): void {
  const refuse = (reason: string, remedy = ' Use the as_token.'): never => {
    throw new MatrixError('M_FORBIDDEN', `This token is narrowed: ${reason}.${remedy}`);
  };
  const { ghosts, rooms, kinds } = narrowing;
  if (call?.endpoint.path.startsWith('/_pons/admin/') === true)
    return refuse(`${whatItMay}, and nothing of the admin API`, ' That is for an administrator’s access token.');
  if (call === undefined || isBeyondCaveats(call.endpoint))
    return refuse(`${whatItMay}, but not hand out sessions and tokens, nor act for many users or rooms at once`);
  if (ghosts !== undefined && !ghosts.includes(userId)) refuse('it does not act as that user');
  if (rooms !== undefined && !rooms.includes(roomOf(call) ?? '')) refuse('it is good for calls about other rooms only');
  if (kinds?.length === 0) refuse('the kinds of calls it was narrowed to have none in common, so it is good for none');
  if (kinds !== undefined && !kinds.includes(kindOfCall(call.endpoint, call.path)))
    refuse(`it is good for calls of these kinds only: ${kinds.join(', ')}`);
}

// A session or token would outlive the caveats; the new room of an upgrade and the rooms below a space are other rooms.
const unbounded = new Set([
  'register',
  'login',
  'refresh',
  'generateLoginToken',
  'requestOpenIdToken',
  'upgradeRoom',
  'getSpaceHierarchy',
]);

function isBeyondCaveats({ operation, auth, path }: Endpoint): boolean {
  // Those that are not the specification's may act for many users at once.
  return unbounded.has(operation) || auth === 'asToken' || path.includes('/unstable/') || path.startsWith('/_pons/');
}

function roomOf({ path }: Call): string | undefined {
  return path['roomId'] ?? path['roomIdOrAlias'];
}
