// One HTTP call to an application service: its url with the path prefix kept, or its unix socket; the hs_token in the header; redirects are
// never followed, the token would go with them; time and bytes bounded. A 404 of the current path falls back to the path from before
// version 1 of the API, and a success there is remembered for a while.
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
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** What came of it. */
export type AppserviceAnswer =
  | { readonly outcome: 'answered'; readonly status: number; readonly body: Buffer }
  | { readonly outcome: 'failed'; readonly reason: 'timeout' | 'connection'; readonly message: string };

/** Calls application services; never throws for what they do. */
export type CallAppservice = (request: AppserviceRequest) => Promise<AppserviceAnswer>;

export interface CallParts {
  readonly fetch: OutboundFetch;
  readonly clock: Clock;
  /** `appservices.allow_private_addresses`. */
  readonly allowPrivate: boolean;
}

/** Largest answer that is read. */
const answerBytesMax = 1_048_576;
/** How long the older paths are used before the current ones are tried again. */
const legacyRememberedMs = 3_600_000;
const legacyRememberedMax = 10_000;

/** The caller of a server. */
export function createCallAppservice({ clock, allowPrivate, ...parts }: CallParts): CallAppservice {
  const legacyUntil = new Map<string, number>();

  async function once(request: AppserviceRequest, path: string): Promise<AppserviceAnswer> {
    const { registration } = request.appservice;
    if (registration.url === null) return { outcome: 'failed', reason: 'connection', message: 'it has no url' };
    const { url, unixSocket } = addressOf(registration.url, path);
    try {
      const { status, body } = await parts.fetch({
        url,
        method: request.method,
        headers: {
          authorization: `Bearer ${registration.hsToken}`,
          ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(request.body === undefined ? {} : { body: request.body }),
        ...(unixSocket === undefined ? {} : { unixSocket }),
        ...(request.signal === undefined ? {} : { signal: request.signal }),
        statusOnly: request.statusOnly ?? false,
        timeoutMs: request.timeoutMs,
        bytesMax: answerBytesMax,
        allowPrivate,
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

  return async (request) => {
    const { legacyPath, appservice } = request;
    const key = `${appservice.id} ${legacyPath?.replace(/\/[^/]*$/, '')}`;
    const usesLegacy = legacyPath !== undefined && (legacyUntil.get(key) ?? 0) > clock.monotonicMs();
    if (usesLegacy) return once(request, legacyPath);
    const answer = await once(request, request.path);
    if (legacyPath === undefined || answer.outcome === 'failed' || (answer.status !== 404 && answer.status !== 405))
      return answer;
    const legacy = await once(request, legacyPath);
    if (legacy.outcome === 'failed' || !isSuccess(legacy.status)) return answer;
    if (legacyUntil.size < legacyRememberedMax) legacyUntil.set(key, clock.monotonicMs() + legacyRememberedMs);
    return legacy;
  };
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
