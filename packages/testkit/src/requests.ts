// Plain client-server requests for tests that speak HTTP themselves.

/** The server answered 400 or more. */
export class RequestError extends Error {
  readonly status: number;
  readonly errcode: string;
  constructor(status: number, errcode: string, message: string) {
    super(message);
    this.status = status;
    this.errcode = errcode;
  }
}

export interface RequestOptions {
  readonly token?: string;
  readonly body?: unknown;
  readonly timeoutMs?: number;
}

/** One request; the JSON answer. @throws RequestError for a refusal, the network's own error when nobody answers */
export async function request<T = Record<string, unknown>>(
  base: string,
  method: string,
  path: string,
  options: RequestOptions = {},
): Promise<T> {
  const { token, body, timeoutMs = 30_000 } = options;
  const response = await fetch(`${base}${path}`, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(timeoutMs),
  });
  const answer = (await response.json()) as T & { errcode?: string; error?: string };
  if (!response.ok)
    throw new RequestError(
      response.status,
      answer.errcode ?? '',
      `${method} ${path}: ${response.status} ${answer.errcode} ${answer.error}`,
    );
  return answer;
}

/** Registers a user by m.login.dummy on a server with open registration. */
export async function registerUser(
  base: string,
  username: string,
  password = `password of ${username}`,
): Promise<{ userId: string; token: string; deviceId: string }> {
  const answer = await request<{ user_id: string; access_token: string; device_id: string }>(
    base,
    'POST',
    '/_matrix/client/v3/register',
    {
      body: { username, password, auth: { type: 'm.login.dummy' } },
    },
  );
  return { userId: answer.user_id, token: answer.access_token, deviceId: answer.device_id };
}
