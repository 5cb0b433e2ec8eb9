// What is thrown for a mistake of the caller, anywhere in the project; http/error-response.ts alone turns it into a response.
// The status comes from the registry unless given. The message tells the caller what to do and holds no token and no event content.
// https://spec.matrix.org/v1.19/client-server-api/#standard-error-response

import type { JsonObject } from '../json/json-value.ts';
import { type Errcode, errcodes } from './errcodes.ts';

/** What a MatrixError may carry besides code and message. */
export interface MatrixErrorOptions {
  /** Instead of the registry's: 405 for M_UNRECOGNIZED, 409 for a conflict. */
  readonly status?: number;
  /** Further members of the body: soft_logout, retry_after_ms, room_version … */
  readonly fields?: JsonObject;
  readonly cause?: unknown;
}

/**
 * A refusal with a Matrix error code.
 *
 * @example throw new MatrixError('M_EXCLUSIVE', '@_irc_bob:example.org belongs to another appservice');
 */
export class MatrixError extends Error {
  readonly errcode: Errcode;
  readonly status: number;
  readonly fields: JsonObject;

  constructor(errcode: Errcode, message: string, options: MatrixErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'MatrixError';
    this.errcode = errcode;
    this.status = options.status ?? errcodes[errcode].status;
    this.fields = options.fields ?? {};
  }

  /** The body of the response: `{ errcode, error, … }`. */
  toJson(): JsonObject {
    return { ...this.fields, errcode: this.errcode, error: this.message };
  }
}
