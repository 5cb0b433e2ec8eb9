// What goes wrong when a homeserver is called: its refusal with errcode and status, or no answer at all (status 0).
// Thrown by call.ts; retry.ts decides by it, and programs may.

/** A refused or failed call. */
export class CallError extends Error {
  override readonly name = 'CallError';
  /** `M_…`, or `PONS_UNREACHABLE`, `PONS_TIMEOUT`, `PONS_NOT_MATRIX` when no Matrix server answered. */
  readonly errcode: string;
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  /** What the server asked to wait, when it did. */
  readonly retryAfterMs: number | undefined;
  /** The members of the refusal's body, of which some codes have their own. */
  readonly answer: Readonly<Record<string, unknown>>;

  constructor(
    errcode: string,
    text: string,
    more: {
      status: number;
      retryAfterMs?: number | undefined;
      answer?: Readonly<Record<string, unknown>>;
      cause?: unknown;
    },
  ) {
    super(`${errcode}: ${text}`, { cause: more.cause });
    this.errcode = errcode;
    this.status = more.status;
    this.retryAfterMs = more.retryAfterMs;
    this.answer = more.answer ?? {};
  }
}

/** Whether the error is a refusal with this errcode. */
export function isRefusal(error: unknown, errcode: string): boolean {
  return error instanceof CallError && error.errcode === errcode;
}

/** Whether the same call may succeed later: no answer, a rate limit, or a server in trouble. */
export function isTransient(error: unknown): boolean {
  return error instanceof CallError && (error.status === 0 || error.status === 429 || error.status >= 500);
}
