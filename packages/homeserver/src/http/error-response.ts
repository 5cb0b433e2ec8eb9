// The one place where errors become HTTP. A MatrixError is the caller's mistake and says so in Matrix's form; a database that
// cannot be reached or has no time is 503, to be tried again; a value that it cannot hold is 400 (and a check is missing); everything else
// is a bug of ours: logged with the request's id and answered 500.
// https://spec.matrix.org/v1.19/client-server-api/#standard-error-response

import { type JsonObject, MatrixError } from '@pons/spec';

/** What to answer, and whether somebody has to look at it. */
export interface ErrorResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly json: JsonObject;
  /** Ours goes to the log (failure-log.ts). */
  readonly fault: 'caller' | 'unchecked' | 'away' | 'bug';
}

/** How long a client waits when the database is away, in milliseconds: embedded PostgreSQL is restarted in less. */
const DATABASE_AWAY_MS = 2_000;
const noHeaders = {};

/** The response to an error. */
export function errorResponse(error: unknown, requestId: string): ErrorResponse {
  if (error instanceof MatrixError) {
    const json = error.toJson();
    const wait = json['retry_after_ms'];
    const headers = typeof wait === 'number' ? { 'retry-after': String(Math.ceil(wait / 1000)) } : noHeaders;
    return { status: error.status, headers, json, fault: 'caller' };
  }
  if (storageCode(error, unholdableCodes)) {
    return {
      status: 400,
      headers: noHeaders,
      json: {
        errcode: 'M_INVALID_PARAM',
        error: 'A text of the request holds U+0000, is too long, or a number too large.',
      },
      fault: 'unchecked',
    };
  }
  if (storageCode(error, awayCodes)) {
    return {
      status: 503,
      headers: { 'retry-after': String(DATABASE_AWAY_MS / 1000) },
      json: { errcode: 'M_UNKNOWN', error: 'The database cannot answer now. Try again soon.' },
      fault: 'away',
    };
  }
  const json = { errcode: 'M_UNKNOWN', error: `An internal error. The server's log has it under ${requestId}.` };
  return { status: 500, headers: noHeaders, json, fault: 'bug' };
}

/** The refusal of a request that came too soon. */
export function limitExceeded(retryAfterMs: number): MatrixError {
  return new MatrixError('M_LIMIT_EXCEEDED', 'Too many requests. Wait before the next one.', {
    fields: { retry_after_ms: retryAfterMs },
  });
}

// No connection, too many of them, a server that stops, starts or recovers, a statement whose time was up, one that lost against others.
const awayCodes = /^(unreachable|overloaded|08...|25P03|40001|40P01|53300|55P03|57...)$/;

// Last line of defence: U+0000 or a lone surrogate in a text or in jsonb, a number beyond its column, a text too long for an index.
const unholdableCodes = /^(22003|22021|22P05|54000)$/;

// By name and code: this floor does not know storage (never-arrow 2), only what its errors look like.
function storageCode(error: unknown, codes: RegExp): boolean {
  return error instanceof Error && error.name === 'StorageError' && 'code' in error && codes.test(String(error.code));
}
