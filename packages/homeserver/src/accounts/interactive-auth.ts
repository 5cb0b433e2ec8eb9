// User-interactive authentication: before an endpoint acts, the client completes the stages of one of its flows in order. A session is
// bound to the user and to the request (operation and body without `auth`), so it cannot be completed for one thing and used for another.
// Sessions live in this process's memory, bounded in number and age; one completed is used once.
// https://spec.matrix.org/v1.19/client-server-api/#user-interactive-authentication-api

import { createHash } from 'node:crypto';
import { canonicalJson, isJsonObject, type JsonObject, MatrixError } from '@pons/spec';
import { LRUCache } from 'lru-cache';
import { atMost } from '../platform/at-most.ts';
import { userIdOf } from './users.ts';

/** Stages that this server can verify. */
export type AuthStage = 'm.login.dummy' | 'm.login.password' | 'm.login.registration_token';

/** What stages are verified with. */
export interface InteractiveAuthParts {
  readonly now: () => number;
  readonly randomBytes: (size: number) => Buffer;
  readonly serverName: string;
  /** Whether this is the password of an active local account. */
  readonly verifyPassword: (userId: string, password: string) => Promise<boolean>;
  readonly isRegistrationTokenValid: (token: string) => Promise<boolean>;
}

/** A request that wants authentication. */
export interface AuthAttempt {
  /** Operation of the endpoint. */
  readonly operation: string;
  /** Whose session it is; absent where nobody is logged in (registration). */
  readonly userId?: string;
  readonly body: JsonObject;
  readonly flows: readonly (readonly AuthStage[])[];
}

/** Done: go on, once. Challenge: answer 401 with this body. */
export type AuthOutcome =
  | { readonly outcome: 'done'; readonly registrationToken?: string }
  | { readonly outcome: 'challenge'; readonly body: JsonObject };

interface Session {
  readonly id: string;
  readonly boundTo: string;
  readonly startedTs: number;
  readonly completed: AuthStage[];
  registrationToken?: string;
  failures: number;
}

/** Some 300 bytes each. */
const sessionsMax = 20_000;
const sessionLifetimeMs = 15 * 60_000;
const sessionBytes = 18;
/** Wrong answers in one session before it is void. */
const failuresMax = 10;

/** Runs the sessions of one process. */
export class InteractiveAuth {
  readonly #parts: InteractiveAuthParts;
  readonly #sessions = new LRUCache<string, Session>(atMost(sessionsMax));

  constructor(parts: InteractiveAuthParts) {
    this.#parts = parts;
  }

  /**
   * Takes the `auth` of a request a step further.
   *
   * @throws MatrixError M_FORBIDDEN for the session of another user or another request, M_BAD_JSON for an `auth` without shape
   */
  async authenticate(attempt: AuthAttempt): Promise<AuthOutcome> {
    const { auth } = attempt.body;
    if (auth === undefined || auth === null) return challenge(this.#start(attempt), attempt);
    if (!isJsonObject(auth)) throw new MatrixError('M_BAD_JSON', '`auth` must be an object');
    const session = this.#sessionOf(auth, attempt);
    if (session === undefined) {
      return challenge(this.#start(attempt), attempt, 'this session is unknown or has expired: start again');
    }
    const failure = auth['type'] === undefined ? undefined : await this.#tryStage(session, auth, attempt);
    if (failure !== undefined) {
      session.failures += 1;
      if (session.failures >= failuresMax) this.#sessions.delete(session.id);
      return challenge(session, attempt, failure);
    }
    if (!attempt.flows.some((flow) => flow.length === session.completed.length && isPrefix(session.completed, flow))) {
      return challenge(session, attempt);
    }
    // Two requests may complete one session at the same time: only one of them finds it still there.
    if (!this.#sessions.delete(session.id)) {
      return challenge(this.#start(attempt), attempt, 'this session has been used: start again');
    }
    const { registrationToken } = session;
    return { outcome: 'done', ...(registrationToken === undefined ? {} : { registrationToken }) };
  }

  #start(attempt: AuthAttempt): Session {
    const session: Session = {
      id: this.#parts.randomBytes(sessionBytes).toString('base64url'),
      boundTo: requestDigest(attempt),
      startedTs: this.#parts.now(),
      completed: [],
      failures: 0,
    };
    this.#sessions.set(session.id, session);
    return session;
  }

  #sessionOf(auth: JsonObject, attempt: AuthAttempt): Session | undefined {
    const { session: id } = auth;
    // A client that knows the flow may begin without asking for a session first.
    if (id === undefined || id === null) return this.#start(attempt);
    if (typeof id !== 'string') throw new MatrixError('M_BAD_JSON', '`auth.session` must be a string');
    const session = this.#sessions.get(id);
    if (session === undefined) return undefined;
    if (session.boundTo !== requestDigest(attempt)) {
      throw new MatrixError('M_FORBIDDEN', 'this session was started by another user or for another request');
    }
    if (session.startedTs + sessionLifetimeMs > this.#parts.now()) return session;
    this.#sessions.delete(id);
    return undefined;
  }

  /** What went wrong, or undefined when the stage is completed. */
  async #tryStage(session: Session, auth: JsonObject, attempt: AuthAttempt): Promise<string | undefined> {
    const { type } = auth;
    if (session.completed.some((stage) => stage === type)) return undefined;
    const stage = attempt.flows
      .filter((flow) => isPrefix(session.completed, flow))
      .map((flow) => flow[session.completed.length])
      .find((next) => next === type);
    if (stage === undefined) return 'this is not a stage that comes next in any flow';
    const failure = await this.#verify(stage, auth, { session, attempt });
    // The same stage sent twice at once must not count twice.
    if (failure === undefined && !session.completed.includes(stage)) session.completed.push(stage);
    return failure;
  }

  async #verify(
    stage: AuthStage,
    auth: JsonObject,
    { session, attempt }: { session: Session; attempt: AuthAttempt },
  ): Promise<string | undefined> {
    switch (stage) {
      case 'm.login.dummy':
        return undefined;
      case 'm.login.password':
        return this.#verifyPassword(auth, attempt);
      case 'm.login.registration_token': {
        const { token } = auth;
        if (typeof token !== 'string' || !(await this.#parts.isRegistrationTokenValid(token))) {
          return 'this registration token is not valid';
        }
        session.registrationToken = token;
        return undefined;
      }
    }
  }

  async #verifyPassword(auth: JsonObject, attempt: AuthAttempt): Promise<string | undefined> {
    const identifier = isJsonObject(auth['identifier']) ? auth['identifier'] : {};
    const user = identifier['type'] === 'm.id.user' ? identifier['user'] : auth['user'];
    const { password } = auth;
    if (typeof user !== 'string' || typeof password !== 'string') {
      return 'give an identifier of type m.id.user and a password';
    }
    const userId = userIdOf(user, this.#parts.serverName);
    // Another try would not help, so it is no further challenge.
    if (userId !== attempt.userId) throw new MatrixError('M_FORBIDDEN', 'this is not the user who is logged in');
    return (await this.#parts.verifyPassword(userId, password)) ? undefined : 'the password is wrong';
  }
}

function challenge(session: Session, attempt: AuthAttempt, error?: string): AuthOutcome {
  return {
    outcome: 'challenge',
    body: {
      session: session.id,
      flows: attempt.flows.map((stages) => ({ stages: [...stages] })),
      params: {},
      ...(session.completed.length > 0 ? { completed: [...session.completed] } : {}),
      ...(error === undefined ? {} : { errcode: 'M_FORBIDDEN', error }),
    },
  };
}

function isPrefix(completed: readonly AuthStage[], flow: readonly AuthStage[]): boolean {
  return completed.every((stage, index) => flow[index] === stage);
}

function requestDigest(attempt: AuthAttempt): string {
  const { auth: _auth, ...request } = attempt.body;
  return createHash('sha256')
    .update(canonicalJson({ operation: attempt.operation, user: attempt.userId ?? null, request }))
    .digest('base64');
}
