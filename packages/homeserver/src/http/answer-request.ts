// One request from its first byte to its last: route, authentication, query, rate limit, body, handler, response; then its
// metric, its span and its line in the log. Every error of every step ends in error-response.ts.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { JsonObject } from '@pons/spec';
import type { Endpoint } from '@pons/spec/endpoints';
import type { Requester } from '../platform/requester.ts';
import type { Log } from '../platform/telemetry/log.ts';
import type { Metrics } from '../platform/telemetry/metrics.ts';
import { type Tracing, validTraceparent } from '../platform/telemetry/trace.ts';
import { createApiRequest } from './api-request.ts';
import { authenticateClient, type ResolveToken } from './authenticate-client.ts';
import { type BodyRule, bodyRule, discardBody, readJson } from './body.ts';
import { type BodyCheck, compileBodyCheck } from './check-body.ts';
import { checkQuery, parseQuery } from './check-query.ts';
import { errorResponse, limitExceeded } from './error-response.ts';
import type { FailureLog } from './failure-log.ts';
import { addressKey, type RateLimiter } from './rate-limit.ts';
import { logRequest } from './request-log.ts';
import { respond, sendText } from './respond.ts';
import type { ApiResponse, Route } from './route.ts';
import type { Found } from './router.ts';

/** What every request needs. */
export interface Surroundings {
  readonly resolveToken: ResolveToken;
  readonly rateLimiter: RateLimiter;
  readonly log: Log;
  readonly logFailure: FailureLog;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  /** A clock for durations, in milliseconds. */
  readonly monotonicMs: () => number;
  /** Aborted when the server stops. */
  readonly stopping: AbortSignal;
}

/** A route with what is decided once per endpoint. */
export interface PreparedRoute extends Route {
  readonly bodyRule: BodyRule;
  readonly checkBody: BodyCheck | undefined;
  readonly observe: (status: number, seconds: number) => void;
  readonly needsToken: boolean;
}

/** Prepares a route. */
export function prepareRoute(route: Route, metrics: Metrics): PreparedRoute {
  const { endpoint } = route;
  if (endpoint.auth === 'server' || endpoint.auth === 'hsToken') {
    throw new TypeError(`${endpoint.operation}: no authentication for ${endpoint.auth} on this listener`);
  }
  return {
    endpoint,
    handle: (request) => route.handle(request),
    bodyRule: bodyRule(endpoint),
    checkBody: compileBodyCheck(endpoint),
    observe: metrics.http(endpoint.operation),
    needsToken: endpoint.auth !== 'none',
  };
}

/** What the listener has found out: the request's id, who asks from where, and its URL split in two. */
export interface Arrival {
  readonly id: string;
  readonly remoteAddress: string;
  readonly pathText: string;
  readonly queryText: string;
}

/** Answers one request whose route is known. Never rejects. */
export async function answerRequest(
  found: Found<PreparedRoute>,
  exchange: { readonly incoming: IncomingMessage; readonly outgoing: ServerResponse },
  arrival: Arrival,
  around: Surroundings,
): Promise<void> {
  const { route } = found;
  const { incoming, outgoing } = exchange;
  const startedMs = around.monotonicMs();
  const sentTrace = validTraceparent(incoming.headers['traceparent']);
  const span = around.tracing.enabled ? around.tracing.span('server', route.endpoint.operation, sentTrace) : undefined;
  let requester: Requester | undefined;
  let failure: unknown;
  try {
    const query = parseQuery(arrival.queryText);
    const { remoteAddress } = arrival;
    if (route.needsToken) {
      const credentials = { headers: incoming.headers, query, path: found.path, remoteAddress };
      requester = await authenticateClient(route.endpoint, credentials, around.resolveToken);
    }
    checkQuery(route.endpoint, query);
    limit(route.endpoint, requester, remoteAddress, around.rateLimiter);
    const body = await bodyOf(route, incoming);
    const trace = span?.traceparent ?? sentTrace;
    const { endpoint } = route;
    const prepared = {
      endpoint,
      id: arrival.id,
      path: found.path,
      query,
      body,
      remoteAddress,
      ...(requester === undefined ? undefined : { requester }),
      ...(trace === undefined ? undefined : { trace }),
    };
    const answer = await route.handle(createApiRequest(prepared, incoming, outgoing, around.stopping));
    await send(outgoing, answer);
  } catch (error) {
    failure = error;
    refuse(exchange, error, arrival.id, around);
  }
  span?.end(failure);
  const durationMs = around.monotonicMs() - startedMs;
  const status = outgoing.statusCode;
  route.observe(status, durationMs / 1000);
  const { operation, method } = route.endpoint;
  const userId = requester?.userId;
  logRequest(around.log, { id: arrival.id, operation, method, path: arrival.pathText, status, durationMs, userId });
}

/** Answers with an error, in Matrix's form. A response that has begun can only be cut off. */
export function refuse(
  { incoming, outgoing }: { readonly incoming: IncomingMessage; readonly outgoing: ServerResponse },
  error: unknown,
  id: string,
  { log, logFailure }: Pick<Surroundings, 'log' | 'logFailure'>,
): void {
  const { status, headers, json, fault } = errorResponse(error, id);
  if (outgoing.headersSent) {
    // The client went away, or the source of the bytes broke.
    if (!outgoing.writableEnded) outgoing.destroy();
    log.debug({ id, err: error }, 'response cut off');
    return;
  }
  if (fault !== 'caller') logFailure({ id, error, fault });
  outgoing.statusCode = status;
  const readable = discardBody(incoming);
  const answer = () =>
    sendText(outgoing, status, JSON.stringify(json), readable ? headers : { ...headers, connection: 'close' });
  // Node ends a connection that is not kept with the response, and a client that is still writing would never read it.
  if (readable && !incoming.complete && !outgoing.shouldKeepAlive) incoming.once('end', answer);
  else answer();
}

function limit(
  endpoint: Endpoint,
  requester: Requester | undefined,
  remoteAddress: string,
  rateLimiter: RateLimiter,
): void {
  if (endpoint.rateLimit === 'none' || requester?.rateLimited === false) return;
  const waitMs = rateLimiter.take(endpoint.rateLimit, requester?.userId ?? addressKey(remoteAddress));
  if (waitMs > 0) throw limitExceeded(waitMs);
}

function bodyOf(route: PreparedRoute, incoming: IncomingMessage): Promise<JsonObject> | JsonObject {
  if (route.endpoint.body !== 'json') return {};
  if (route.checkBody === undefined) return readJson(incoming, route.bodyRule);
  return readChecked(incoming, route.bodyRule, route.checkBody);
}

async function readChecked(incoming: IncomingMessage, rule: BodyRule, check: BodyCheck): Promise<JsonObject> {
  const body = await readJson(incoming, rule);
  check(body);
  return body;
}

async function send(outgoing: ServerResponse, answer: ApiResponse): Promise<void> {
  // A client that has gone away gets nothing, and is no error.
  if (outgoing.destroyed) return;
  await respond(outgoing, answer);
}
