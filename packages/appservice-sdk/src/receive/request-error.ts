// A refusal of something the homeserver asked: listener.ts alone turns it into a body of errcode and error.

/** Thrown by whoever answers a request, with what the homeserver is to be told. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  readonly status: number;
  readonly errcode: string;
  readonly retryAfterMs: number | undefined;

  constructor(status: number, errcode: string, text: string, retryAfterMs?: number) {
    super(text);
    this.status = status;
    this.errcode = errcode;
    this.retryAfterMs = retryAfterMs;
  }
}
