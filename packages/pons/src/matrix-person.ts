// An ordinary Matrix client for one person, by the public client-server API: signs in, joins, says, hears. The quick start's proof and
// the people in testBridge are made of it; nothing here knows the homeserver from inside.
import { randomUUID } from 'node:crypto';

/** A message that somebody else sent. */
export interface HeardMessage {
  readonly roomId: string;
  readonly sender: string;
  readonly body: string;
}

/** Somebody who is signed in. */
export interface MatrixPerson {
  readonly userId: string;
  readonly token: string;
  /** Any request as this person; path such as `/_matrix/client/v3/account/whoami`. @throws Error with errcode for a refusal */
  call<T = Record<string, unknown>>(method: string, path: string, body?: object): Promise<T>;
  /** By room ID or alias; answers the room ID. */
  join(room: string): Promise<string>;
  /** Sends a text message; answers its event ID. */
  say(roomId: string, text: string): Promise<string>;
  /** Waits until somebody else has said exactly this since the sign-in, in any room. @throws Error when it does not arrive in time */
  hear(text: string, timeoutMs?: number): Promise<HeardMessage>;
  signOut(): Promise<void>;
}

interface Session {
  readonly user_id: string;
  readonly access_token: string;
}
interface SyncAnswer {
  readonly next_batch: string;
  readonly rooms?: {
    readonly join?: Record<string, { readonly timeline: { readonly events: readonly TimelineEvent[] } }>;
  };
}
interface TimelineEvent {
  readonly sender: string;
  readonly content: { readonly body?: string };
}

const v3 = '/_matrix/client/v3';
const requestTimeoutMs = 30_000;
const probeTimeoutMs = 1_000;
const hearWithinMs = 10_000;
const pollMs = 5_000;
/** Messages kept that nobody has waited for yet. */
const keptMax = 1_000;

/** Signs in by password. */
export async function signIn(
  base: string,
  account: { readonly username: string; readonly password: string; readonly deviceId?: string },
): Promise<MatrixPerson> {
  const session = await call<Session>(base, 'POST', `${v3}/login`, {
    body: {
      type: 'm.login.password',
      identifier: { type: 'm.id.user', user: account.username },
      password: account.password,
      ...(account.deviceId === undefined ? {} : { device_id: account.deviceId }),
    },
  });
  return personOf(base, session);
}

/** The user id that an access token belongs to; undefined when it belongs to nobody. */
export async function whoami(base: string, token: string): Promise<string | undefined> {
  const answer = await ask<{ user_id: string }>(base, 'GET', `${v3}/account/whoami`, { token });
  return answer.ok ? answer.body.user_id : undefined;
}

/** Whether a Pons that shows its admin API answers there. */
export async function isPons(base: string): Promise<boolean> {
  const ours = `${base}/_pons/admin/v1/appservices`;
  try {
    const response = await fetch(ours, { signal: AbortSignal.timeout(probeTimeoutMs), redirect: 'error' });
    return ((await response.json()) as Answer | null)?.errcode === 'M_MISSING_TOKEN';
  } catch {
    return false; // something else, or nothing that speaks HTTP
  }
}

async function personOf(base: string, { user_id: userId, access_token: token }: Session): Promise<MatrixPerson> {
  const filter = encodeURIComponent(
    JSON.stringify({
      presence: { types: [] },
      room: { timeline: { limit: 50, types: ['m.room.message'] }, state: { types: [] }, ephemeral: { types: [] } },
    }),
  );
  const sync = (query: string) => call<SyncAnswer>(base, 'GET', `${v3}/sync?filter=${filter}${query}`, { token });
  let { next_batch: since } = await sync('');
  const kept: HeardMessage[] = [];

  async function listen(timeoutMs: number): Promise<void> {
    const answer = await sync(`&timeout=${timeoutMs}&since=${encodeURIComponent(since)}`);
    since = answer.next_batch;
    for (const [roomId, { timeline }] of Object.entries(answer.rooms?.join ?? {}))
      for (const { sender, content } of timeline.events)
        if (sender !== userId && content.body !== undefined) kept.push({ roomId, sender, body: content.body });
    kept.splice(0, kept.length - keptMax);
  }

  return {
    userId,
    token,
    call: (method, path, body) => call(base, method, path, { token, ...(body === undefined ? {} : { body }) }),
    async join(room) {
      const path = `${v3}/join/${encodeURIComponent(room)}`;
      return (await call<{ room_id: string }>(base, 'POST', path, { token, body: {} })).room_id;
    },
    async say(roomId, text) {
      const path = `${v3}/rooms/${encodeURIComponent(roomId)}/send/m.room.message/${randomUUID()}`;
      const body = { msgtype: 'm.text', body: text };
      return (await call<{ event_id: string }>(base, 'PUT', path, { token, body })).event_id;
    },
    async hear(text, timeoutMs = hearWithinMs) {
      const until = performance.now() + timeoutMs;
      for (;;) {
        const index = kept.findIndex(({ body }) => body === text);
        const [found] = index < 0 ? [] : kept.splice(index, 1);
        if (found !== undefined) return found;
        const leftMs = Math.round(until - performance.now());
        if (leftMs <= 0) throw new Error(`${userId} did not hear ${JSON.stringify(text)} in ${timeoutMs} ms`);
        await listen(Math.min(leftMs, pollMs));
      }
    },
    async signOut() {
      await call(base, 'POST', `${v3}/logout`, { token, body: {} });
    },
  };
}

interface Answer {
  readonly errcode?: string;
  readonly error?: string;
}
interface RequestOptions {
  readonly token?: string;
  readonly body?: object;
}

async function call<T>(base: string, method: string, path: string, options: RequestOptions): Promise<T> {
  const { ok, body } = await ask<T>(base, method, path, options);
  if (!ok) throw new Error(`${method} ${path.split('?')[0]}: ${body.errcode ?? ''} ${body.error ?? ''}`);
  return body;
}

async function ask<T>(
  base: string,
  method: string,
  path: string,
  { token, body }: RequestOptions,
): Promise<{ ok: boolean; body: T & Answer }> {
  const response = await fetch(`${base}${path}`, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(requestTimeoutMs),
  });
  return { ok: response.ok, body: (await response.json()) as T & Answer };
}
