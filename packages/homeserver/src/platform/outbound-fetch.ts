// The one way out: application services, push gateways, previews and other servers are called through it. Every call has a time and a
// byte limit; private addresses are refused unless the caller's configuration allows them, judged on the address that is connected
// to (a name that resolves differently a second later gains nothing); redirects are followed only when asked; connections are reused.

import { lookup as dnsLookup, type LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { Agent, buildConnector, type Dispatcher, errors, request as undiciRequest } from 'undici';
import { isPrivateAddress } from './private-addresses.ts';

/** One call. */
export interface OutboundRequest {
  readonly url: string;
  readonly method?: 'GET' | 'PUT' | 'POST' | 'DELETE';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** For the whole of it, redirects and body included. */
  readonly timeoutMs: number;
  /** Largest body of the answer. */
  readonly bytesMax: number;
  /** Of a larger one the beginning is answered, instead of a failure. */
  readonly truncate?: boolean;
  /**
   * Answer as soon as the status is known, or one of which this is true; the body is thrown away (at most `bytesMax` of it, then the
   * connection is closed).
   */
  readonly statusOnly?: boolean | ((status: number) => boolean);
  /** Loopback and private addresses may be connected to. */
  readonly allowPrivate: boolean;
  /** Connect to this socket instead of the URL's host. */
  readonly unixSocket?: string;
  /** Redirects to follow, GET only; none unless given: an answer 3xx is an answer. */
  readonly redirectsMax?: number;
  readonly signal?: AbortSignal;
}

/** What was answered. Header names are lower case; of a repeated header the first value. */
export interface OutboundResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Why there was no answer. */
export type OutboundFailure = 'private-address' | 'timeout' | 'too-large' | 'redirects' | 'aborted' | 'unreachable';

/** No answer came. The message names neither tokens nor the query of the URL. */
export class OutboundError extends Error {
  readonly failure: OutboundFailure;
  constructor(failure: OutboundFailure, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'OutboundError';
    this.failure = failure;
  }
}

/** @throws OutboundError when no answer came within the limits */
export type OutboundFetch = (request: OutboundRequest) => Promise<OutboundResponse>;

/** The way out, with the connections it keeps. */
export interface Outbound {
  readonly fetch: OutboundFetch;
  close(): Promise<void>;
}

/** Connections to one host at a time; more calls wait for one. */
const CONNECTIONS_PER_HOST = 16;
/** Time to connect, TLS included. */
const CONNECT_TIMEOUT_MS = 10_000;
/** How long an idle connection is kept. */
const IDLE_MS = 30_000;
/** Unix sockets that keep an agent of their own; application services that listen on one are few. */
const SOCKET_AGENTS_MAX = 64;

/** @param trustedCa  PEM certificates that are trusted besides the system's */
export function createOutbound(trustedCa: readonly string[] = []): Outbound {
  const tls = trustedCa.length === 0 ? {} : { ca: [...trustedCa] };
  const anywhere = agent(buildConnector({ ...tls, timeout: CONNECT_TIMEOUT_MS }));
  const publicOnly = agent(
    refusePrivate(buildConnector({ ...tls, timeout: CONNECT_TIMEOUT_MS, lookup: publicLookup })),
  );
  const sockets = new Map<string, Agent>();
  const agentFor = ({ unixSocket, allowPrivate }: OutboundRequest): Agent => {
    if (unixSocket === undefined) return allowPrivate ? anywhere : publicOnly;
    let found = sockets.get(unixSocket);
    if (found === undefined) {
      found = agent(buildConnector({ ...tls, timeout: CONNECT_TIMEOUT_MS, socketPath: unixSocket }));
      const [oldest] = sockets;
      if (sockets.size >= SOCKET_AGENTS_MAX && oldest !== undefined) {
        sockets.delete(oldest[0]);
        void oldest[1].close();
      }
      sockets.set(unixSocket, found);
    }
    return found;
  };
  return {
    fetch: (request) => call(request, agentFor(request)),
    async close() {
      await Promise.all([anywhere, publicOnly, ...sockets.values()].map((one) => one.destroy()));
    },
  };
}

function agent(connect: buildConnector.connector): Agent {
  return new Agent({ connect, connections: CONNECTIONS_PER_HOST, keepAliveTimeout: IDLE_MS });
}

async function call(request: OutboundRequest, dispatcher: Dispatcher): Promise<OutboundResponse> {
  const limit = timeLimit(request);
  let url = new URL(request.url);
  let headers = request.headers ?? {};
  try {
    for (let hops = request.redirectsMax ?? 0; ; hops -= 1) {
      const answer = await once(request, url, { headers, limit, dispatcher });
      const { location } = answer.headers;
      const follows =
        request.redirectsMax !== undefined &&
        location !== undefined &&
        [301, 302, 303, 307, 308].includes(answer.status);
      if (!follows) return answer;
      if (hops <= 0) throw new OutboundError('redirects', `${url.host} redirects too often`);
      const next = new URL(location, url);
      if (next.protocol !== 'https:' && next.protocol !== 'http:')
        throw new OutboundError('redirects', `${url.host} redirects to ${next.protocol}`);
      // What was said to one origin is not repeated to another.
      if (next.origin !== url.origin) headers = {};
      url = next;
    }
  } catch (error) {
    throw explain(error, { host: url.host, timedOut: limit.timedOut, aborted: request.signal?.aborted === true });
  } finally {
    if (limit.until === undefined) limit.end();
    else void limit.until.then(limit.end);
  }
}

/** The time of a call, and who else may end it. */
interface TimeLimit {
  readonly signal: AbortSignal;
  timedOut: boolean;
  /** The answer is given, but its body is still being thrown away: that counts too. */
  until?: Promise<void>;
  readonly end: () => void;
}

// Not AbortSignal.timeout: it cannot be taken back, and a busy application service leaves 30,000 of them, each to go off in the end.
function timeLimit({ timeoutMs, signal }: OutboundRequest): TimeLimit {
  const controller = new AbortController();
  const giveUp = () => controller.abort();
  const timer = setTimeout(() => {
    limit.timedOut = true;
    giveUp();
  }, timeoutMs);
  const limit: TimeLimit = {
    signal: controller.signal,
    timedOut: false,
    end: () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', giveUp);
    },
  };
  signal?.addEventListener('abort', giveUp);
  if (signal?.aborted === true) giveUp();
  return limit;
}

interface Attempt {
  readonly headers: Readonly<Record<string, string>>;
  readonly limit: TimeLimit;
  readonly dispatcher: Dispatcher;
}

async function once(request: OutboundRequest, url: URL, attempt: Attempt): Promise<OutboundResponse> {
  const { statusCode, headers, body } = await undiciRequest(url, {
    method: request.method ?? 'GET',
    headers: attempt.headers,
    body: request.body ?? null,
    signal: attempt.limit.signal,
    dispatcher: attempt.dispatcher,
    headersTimeout: request.timeoutMs,
    bodyTimeout: request.timeoutMs,
  });
  const { statusOnly = false } = request;
  if (typeof statusOnly === 'boolean' ? statusOnly : statusOnly(statusCode)) {
    attempt.limit.until = body.dump({ limit: request.bytesMax }).catch(() => {}); // the status was all that mattered
    return { status: statusCode, headers: firstValues(headers), body: Buffer.alloc(0) };
  }
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > request.bytesMax && request.truncate === true) {
      chunks.push(chunk.subarray(0, chunk.length - (length - request.bytesMax)));
      break; // which closes the connection
    }
    if (length > request.bytesMax) {
      body.destroy();
      throw new OutboundError('too-large', `${url.host} answers more than ${request.bytesMax} bytes`);
    }
    chunks.push(chunk);
  }
  return { status: statusCode, headers: firstValues(headers), body: Buffer.concat(chunks) };
}

function firstValues(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const pairs = Object.entries(headers).map(([name, value]) => [name, (Array.isArray(value) ? value[0] : value) ?? '']);
  return Object.fromEntries(pairs) as Record<string, string>;
}

function explain(error: unknown, how: { host: string; timedOut: boolean; aborted: boolean }): OutboundError {
  if (error instanceof OutboundError) return error;
  const { host } = how;
  if (how.aborted) return new OutboundError('aborted', `the call to ${host} was given up`, error);
  const slow =
    how.timedOut ||
    error instanceof errors.ConnectTimeoutError ||
    error instanceof errors.HeadersTimeoutError ||
    error instanceof errors.BodyTimeoutError;
  if (slow) return new OutboundError('timeout', `${host} does not answer in time`, error);
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? ` (${error.code})` : '';
  return new OutboundError('unreachable', `${host} cannot be reached${code}`, error);
}

// An address written in the URL is never looked up, so it is judged here; names are judged when they are resolved.
function refusePrivate(connect: buildConnector.connector): buildConnector.connector {
  return (options, callback) => {
    const host = options.hostname.replace(/^\[|\]$/g, '');
    if (isIP(host) !== 0 && isPrivateAddress(host)) {
      callback(new OutboundError('private-address', `${host} is a private address`), null);
    } else connect(options, callback);
  };
}

const publicLookup: LookupFunction = (hostname, options, callback) => {
  dnsLookup(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
    if (error !== null) {
      callback(error, '', 0);
      return;
    }
    const open = addresses.filter(({ address }) => !isPrivateAddress(address));
    const [first] = open;
    if (first === undefined) {
      callback(new OutboundError('private-address', `${hostname} has only private addresses`), '', 0);
    } else if (options.all === true) callback(null, open);
    else callback(null, first.address, first.family);
  });
};
