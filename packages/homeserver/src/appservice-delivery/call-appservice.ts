// One call to an application service: over its own websocket while it holds one (websocket-calls.ts), else by HTTP to its url with the
// path prefix kept, or its unix socket; the hs_token in the header; redirects are never followed, the token would go with them; time and
// bytes bounded. One that does not know the current path is asked at the path from before version 1 of the API, and what knows that one
// is remembered for a while. The specification says so of whatever is no success; what a service says of the content (400, 413, 429) is an
// answer all the same, and so is an error of one that has answered well at the current path, or speaks Matrix there.
// https://spec.matrix.org/v1.19/application-service-api/#legacy-routes

import type { JsonValue } from '@pons/spec';
import { LRUCache } from 'lru-cache';
import type { Appservice } from '../appservices/registry.ts';
import { atMost } from '../platform/at-most.ts';
import type { Clock } from '../platform/clock.ts';
import { OutboundError, type OutboundFetch } from '../platform/outbound-fetch.ts';

/** A call. `path` is below the url: `/_matrix/app/v1/transactions/5`. */
export interface AppserviceRequest {
  readonly appservice: Appservice;
  readonly method: 'GET' | 'PUT' | 'POST';
  readonly path: string;
  /** The same endpoint before version 1. */
  readonly legacyPath?: string;
  readonly body?: Buffer;
  /** Only the status is wanted: the body is thrown away. */
  readonly statusOnly?: boolean;
  /** Of an answer that is too large its beginning is enough. */
  readonly truncate?: boolean;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

interface Answered {
  readonly outcome: 'answered';
  readonly status: number;
  readonly body: Buffer;
  /** What came with an error over the websocket, which has no status. */
  readonly said?: JsonValue;
}

/** What came of it. */
export type AppserviceAnswer =
  | Answered
  | { readonly outcome: 'failed'; readonly reason: AppserviceFailure; readonly message: string };

/** Why there was no answer. `no-url`: there is no way to it, its registration says `url: null` and it has not connected. */
export type AppserviceFailure = 'timeout' | 'connection' | 'no-url';

/** Calls application services; never throws for what they do. */
export type CallAppservice = (request: AppserviceRequest) => Promise<AppserviceAnswer>;

/** Another way to an application service than HTTP to its url: it has connected to us. */
export interface Transport {
  /** Whether it leads to this application service now. */
  connected(appserviceId: string): boolean;
  /** @param hsToken  by which it knows us */
  call(request: AppserviceRequest, hsToken: string): Promise<AppserviceAnswer>;
}

export interface CallParts {
  readonly fetch: OutboundFetch;
  readonly clock: Clock;
  /** `appservices.allow_private_addresses`. */
  readonly allowPrivate: boolean;
  /** Goes before HTTP where it leads. */
  readonly transport?: Transport;
}

/** Largest answer that is read. */
export const answerBytesMax = 1_048_576;
/** How long the older paths are used before the current ones are tried again. */
const legacyRememberedMs = 3_600_000;
/** How long one that fails at both paths is not asked twice. */
const failingRememberedMs = 60_000;
/** Services and endpoints. */
const pathsRememberedMax = 10_000;

interface KnownPath {
  /** Where it answered well, or that it did at neither. */
  readonly which: 'current' | 'legacy' | 'neither';
  readonly untilMs: number;
}

/** The caller of a server. */
export function createCallAppservice({ clock, transport, ...parts }: CallParts): CallAppservice {
  const paths = new LRUCache<string, KnownPath>(atMost(pathsRememberedMax));

  // One whose tokens were replaced may know only the old ones until it is started anew.
  async function callNow(request: AppserviceRequest, path: string, timeoutMs: number): Promise<AppserviceAnswer> {
    const { id, registration, oldHsToken } = request.appservice;
    const once = (hsToken: string) =>
      transport?.connected(id) === true
        ? transport.call(request, hsToken)
        : callOnce(parts, request, { path, timeoutMs, hsToken });
    const answer = await once(registration.hsToken);
    const isStranger = answer.outcome === 'answered' && (answer.status === 401 || answer.status === 403);
    if (!isStranger || oldHsToken === undefined || oldHsToken.untilTs <= clock.now()) return answer;
    return once(oldHsToken.token);
  }

  async function withLegacy(request: AppserviceRequest, legacyPath: string): Promise<AppserviceAnswer> {
    const untilMs = clock.monotonicMs() + request.timeoutMs;
    const at = (path: string) => callNow(request, path, untilMs - clock.monotonicMs());
    const key = `${request.appservice.id} ${legacyPath.replace(/\/[^/]*$/, '')}`;
    const remember = (which: KnownPath['which'], ms: number) =>
      paths.set(key, { which, untilMs: clock.monotonicMs() + ms });
    const found = paths.get(key);
    const known = found !== undefined && found.untilMs > clock.monotonicMs() ? found.which : undefined;
    if (known === 'legacy') {
      const answer = await at(legacyPath);
      if (!isUnknownPath(request, answer)) return answer;
      paths.delete(key); // it has been updated meanwhile
    }
    const answer = await at(request.path);
    if (answer.outcome === 'failed') return answer;
    const isUnknown = isUnknownPath(request, answer);
    if (known !== 'current' && (isSuccess(answer.status) || (answer.status === 404 && !isUnknown)))
      remember('current', Number.POSITIVE_INFINITY);
    if (!isUnknown && (known === 'current' || known === 'neither' || !isForeignError(answer))) return answer;
    const legacy = await at(legacyPath);
    if (legacy.outcome === 'answered' && knowsLegacy(request, legacy, isUnknown)) {
      if (legacy.status < 500) remember('legacy', legacyRememberedMs);
      return legacy;
    }
    if (!isUnknown) remember('neither', failingRememberedMs);
    return answer;
  }

  return (request) => {
    const { appservice, path, legacyPath, timeoutMs } = request;
    const currentOnly = legacyPath === undefined || transport?.connected(appservice.id) === true;
    return currentOnly ? callNow(request, path, timeoutMs) : withLegacy(request, legacyPath);
  };
}

async function callOnce(
  parts: Pick<CallParts, 'fetch' | 'allowPrivate'>,
  request: AppserviceRequest,
  { path, timeoutMs, hsToken }: { readonly path: string; readonly timeoutMs: number; readonly hsToken: string },
): Promise<AppserviceAnswer> {
  const { registration } = request.appservice;
  if (registration.url === null) return { outcome: 'failed', reason: 'no-url', message: 'it is not connected' };
  if (timeoutMs <= 0) return { outcome: 'failed', reason: 'timeout', message: 'it does not answer in time' };
  const { url, unixSocket } = addressOf(registration.url, path);
  try {
    const { status, body } = await parts.fetch({
      url: registration.pons.queryToken ? withToken(url, hsToken) : url,
      method: request.method,
      headers: {
        authorization: `Bearer ${hsToken}`,
        ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(request.body === undefined ? {} : { body: request.body }),
      ...(unixSocket === undefined ? {} : { unixSocket }),
      ...(request.signal === undefined ? {} : { signal: request.signal }),
      // The body of a 404 says whether it is the path that is not known, that of a 500 whether a Matrix service has said it.
      statusOnly:
        request.statusOnly === true ? (answered) => answered < 500 && !unknownPathStatuses.has(answered) : false,
      truncate: request.truncate ?? request.statusOnly ?? false,
      timeoutMs,
      bytesMax: answerBytesMax,
      allowPrivate: parts.allowPrivate,
    });
    return { outcome: 'answered', status, body };
  } catch (error) {
    if (!(error instanceof OutboundError)) throw error;
    return {
      outcome: 'failed',
      reason: error.failure === 'timeout' ? 'timeout' : 'connection',
      message: error.message,
    };
  }
}

const unknownPathStatuses = new Set([404, 405, 501]);

// A service that speaks of its unknown routes as the specification does knows the current paths, and so does one that looked for what we
// ask for and found nothing. The rest of the 404s are of web servers that do not know the path.
function isUnknownPath({ method }: AppserviceRequest, answer: AppserviceAnswer): boolean {
  if (answer.outcome === 'failed' || !unknownPathStatuses.has(answer.status)) return false;
  const errcode = errcodeOf(answer.body);
  return !(errcode === 'M_UNRECOGNIZED' || (method === 'GET' && errcode.endsWith('_NOT_FOUND')));
}

// A proxy says them of a service that is away, and nothing of the path; what answers elsewhere on that host is not the service.
const awayStatuses = new Set([502, 503, 504]);

// A server's error that is in no Matrix form: it may be all that it has to say of the path.
function isForeignError({ status, body }: Answered): boolean {
  return status >= 500 && !awayStatuses.has(status) && errcodeOf(body) === '';
}

// After an error that may be anything the older path has to do better than fail in another way.
function knowsLegacy(request: AppserviceRequest, answer: Answered, isUnknown: boolean): boolean {
  if (isUnknown) return !isUnknownPath(request, answer);
  return isSuccess(answer.status) || (answer.status === 404 && !isUnknownPath(request, answer));
}

function errcodeOf(body: Buffer): string {
  return /"errcode"\s*:\s*"([\w.]{1,255})"/.exec(body.toString('latin1'))?.[1] ?? '';
}

/** Any 2xx: an application service accepts by its status, whatever its body says. */
export function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

/** Where a path of an application service is. */
export function addressOf(url: string, path: string): { url: string; unixSocket?: string } {
  if (url.startsWith('unix:')) return { url: `http://localhost${path}`, unixSocket: url.replace(/^unix:(\/\/)?/, '') };
  return { url: `${url.replace(/\/+$/, '')}${path}` };
}

function withToken(url: string, hsToken: string): string {
  return `${url}${url.includes('?') ? '&' : '?'}access_token=${encodeURIComponent(hsToken)}`;
}
