// Narrowed tokens: each caveat on both of its sides, what no caveat can bind, tampering, the end of their time and of their key.
import { MatrixError } from '@pons/spec';
import { addCaveat, decodeMacaroon, encodeMacaroon } from '@pons/spec/crypto';
import { type Endpoint, endpoints, ponsEndpoints } from '@pons/spec/endpoints';
import { describe, expect, it } from 'vitest';
import { kindOfCall } from './kind-of-call.ts';
import {
  checkNarrowing,
  defaultUser,
  type Narrowing,
  narrowingKey,
  narrowingKeyId,
  narrowToken,
  openNarrowedToken,
} from './narrowed-token.ts';

const key = narrowingKey('as-token');
const find = (keyId: string) => (keyId === narrowingKeyId(key) ? { appservice: 'irc', key } : undefined);
const open = (token: string, now = 1_000) => openNarrowedToken(token, find, now);
const narrow = (narrowing: Narrowing) => narrowToken(key, 'example.org', narrowing);
const bob = '@_irc_bob:example.org';
const room = '!a:example.org';

function verdict(narrowing: Narrowing, userId: string, endpoint: Endpoint, path: Record<string, string> = {}): string {
  try {
    checkNarrowing(narrowing, userId, { endpoint, path });
    return 'allowed';
  } catch (error) {
    return error instanceof MatrixError ? error.errcode : String(error);
  }
}

describe('what a narrowed token is good for', () => {
  const { sendMessage, joinRoom, getJoinedRooms, setProfileField, uploadContent, createRoom, setRoomStateWithKey } =
    endpoints;
  it.each<[string, Narrowing, string, Endpoint, Record<string, string>, string]>([
    ['its ghost', { ghosts: [bob] }, bob, sendMessage, { roomId: room }, 'allowed'],
    ['another ghost', { ghosts: [bob] }, '@_irc_eve:example.org', sendMessage, { roomId: room }, 'M_FORBIDDEN'],
    ['one of its ghosts', { ghosts: ['@x:y', bob] }, bob, getJoinedRooms, {}, 'allowed'],
    ['its room', { rooms: [room] }, bob, sendMessage, { roomId: room }, 'allowed'],
    ['its room, to join', { rooms: [room] }, bob, joinRoom, { roomIdOrAlias: room }, 'allowed'],
    ['an alias', { rooms: [room] }, bob, joinRoom, { roomIdOrAlias: '#a:example.org' }, 'M_FORBIDDEN'],
    ['another room', { rooms: [room] }, bob, sendMessage, { roomId: '!b:example.org' }, 'M_FORBIDDEN'],
    ['no room at all', { rooms: [room] }, bob, getJoinedRooms, {}, 'M_FORBIDDEN'],
    ['a new room', { rooms: [room] }, bob, createRoom, {}, 'M_FORBIDDEN'],
    ['the room that an upgrade makes', { rooms: [room] }, bob, endpoints.upgradeRoom, { roomId: room }, 'M_FORBIDDEN'],
    ['its kind', { kinds: ['send'] }, bob, sendMessage, { roomId: room, eventType: 'm.room.message' }, 'allowed'],
    ['another kind', { kinds: ['read'] }, bob, sendMessage, { roomId: room, eventType: 'a' }, 'M_FORBIDDEN'],
    ['one of its kinds', { kinds: ['read', 'media'] }, bob, uploadContent, {}, 'allowed'],
    [
      'a membership that is sent as state',
      { kinds: ['send'] },
      bob,
      setRoomStateWithKey,
      { eventType: 'm.room.member' },
      'M_FORBIDDEN',
    ],
    ['state', { kinds: ['send'] }, bob, setRoomStateWithKey, { eventType: 'm.room.topic' }, 'allowed'],
    ['ghost and room', { ghosts: [bob], rooms: [room] }, bob, setProfileField, {}, 'M_FORBIDDEN'],
    ['registering', { ghosts: [bob] }, bob, endpoints.register, {}, 'M_FORBIDDEN'],
    ['logging in', { ghosts: [bob] }, bob, endpoints.login, {}, 'M_FORBIDDEN'],
    ['pinging', { untilTs: 9_999 }, bob, endpoints.pingAppservice, {}, 'M_FORBIDDEN'],
    ['making another token', { untilTs: 9_999 }, bob, ponsEndpoints.narrowToken, {}, 'M_FORBIDDEN'],
    ['consenting', { untilTs: 9_999 }, bob, ponsEndpoints.listConsents, {}, 'M_FORBIDDEN'],
    ['everything else', { untilTs: 9_999 }, bob, createRoom, {}, 'allowed'],
  ])('%s', (_, narrowing, userId, endpoint, path, expected) => {
    expect(verdict(narrowing, userId, endpoint, path)).toBe(expected);
  });

  it('is nothing where it is not known what is called', () => {
    expect(() => checkNarrowing({ ghosts: [bob] }, bob, undefined)).toThrow('This token is narrowed');
  });

  it('is its ghost when the call names nobody', () => {
    expect(defaultUser({ ghosts: [bob] }, '@bot:example.org')).toBe(bob);
    expect(defaultUser({ ghosts: [bob, '@x:y'] }, '@bot:example.org')).toBe('@bot:example.org');
    expect(defaultUser({ rooms: [room] }, '@bot:example.org')).toBe('@bot:example.org');
  });
});

describe('a narrowed token', () => {
  it('says in plain words what it may do and what not', () => {
    const said = (narrowing: Narrowing, endpoint: Endpoint) => {
      expect(() => checkNarrowing(narrowing, bob, { endpoint, path: {} })).toThrow(MatrixError);
      try {
        checkNarrowing(narrowing, bob, { endpoint, path: {} });
      } catch (error) {
        return (error as MatrixError).message;
      }
      return '';
    };
    const { sendMessage, register } = endpoints;
    const may = 'it may do what one user does, within the users, rooms and kinds of calls that it was made for';
    expect(said({ ghosts: [bob] }, ponsEndpoints.listGhosts)).toBe(
      `This token is narrowed: ${may}, and nothing of the admin API. That is for an administrator’s access token.`,
    );
    expect(said({ ghosts: [bob] }, register)).toBe(
      `This token is narrowed: ${may}, but not hand out sessions and tokens, nor act for many users or rooms at once. Use the as_token.`,
    );
    expect(said({ kinds: [] }, sendMessage)).toContain('none in common, so it is good for none.');
    expect(said({ kinds: ['read'] }, sendMessage)).toContain('it is good for calls of these kinds only: read.');
  });

  it('says what it is narrowed to', () => {
    const narrowing: Narrowing = {
      ghosts: [bob],
      rooms: [room, '!b:example.org'],
      kinds: ['send', 'read'],
      untilTs: 2_000,
    };
    expect(open(narrow(narrowing))).toEqual({ appservice: 'irc', narrowing });
  });

  it('ends by the clock', () => {
    const token = narrow({ untilTs: 2_000 });
    expect([1_999, 2_000, 2_001].map((now) => open(token, now) !== undefined)).toEqual([true, false, false]);
  });

  it('ends with its key', () => {
    const other = narrowToken(narrowingKey('as-token of before'), 'example.org', { ghosts: [bob] });
    expect(open(other)).toBeUndefined();
  });

  it('can be narrowed further by who holds it, and never widened', () => {
    const token = narrow({ ghosts: [bob, '@_irc_eve:example.org'], untilTs: 5_000 });
    const macaroon = decodeMacaroon(token.slice(5));
    if (macaroon === undefined) throw new Error('not a macaroon');
    const further = (...caveats: string[]) =>
      open(`ponn_${encodeMacaroon(caveats.reduce(addCaveat, macaroon))}`)?.narrowing;
    expect(further(`ghost ${bob}`)).toEqual({ ghosts: [bob], untilTs: 5_000 });
    expect(further('ghost @_irc_third:example.org')).toEqual({ ghosts: [], untilTs: 5_000 });
    expect(further('until 9000')).toMatchObject({ untilTs: 5_000 });
    expect(further('until 2000')).toMatchObject({ untilTs: 2_000 });
    expect(further('kind send', 'kind read')).toMatchObject({ kinds: [] });
    expect(further('colour blue')).toBeUndefined();
    expect(further('until tomorrow')).toBeUndefined();
    const shorter = { ...macaroon, caveats: macaroon.caveats.slice(0, 1) };
    expect(open(`ponn_${encodeMacaroon(shorter)}`)).toBeUndefined();
  });

  it('is none with any character changed', () => {
    const token = narrow({ rooms: [room] });
    const location = token.indexOf('AgEL') + 4 + 15;
    for (let at = location; at < token.length; at++) {
      const changed = `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`;
      // The last character has bits that stand for nothing.
      if (at < token.length - 1) expect([at, open(changed)]).toEqual([at, undefined]);
    }
  });

  it('is not made when nothing is taken away, or it cannot be written', () => {
    const narrowings: Narrowing[] = [
      {},
      { ghosts: [] },
      { rooms: ['!a b'] },
      { ghosts: Array.from({ length: 51 }, () => bob) },
      { ghosts: Array.from({ length: 50 }, (_, n) => `@${'x'.repeat(200)}${n}:y`) },
    ];
    for (const narrowing of narrowings) expect(() => narrow(narrowing)).toThrow(MatrixError);
  });
});

it('every call of the specification that changes something has a kind, and those that concern the account are `account`', () => {
  const kinds = Map.groupBy(Object.values<Endpoint>(endpoints), (endpoint) => kindOfCall(endpoint, {}));
  const account = kinds.get('account')?.map(({ operation }) => operation);
  expect(account).toEqual(
    expect.arrayContaining(
      `deactivateAccount changePassword deleteDevice deleteDevices updateDevice login register generateLoginToken
        requestOpenIdToken uploadKeys uploadCrossSigningKeys logout_all postPusher`.split(/\s+/),
    ),
  );
  expect(kinds.get('settings')?.map(({ operation }) => operation)).toContain('setAccountData');
  const asked = kinds.get('account')?.filter(({ method }) => method === 'GET');
  expect(asked?.map(({ operation }) => operation).sort()).toEqual(
    `getAccount3PIDs getDevice getDevices getPushers getRoomKeyBySessionId getRoomKeys getRoomKeysByRoomId getRoomKeysVersion
      getRoomKeysVersionCurrent getWhoIs`.split(/\s+/),
  );
});
