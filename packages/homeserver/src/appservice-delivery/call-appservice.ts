// One call to an application service: over its own websocket while it holds one (websocket-calls.ts), else by HTTP to its url with the
// path prefix kept, or its unix socket; the hs_token in the header; redirects are never followed, the token would go with them; time and
// bytes bounded. One that does not know the current path is asked at the path from before version 1 of the API, and what knows that one
// is remembered for a while.
// https://spec.matrix.org/v1.19/application-service-api/#legacy-routes

import type { Appservice } from '../appservices/registry.ts';
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

/** What came of it. */
export type AppserviceAnswer =
  | { readonly outcome: 'answered'; readonly status: number; readonly body: Buffer }
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
const legacyRememberedMax = 10_000;

/** The caller of a server. */
export function createCallAppservice({ clock, transport, ...parts }: CallParts): CallAppservice {
  const legacyUntil = new Map<string, number>();

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
    if ((legacyUntil.get(key) ?? 0) > clock.monotonicMs()) {
      const answer = await at(legacyPath);
      if (!isUnknownPath(request, answer)) return answer;
      legacyUntil.delete(key); // it has been updated meanwhile
    }
    const answer = await at(request.path);
    if (!isUnknownPath(request, answer)) return answer;
    const legacy = await at(legacyPath);
    if (legacy.outcome === 'failed' || isUnknownPath(request, legacy)) return answer;
    if (legacy.status < 500 && legacyUntil.size < legacyRememberedMax)
      legacyUntil.set(key, clock.monotonicMs() + legacyRememberedMs);
    return legacy;
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
      // The body of a 404 says whether it is the path that is not known.
      statusOnly: request.statusOnly === true ? (answered) => !unknownPathStatuses.has(answered) : false,
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
  const errcode = /"errcode"\s*:\s*"([\w.]{1,255})"/.exec(answer.body.toString('latin1'))?.[1] ?? '';
  return !(errcode === 'M_UNRECOGNIZED' || (method === 'GET' && errcode.endsWith('_NOT_FOUND')));
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
