// Registration, login, sessions, devices and profiles on the real tables.
// https://spec.matrix.org/v1.19/client-server-api/#client-authentication
import { createHmac } from 'node:crypto';
import type { JsonObject } from '@pons/spec';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FakeClock, fakeClock } from '../../../testkit/src/clock.ts';
import { type SyncHouse, syncHouse } from '../../../testkit/src/sync-house.ts';
import { createOrUpdateDevice, listDevices, removeDevices } from '../../src/accounts/devices.ts';
import { changePushRule, deletePushRule, findRule, getPushRules, setPushRule } from '../../src/accounts/push-rules.ts';
import { exchangeRefreshToken } from '../../src/accounts/refresh-tokens.ts';
import { addRegistrationToken } from '../../src/accounts/registration-tokens.ts';
import { changePassword } from '../../src/actions/change-password.ts';
import { createRoom } from '../../src/actions/create-room.ts';
import { deactivateAccount } from '../../src/actions/deactivate-account.ts';
import { leaveAllRooms } from '../../src/actions/leave-all-rooms.ts';
import { logInForAppservice, logInWithPassword } from '../../src/actions/log-in.ts';
import { logOut, logOutEverywhere } from '../../src/actions/log-out.ts';
import {
  checkUsername,
  registerAccount,
  registerForAppservice,
  type RegisterParts,
  registerWithSharedSecret,
} from '../../src/actions/register-account.ts';
import { setProfile } from '../../src/actions/set-profile.ts';
import { updateMemberships } from '../../src/actions/update-memberships.ts';
import type { Requester } from '../../src/platform/requester.ts';

let house: SyncHouse;
let clock: FakeClock;
let parts: RegisterParts;
let serial = 0;

beforeAll(async () => {
  clock = fakeClock();
  house = await syncHouse({ clock });
  parts = house.accounts;
});
afterAll(async () => {
  await house.close();
});

const dummy: JsonObject = { auth: { type: 'm.login.dummy' } };
const quiet = { inhibitLogin: false, refreshable: false };
const irc: Requester = {
  userId: '@_irc_bot:pons.test',
  appserviceId: 'irc',
  admin: false,
  guest: false,
  rateLimited: false,
};
const errcode = (code: string) => expect.objectContaining({ errcode: code });

async function newAccount(more: { refreshable?: boolean } = {}) {
  serial += 1;
  const username = `user${serial}`;
  const request = { username, password: 'pw', inhibitLogin: false, refreshable: more.refreshable ?? false };
  const done = await registerAccount(parts, request, { ...dummy, username });
  if (done.outcome !== 'registered' || done.account.session === undefined) throw new Error('not registered');
  return { userId: done.account.userId, ...done.account.session };
}

const resolve = (token: string) => parts.accessTokens.resolveAccessToken(token);

describe('registration', () => {
  it('asks for a stage first and makes no account before it is completed', async () => {
    const request = { username: 'careful', password: 'pw', ...quiet };
    const first = await registerAccount(parts, request, { username: 'careful' });
    expect(first.outcome).toBe('challenge');
    expect(await checkUsername(parts, 'careful')).toBe('@careful:pons.test');
  });

  it('opens a session whose token stands for the user and device', async () => {
    const { userId, deviceId, accessToken } = await newAccount();
    expect(await resolve(accessToken)).toMatchObject({ userId, deviceId, admin: false, rateLimited: true });
    expect(
      await house.db.query({ name: 't.tokens', text: 'select 1 from access_tokens where token_hash = $1' }, [
        Buffer.from(accessToken),
      ]),
    ).toEqual([]);
  });

  const refused: [string, string, string][] = [
    ['a space in it', 'a b', 'M_INVALID_USERNAME'],
    ['letters beyond ASCII', 'ünïcode', 'M_INVALID_USERNAME'],
    ['a NUL', 'a\0b', 'M_INVALID_USERNAME'],
    ['too many bytes', 'a'.repeat(300), 'M_INVALID_USERNAME'],
    ['nothing in it', '', 'M_INVALID_USERNAME'],
    ['the namespace of an application service', '_irc_mallory', 'M_EXCLUSIVE'],
  ];
  it.each(refused)('refuses a name with %s before any stage', async (_, username, code) => {
    await expect(registerAccount(parts, { username, password: 'pw', ...quiet }, {})).rejects.toThrow(errcode(code));
  });

  it('maps capitals onto small letters, and refuses the name that is taken then', async () => {
    const done = await registerAccount(
      parts,
      { username: 'Upper', password: 'pw', ...quiet },
      { ...dummy, username: 'Upper' },
    );
    expect(done).toMatchObject({ account: { userId: '@upper:pons.test' } });
    const again = registerAccount(parts, { username: 'UPPER', password: 'pw', ...quiet }, {});
    await expect(again).rejects.toThrow(errcode('M_USER_IN_USE'));
  });

  it('of one name twice at once makes one account', async () => {
    const request = { username: 'twice', password: 'pw', ...quiet };
    const both = await Promise.allSettled(
      [1, 2].map(() => registerAccount(parts, request, { ...dummy, username: 'twice' })),
    );
    expect(both.map((one) => one.status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it('is refused when it is closed', async () => {
    const closed = { ...parts, registration: { mode: 'closed' as const } };
    await expect(registerAccount(closed, { username: 'x', ...quiet }, dummy)).rejects.toThrow(errcode('M_FORBIDDEN'));
  });

  it('by token counts its uses, also when two race for the last', async () => {
    await addRegistrationToken(parts.db, { token: 'once', usesAllowed: 1, expiresTs: null });
    const byToken = { ...parts, registration: { mode: 'token' as const } };
    const auth = { type: 'm.login.registration_token', token: 'once' };
    const attempts = ['t1', 't2'].map((username) =>
      registerAccount(byToken, { username, password: 'pw', ...quiet }, { username, auth }),
    );
    const outcomes = (await Promise.allSettled(attempts)).map((one) =>
      one.status === 'fulfilled' ? one.value.outcome : 'refused',
    );
    expect(outcomes.filter((outcome) => outcome === 'registered')).toHaveLength(1);
    const late = await registerAccount(byToken, { username: 't3', password: 'pw', ...quiet }, { auth });
    expect(late.outcome).toBe('challenge');
  });

  it('by the shared secret needs its HMAC and a fresh nonce', async () => {
    const request = { nonce: parts.nonces.issue(), username: 'boss', password: 'pw', admin: true };
    const mac = createHmac('sha1', 'shared').update([request.nonce, 'boss', 'pw', 'admin'].join('\0')).digest('hex');
    const account = await registerWithSharedSecret(parts, { ...request, mac });
    expect((await resolve(account.session?.accessToken ?? '')).admin).toBe(true);
    await expect(registerWithSharedSecret(parts, { ...request, mac })).rejects.toThrow(/nonce/);
    const forged = { ...request, nonce: parts.nonces.issue(), username: 'b2', mac };
    await expect(registerWithSharedSecret(parts, forged)).rejects.toThrow(errcode('M_FORBIDDEN'));
  });
});

describe('an application service', () => {
  it('registers users of its namespace without a session when it inhibits the login', async () => {
    const request = { username: '_irc_a', inhibitLogin: true, refreshable: false };
    expect(await registerForAppservice(parts, irc, request)).toEqual({ userId: '@_irc_a:pons.test' });
    await expect(registerForAppservice(parts, irc, request)).rejects.toThrow(errcode('M_USER_IN_USE'));
  });

  it('cannot register or log in outside its namespace', async () => {
    const outside = { username: 'alice2', inhibitLogin: true, refreshable: false };
    await expect(registerForAppservice(parts, irc, outside)).rejects.toThrow(errcode('M_EXCLUSIVE'));
    const { userId } = await newAccount();
    await expect(logInForAppservice(parts, irc, { user: userId, refreshable: false })).rejects.toThrow(
      errcode('M_EXCLUSIVE'),
    );
  });

  it('logs its user in, and needs its token for it', async () => {
    await registerForAppservice(parts, irc, { username: '_irc_b', inhibitLogin: true, refreshable: false });
    const request = { user: '_irc_b', deviceId: 'BRIDGE', refreshable: false };
    const session = await logInForAppservice(parts, irc, request);
    expect(await resolve(session.accessToken)).toMatchObject({ userId: '@_irc_b:pons.test', deviceId: 'BRIDGE' });
    await expect(logInForAppservice(parts, undefined, request)).rejects.toThrow(errcode('M_MISSING_TOKEN'));
  });

  it('makes a device without a session, and renames it the second time', async () => {
    await registerForAppservice(parts, irc, { username: '_irc_c', inhibitLogin: true, refreshable: false });
    const userId = '@_irc_c:pons.test';
    expect(await createOrUpdateDevice(parts, userId, 'D1', 'first')).toBe(true);
    expect(await createOrUpdateDevice(parts, userId, 'D1', 'second')).toBe(false);
    expect(await listDevices(parts.db, userId)).toEqual([{ deviceId: 'D1', displayName: 'second' }]);
  });
});

describe('sessions', () => {
  it('are refused with the wrong name or password in the same words', async () => {
    const { userId } = await newAccount();
    const wrong = async (user: string) =>
      logInWithPassword(parts, { user, refreshable: false }, 'no').catch((error: unknown) => String(error));
    expect(await wrong(userId)).toBe(await wrong('nobody'));
  });

  it('open for a name with capitals too', async () => {
    const { userId } = await newAccount();
    const loggedIn = await logInWithPassword(parts, { user: userId.toUpperCase(), refreshable: false }, 'pw');
    expect(loggedIn.userId).toBe(userId);
  });

  it('of a known device end its earlier tokens', async () => {
    const { userId, deviceId, accessToken } = await newAccount();
    await resolve(accessToken);
    const again = await logInWithPassword(parts, { user: userId, deviceId, refreshable: false }, 'pw');
    await expect(resolve(accessToken)).rejects.toThrow(errcode('M_UNKNOWN_TOKEN'));
    expect((await resolve(again.accessToken)).deviceId).toBe(deviceId);
    expect(await listDevices(parts.db, userId)).toHaveLength(1);
  });

  it('end at logout, here and, by an invalidation, elsewhere', async () => {
    const { accessToken } = await newAccount();
    const requester = await resolve(accessToken);
    const other = await syncHouse({ clock, database: { db: house.db, url: '', drop: () => Promise.resolve() } });
    await other.accounts.accessTokens.resolveAccessToken(accessToken);
    await logOut(parts, requester);
    await expect(resolve(accessToken)).rejects.toThrow(errcode('M_UNKNOWN_TOKEN'));
    const told = house.invalidated.at(-1) ?? '';
    expect(told).toBe(`token ${requester.tokenHash}`);
    other.accounts.accessTokens.forget('token', requester.tokenHash ?? '');
    await expect(other.accounts.accessTokens.resolveAccessToken(accessToken)).rejects.toThrow(
      errcode('M_UNKNOWN_TOKEN'),
    );
    await other.close();
  });

  it('all end with logout/all', async () => {
    const { userId, accessToken } = await newAccount();
    const second = await logInWithPassword(parts, { user: userId, refreshable: false }, 'pw');
    await logOutEverywhere(parts, userId);
    for (const token of [accessToken, second.accessToken])
      await expect(resolve(token)).rejects.toThrow(errcode('M_UNKNOWN_TOKEN'));
    expect(await listDevices(parts.db, userId)).toEqual([]);
  });

  it('do not exist for what is no token', async () => {
    for (const token of ['', 'x', 'pons_', 'y'.repeat(10_000)]) {
      await expect(resolve(token)).rejects.toThrow(errcode('M_UNKNOWN_TOKEN'));
    }
  });
});

describe('refresh tokens', () => {
  const refresh = (token: string) => exchangeRefreshToken(parts.db, parts.accessTokens, token);

  it('give a new pair; the old ones live until the new one is used', async () => {
    const { accessToken, refreshToken = '' } = await newAccount({ refreshable: true });
    const lost = await refresh(refreshToken);
    const next = await refresh(refreshToken);
    await expect(resolve(lost.accessToken)).rejects.toThrow(errcode('M_UNKNOWN_TOKEN'));
    expect((await resolve(accessToken)).userId).toContain('user');
    await resolve(next.accessToken);
    await expect(resolve(accessToken)).rejects.toThrow(errcode('M_UNKNOWN_TOKEN'));
    await expect(refresh(refreshToken)).rejects.toThrow(errcode('M_UNKNOWN_TOKEN'));
    await expect(refresh(lost.refreshToken ?? '')).rejects.toThrow(errcode('M_UNKNOWN_TOKEN'));
  });

  it('revoke the one before when they themselves are used', async () => {
    const { refreshToken = '' } = await newAccount({ refreshable: true });
    const second = await refresh(refreshToken);
    await refresh(second.refreshToken ?? '');
    await expect(refresh(refreshToken)).rejects.toThrow(errcode('M_UNKNOWN_TOKEN'));
  });

  it('answer an expired access token with soft_logout, and renew it', async () => {
    const { accessToken, refreshToken = '', expiresInMs = 0 } = await newAccount({ refreshable: true });
    await resolve(accessToken);
    await clock.advance(expiresInMs);
    await expect(resolve(accessToken)).rejects.toMatchObject({
      errcode: 'M_UNKNOWN_TOKEN',
      fields: { soft_logout: true },
    });
    const { accessToken: renewed } = await refresh(refreshToken);
    expect((await resolve(renewed)).userId).toContain('user');
  });
});

describe('the end of things', () => {
  it('a changed password ends the other sessions and keeps this one', async () => {
    const { userId, accessToken } = await newAccount();
    const other = await logInWithPassword(parts, { user: userId, refreshable: false }, 'pw');
    const requester = await resolve(accessToken);
    const auth = { type: 'm.login.password', identifier: { type: 'm.id.user', user: userId }, password: 'pw' };
    const body = { new_password: 'new', auth };
    expect(await changePassword(parts, requester, { body, newPassword: 'new', logoutDevices: true })).toBeUndefined();
    await expect(resolve(other.accessToken)).rejects.toThrow(errcode('M_UNKNOWN_TOKEN'));
    expect((await resolve(accessToken)).userId).toBe(userId);
    await logInWithPassword(parts, { user: userId, refreshable: false }, 'new');
    await expect(logInWithPassword(parts, { user: userId, refreshable: false }, 'pw')).rejects.toThrow(
      errcode('M_FORBIDDEN'),
    );
  });

  it('a deactivated account leaves its rooms, logs in no more, and its name stays taken', async () => {
    const { userId, accessToken } = await newAccount();
    const requester = await resolve(accessToken);
    await createRoom(house, requester, { invite: [], isDirect: false, creationContent: {}, initialState: [] });
    const auth = { type: 'm.login.password', identifier: { type: 'm.id.user', user: userId }, password: 'pw' };
    const deactivateParts = {
      ...parts,
      leaveAllRooms: (id: string) => leaveAllRooms(house, id),
      senderOf: () => undefined,
    };
    expect(await deactivateAccount(deactivateParts, requester, { body: { auth }, erase: true })).toBeUndefined();
    await expect(resolve(accessToken)).rejects.toThrow(errcode('M_UNKNOWN_TOKEN'));
    await expect(logInWithPassword(parts, { user: userId, refreshable: false }, 'pw')).rejects.toThrow(
      errcode('M_USER_DEACTIVATED'),
    );
    await expect(checkUsername(parts, userId.slice(1, userId.indexOf(':')))).rejects.toThrow(errcode('M_USER_IN_USE'));
    expect((await house.sync(userId)).rooms).toBeUndefined();
    expect(house.invalidated).toContain(`user ${userId}`);
  });

  it('a deleted device is announced to those who share a room', async () => {
    const { userId, deviceId, accessToken } = await newAccount();
    const { next_batch: since } = await house.sync(userId);
    await resolve(accessToken);
    await removeDevices(parts, userId, [deviceId, 'NEVER']);
    expect((await house.sync(userId, { since })).device_lists?.changed).toEqual([userId]);
  });
});

describe('profiles', () => {
  const profileParts = () => ({
    db: parts.db,
    updateMemberships: (userId: string, profile: JsonObject) => updateMemberships(house, userId, profile),
  });

  it('a new display name is repeated in every joined room', async () => {
    const { userId, accessToken } = await newAccount();
    const requester = await resolve(accessToken);
    const roomId = await createRoom(house, requester, {
      invite: [],
      isDirect: false,
      creationContent: {},
      initialState: [],
    });
    const { next_batch: since } = await house.sync(userId);
    await setProfile(profileParts(), requester, { userId, field: 'displayname', value: 'Ada' });
    const [event] = (await house.sync(userId, { since })).rooms?.join?.[roomId]?.timeline.events ?? [];
    expect(event).toMatchObject({ type: 'm.room.member', content: { membership: 'join', displayname: 'Ada' } });
    const { next_batch: later } = await house.sync(userId);
    await setProfile(profileParts(), requester, { userId, field: 'displayname', value: 'Ada' });
    await setProfile(profileParts(), requester, { userId, field: 'm.tz', value: 'Europe/London' });
    expect((await house.sync(userId, { since: later })).rooms).toBeUndefined();
  });

  const refused: [string, string, JsonObject[string], string][] = [
    ['a field without a namespace', 'pronouns', 'x', 'M_INVALID_PARAM'],
    ['a name of 256 bytes', `a.${'b'.repeat(254)}`, 'x', 'M_KEY_TOO_LARGE'],
    ['a display name that is no string', 'displayname', 7, 'M_BAD_JSON'],
    ['a display name of 10,000 characters', 'displayname', 'x'.repeat(10_000), 'M_INVALID_PARAM'],
    ['an avatar of 10,000 characters', 'avatar_url', 'x'.repeat(10_000), 'M_INVALID_PARAM'],
    ['more than 64 KiB', 'com.example.big', 'x'.repeat(65_536), 'M_PROFILE_TOO_LARGE'],
  ];
  it.each(refused)('refuses %s', async (_, field, value, code) => {
    const { userId, accessToken } = await newAccount();
    const change = setProfile(profileParts(), await resolve(accessToken), { userId, field, value });
    await expect(change).rejects.toThrow(errcode(code));
  });

  it('of others cannot be changed', async () => {
    const { accessToken } = await newAccount();
    const change = { userId: '@upper:pons.test', field: 'displayname', value: 'x' };
    await expect(setProfile(profileParts(), await resolve(accessToken), change)).rejects.toThrow(
      errcode('M_FORBIDDEN'),
    );
  });
});

describe('push rules', () => {
  const own = { kind: 'override', ruleId: 'mine' } as const;
  const body = { conditions: [], actions: ['notify'] };

  it('put the user own rules after the master rule and before the predefined ones', async () => {
    const { userId } = await newAccount();
    await setPushRule(house.accountData, userId, own, { body });
    await setPushRule(house.accountData, userId, { kind: 'override', ruleId: 'second' }, { body, after: 'mine' });
    const rules = await getPushRules(parts.db, userId);
    expect(rules.override.slice(0, 4).map((rule) => rule['rule_id'])).toEqual([
      '.m.rule.master',
      'mine',
      'second',
      '.m.rule.suppress_notices',
    ]);
  });

  it('predefined can be switched and changed but not deleted', async () => {
    const { userId } = await newAccount();
    const master = { kind: 'override', ruleId: '.m.rule.master' } as const;
    await changePushRule(house.accountData, userId, master, { enabled: true });
    expect(findRule(await getPushRules(parts.db, userId), master)['enabled']).toBe(true);
    await expect(deletePushRule(house.accountData, userId, master)).rejects.toThrow(errcode('M_INVALID_PARAM'));
  });

  it('written at the same time are all kept', async () => {
    const { userId } = await newAccount();
    const ids = ['a', 'b', 'c', 'd'];
    await Promise.all(ids.map((ruleId) => setPushRule(house.accountData, userId, { kind: 'room', ruleId }, { body })));
    expect((await getPushRules(parts.db, userId)).room.map((rule) => rule['rule_id'])).toEqual(
      expect.arrayContaining(ids),
    );
  });

  const refused: [string, string, JsonObject, string][] = [
    ['an id with a dot in front', '.m.rule.evil', body, 'M_INVALID_PARAM'],
    ['an unknown action', 'r1', { actions: ['explode'] }, 'M_INVALID_PARAM'],
    ['no actions', 'r1', {}, 'M_MISSING_PARAM'],
    ['a condition without a kind', 'r1', { actions: [], conditions: [{}] }, 'M_BAD_JSON'],
  ];
  it.each(refused)('refuses %s', async (_, ruleId, content, code) => {
    const change = setPushRule(house.accountData, '@upper:pons.test', { kind: 'override', ruleId }, { body: content });
    await expect(change).rejects.toThrow(errcode(code));
  });

  it('cannot go after a rule that does not exist', async () => {
    const change = setPushRule(house.accountData, '@upper:pons.test', own, { body, after: 'nope' });
    await expect(change).rejects.toThrow(errcode('M_NOT_FOUND'));
  });
});
