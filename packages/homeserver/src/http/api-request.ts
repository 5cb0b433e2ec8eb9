// The ApiRequest that handlers get. What few handlers ask for (the abort signal, the raw stream) costs nothing until it is asked for.

import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import type { JsonObject } from '@pons/spec';
import type { Endpoint } from '@pons/spec/endpoints';
import type { Requester } from '../platform/requester.ts';
import type { ApiRequest } from './route.ts';

/** What has been found out about a request by the time it reaches its handler. */
export interface Prepared {
  readonly endpoint: Endpoint;
  readonly id: string;
  readonly path: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: JsonObject;
  readonly requester?: Requester;
  readonly remoteAddress: string;
  readonly trace?: string;
}

/** Makes the ApiRequest. `stopping` is aborted when the server stops. */
export function createApiRequest(
  prepared: Prepared,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  stopping: AbortSignal,
): ApiRequest {
  return new HandledRequest(prepared, incoming, outgoing, stopping);
}

class HandledRequest implements ApiRequest {
  readonly endpoint: Endpoint;
  readonly id: string;
  readonly path: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: JsonObject;
  readonly requester?: Requester;
  readonly remoteAddress: string;
  readonly trace?: string;
  readonly #incoming: IncomingMessage;
  readonly #outgoing: ServerResponse;
  readonly #stopping: AbortSignal;
  #signal: AbortSignal | undefined;

  constructor(prepared: Prepared, incoming: IncomingMessage, outgoing: ServerResponse, stopping: AbortSignal) {
    this.endpoint = prepared.endpoint;
    this.id = prepared.id;
    this.path = prepared.path;
    this.query = prepared.query;
    this.body = prepared.body;
    if (prepared.requester !== undefined) this.requester = prepared.requester;
    this.remoteAddress = prepared.remoteAddress;
    if (prepared.trace !== undefined) this.trace = prepared.trace;
    this.#incoming = incoming;
    this.#outgoing = outgoing;
    this.#stopping = stopping;
  }

  get headers(): IncomingHttpHeaders {
    return this.#incoming.headers;
  }

  get stream(): Readable {
    return this.#incoming;
  }

  get signal(): AbortSignal {
    if (this.#signal === undefined) {
      const gone = new AbortController();
      // 'close' follows every response too; aborting what has ended does no harm.
      this.#outgoing.once('close', () => gone.abort());
      this.#signal = AbortSignal.any([gone.signal, this.#stopping]);
    }
    return this.#signal;
  }
}
