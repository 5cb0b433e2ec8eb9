// Where an endpoint's descriptor meets the function that answers it. client-api, federation-api and admin-api make Routes;
// router.ts finds them; server.ts runs them. Handlers are parse, call, shape: about 20 lines.

import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import type { JsonObject, JsonValue } from '@pons/spec';
import type { Endpoint } from '@pons/spec/endpoints';
import type { Requester } from '../platform/requester.ts';

/** A request after routing, authentication, rate limit and body. */
export interface ApiRequest {
  readonly endpoint: Endpoint;
  /** Request id, also in the log. */
  readonly id: string;
  /** Path parameters, percent-decoded; never containing U+0000. */
  readonly path: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** Parsed by the strict gate; `{}` where the endpoint takes no body or the client sent none. */
  readonly body: JsonObject;
  /** Who asks. Endpoints whose auth is `none` and optional ones without a token have none: `requesterOf(request)` insists. */
  readonly requester?: Requester;
  readonly remoteAddress: string;
  readonly headers: IncomingMessage['headers'];
  /** The body as a stream, for endpoints whose descriptor says `body: 'stream'` (media). */
  readonly stream: Readable;
  /** Aborted when the client goes away or the server stops. */
  readonly signal: AbortSignal;
  /** W3C traceparent of this request, when traced. */
  readonly trace?: string;
}

/** What a handler answers: JSON, or bytes as they come. */
export type ApiResponse =
  | { readonly status?: number; readonly headers?: Readonly<Record<string, string>>; readonly json: JsonValue }
  /** JSON text that is written as it is (already serialised). */
  | { readonly status?: number; readonly headers?: Readonly<Record<string, string>>; readonly jsonText: string }
  | { readonly status?: number; readonly headers: Readonly<Record<string, string>>; readonly bytes: Readable | Buffer };

/** One endpoint, answered. */
export interface Route {
  readonly endpoint: Endpoint;
  handle(request: ApiRequest): Promise<ApiResponse>;
}
