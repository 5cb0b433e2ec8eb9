// Interactive auth is only worth something if a session cannot be carried elsewhere: to another user, request, endpoint or time.
import { randomBytes } from 'node:crypto';
import type { JsonObject } from '@pons/spec';
import { describe, expect, it } from 'vitest';
import { type AuthAttempt, type AuthOutcome, InteractiveAuth } from './interactive-auth.ts';

let now = 0;
const auth = new InteractiveAuth({
  now: () => now,
  randomBytes,
  serverName: 'pons.test',
  verifyPassword: (userId, password) => Promise.resolve(userId === '@alice:pons.test' && password === 'right'),
  isRegistrationTokenValid: (token) => Promise.resolve(token === 'good'),
});

const alice = '@alice:pons.test';
const password = (user: string, secret: string): JsonObject => ({
  type: 'm.login.password',
  identifier: { type: 'm.id.user', user },
  password: secret,
});

function attempt(body: JsonObject, more: Partial<AuthAttempt> = {}): AuthAttempt {
  return { operation: 'deleteDevices', userId: alice, body, flows: [['m.login.password']], ...more };
}

function challengeOf(outcome: AuthOutcome): JsonObject {
  if (outcome.outcome !== 'challenge') throw new Error('expected a challenge');
  return outcome.body;
}

describe('interactive auth', () => {
  it('begins with the flows and a session, and is done with the right password', async () => {
    const first = challengeOf(await auth.authenticate(attempt({ devices: ['A'] })));
    expect(first).toEqual({ session: expect.any(String), flows: [{ stages: ['m.login.password'] }], params: {} });
    const proof = { ...password('alice', 'right'), session: first['session'] ?? null };
    const second = await auth.authenticate(attempt({ devices: ['A'], auth: proof }));
    expect(second.outcome).toBe('done');
  });

  it('says what was wrong and lets the client try again in the same session', async () => {
    const { session = null } = challengeOf(await auth.authenticate(attempt({})));
    const wrong = challengeOf(await auth.authenticate(attempt({ auth: { ...password(alice, 'wrong'), session } })));
    expect(wrong).toMatchObject({ session, errcode: 'M_FORBIDDEN' });
    expect((await auth.authenticate(attempt({ auth: { ...password(alice, 'right'), session } }))).outcome).toBe('done');
  });

  it('takes a stage without a session from a client that knows the flow', async () => {
    const flows = [['m.login.dummy']] as const;
    const body = { username: 'bob', auth: { type: 'm.login.dummy' } };
    expect((await auth.authenticate({ operation: 'register', body, flows })).outcome).toBe('done');
  });

  it('uses a session once', async () => {
    const { session = null } = challengeOf(await auth.authenticate(attempt({})));
    const body = { auth: { ...password(alice, 'right'), session } };
    expect((await auth.authenticate(attempt(body))).outcome).toBe('done');
    expect((await auth.authenticate(attempt(body))).outcome).toBe('challenge');
  });

  const elsewhere: [string, Partial<AuthAttempt>][] = [
    ['another body', { body: { devices: ['B'] } }],
    ['another user', { userId: '@bob:pons.test' }],
    ['another endpoint', { operation: 'deactivateAccount' }],
  ];
  it.each(elsewhere)('refuses a session begun for %s', async (_, change) => {
    const { session = null } = challengeOf(await auth.authenticate({ ...attempt({ devices: ['A'] }), ...change }));
    const taken = attempt({ devices: ['A'], auth: { ...password(alice, 'right'), session } });
    await expect(auth.authenticate(taken)).rejects.toMatchObject({ errcode: 'M_FORBIDDEN' });
  });

  it('does not take the password of another user, nor m.login.dummy where it is no stage', async () => {
    await expect(auth.authenticate(attempt({ auth: password('bob', 'right') }))).rejects.toThrow('not the user');
    const dummy = await auth.authenticate(attempt({ auth: { type: 'm.login.dummy', session: 'bogus' } }));
    expect(challengeOf(dummy)['errcode']).toBe('M_FORBIDDEN');
    expect((await auth.authenticate(attempt({ auth: { type: 'm.login.dummy' } }))).outcome).toBe('challenge');
  });

  it('takes the stages of a flow in their order and remembers the registration token', async () => {
    const flows = [['m.login.registration_token', 'm.login.dummy']] as const;
    const step = (more: JsonObject) =>
      auth.authenticate({ operation: 'register', body: { username: 'c', auth: more }, flows });
    const early = challengeOf(await step({ type: 'm.login.dummy' }));
    expect(early['completed']).toBeUndefined();
    const session = early['session'] ?? null;
    expect(challengeOf(await step({ type: 'm.login.registration_token', token: 'bad', session }))['errcode']).toBe(
      'M_FORBIDDEN',
    );
    const half = challengeOf(await step({ type: 'm.login.registration_token', token: 'good', session }));
    expect(half).toMatchObject({ completed: ['m.login.registration_token'] });
    expect(half['errcode']).toBeUndefined();
    expect(await step({ type: 'm.login.dummy', session })).toEqual({ outcome: 'done', registrationToken: 'good' });
  });

  it('forgets a session after a quarter of an hour, and after ten wrong answers', async () => {
    const old = challengeOf(await auth.authenticate(attempt({})))['session'] ?? null;
    now += 15 * 60_000;
    expect(
      challengeOf(await auth.authenticate(attempt({ auth: { ...password(alice, 'right'), session: old } })))['session'],
    ).not.toBe(old);
    const session = challengeOf(await auth.authenticate(attempt({})))['session'] ?? null;
    for (let n = 0; n < 10; n += 1) await auth.authenticate(attempt({ auth: { ...password(alice, 'no'), session } }));
    const late = await auth.authenticate(attempt({ auth: { ...password(alice, 'right'), session } }));
    expect(late.outcome).toBe('challenge');
  });
});
