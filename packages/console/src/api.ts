// Calls to the homeserver that serves this page: client-server API and /_pons/admin/v1.

/** The server refused, or could not be reached (status 0). */
export class ApiError extends Error {
  readonly status: number;
  readonly errcode: string;
  /** What else the answer says. */
  readonly fields: Readonly<Record<string, unknown>>;
  constructor(status: number, errcode: string, message: string, fields: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.status = status;
    this.errcode = errcode;
    this.fields = fields;
  }
}

export interface CallOptions {
  readonly token?: string;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

/** One request; the parsed JSON answer. @throws ApiError */
export async function call<T>(method: string, path: string, options: CallOptions = {}): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers: {
        ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
        ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
  } catch (error) {
    throw new ApiError(0, 'unreachable', error instanceof Error ? error.message : 'the server does not answer');
  }
  const answer = (await response.json().catch(() => ({}))) as T & { errcode?: string; error?: string };
  if (!response.ok)
    throw new ApiError(response.status, answer.errcode ?? 'M_UNKNOWN', answer.error ?? response.statusText, {
      ...answer,
    });
  return answer;
}
