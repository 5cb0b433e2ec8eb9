// An ordinary Matrix client of the first account, by the public client-server API: makes the account, joins the room, sends and follows
// it by /sync. The quick start's proof is it; nothing here knows the homeserver from inside.
import { createHmac, randomUUID } from 'node:crypto';

interface Answer {
  readonly errcode?: string;
  readonly error?: string;
}
interface SyncAnswer {
  readonly next_batch: string;
  readonly rooms?: {
    readonly join?: Record<string, { readonly timeline: { readonly events: readonly TimelineEvent[] } }>;
  };
}
interface TimelineEvent {
  readonly type: string;
  readonly sender: string;
  readonly content: { readonly body?: string };
}

const v3 = '/_matrix/client/v3';
const requestTimeoutMs = 30_000;

/** Makes the account if it is not there yet, as an administrator. */
export async function ensureAdmin(
  base: string,
  sharedSecret: string,
  account: { username: string; password: string },
): Promise<void> {
  const { username, password } = account;
  const where = '/_synapse/admin/v1/register';
  const { nonce } = await call<{ nonce: string }>(base, 'GET', where);
  const mac = createHmac('sha1', sharedSecret).update([nonce, username, password, 'admin'].join('\0')).digest('hex');
  const answer = await ask(base, 'POST', where, { body: { nonce, username, password, admin: true, mac } });
  if (!answer.ok && answer.body.errcode !== 'M_USER_IN_USE')
    throw new Error(`the first account could not be made: ${answer.body.error}`);
}

export interface MatrixVisitor {
  readonly userId: string;
  readonly roomId: string;
  send(text: string): Promise<void>;
  /** Waits until somebody else says exactly this. */
  hear(text: string, timeoutMs: number): Promise<void>;
  leave(): Promise<void>;
}

/** Signs in and joins the room. */
export async function visitMatrix(
  base: string,
  account: { username: string; password: string },
  room: string,
): Promise<MatrixVisitor> {
  const login = await call<{ user_id: string; access_token: string }>(base, 'POST', `${v3}/login`, {
    body: {
      type: 'm.login.password',
      identifier: { type: 'm.id.user', user: account.username },
      password: account.password,
      device_id: 'QUICKSTART',
      initial_device_display_name: 'Pons quick start',
    },
  });
  const token = login.access_token;
  const { room_id: roomId } = await call<{ room_id: string }>(base, 'POST', `${v3}/join/${encodeURIComponent(room)}`, {
    token,
    body: {},
  });
  const inRoom = `${v3}/rooms/${encodeURIComponent(roomId)}`;
  const filter = encodeURIComponent(
    JSON.stringify({
      presence: { types: [] },
      room: { rooms: [roomId], timeline: { limit: 20 }, ephemeral: { types: [] } },
    }),
  );
  let { next_batch: since } = await call<SyncAnswer>(base, 'GET', `${v3}/sync?filter=${filter}`, { token });
  return {
    userId: login.user_id,
    roomId,
    async send(text) {
      await call(base, 'PUT', `${inRoom}/send/m.room.message/${randomUUID()}`, {
        token,
        body: { msgtype: 'm.text', body: text },
      });
    },
    async hear(text, timeoutMs) {
      const until = performance.now() + timeoutMs;
      while (performance.now() < until) {
        const answer = await call<SyncAnswer>(
          base,
          'GET',
          `${v3}/sync?filter=${filter}&timeout=5000&since=${encodeURIComponent(since)}`,
          { token },
        );
        since = answer.next_batch;
        const events = answer.rooms?.join?.[roomId]?.timeline.events ?? [];
        if (events.some((event) => event.content.body === text && event.sender !== login.user_id)) return;
      }
      throw new Error('it did not arrive in time');
    },
    async leave() {
      await call(base, 'POST', `${v3}/logout`, { token, body: {} });
    },
  };
}

/** The user id that an access token belongs to; undefined when it belongs to nobody. */
export async function whoami(base: string, token: string): Promise<string | undefined> {
  const answer = await ask<{ user_id: string }>(base, 'GET', `${v3}/account/whoami`, { token });
  return answer.ok ? answer.body.user_id : undefined;
}

async function call<T>(
  base: string,
  method: string,
  path: string,
  options: { token?: string; body?: unknown } = {},
): Promise<T> {
  const answer = await ask<T>(base, method, path, options);
  if (!answer.ok)
    throw new Error(`${method} ${path.split('?')[0]}: ${answer.body.errcode ?? ''} ${answer.body.error ?? ''}`);
  return answer.body;
}
async function ask<T>(
  base: string,
  method: string,
  path: string,
  options: { token?: string; body?: unknown } = {},
): Promise<{ ok: boolean; body: T & Answer }> {
  const { token, body } = options;
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
