// The HTTP side of an application service: what the homeserver calls. It finds the endpoint (stable, unstable and unprefixed legacy
// paths), checks the hs_token before it reads a byte of the body, asks the right part, and shapes answers and refusals.
// What is not below the application-service API is handed to the program's own Express app.
// https://spec.matrix.org/v1.19/application-service-api/#homeserver--application-service-api

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log } from '../log.ts';
import { type ReadBody, readBody } from './read-body.ts';
import { MatrixError } from '@pons/spec';
import { verifyHsToken } from './verify-hs-token.ts';

/** What the listener asks of the rest. */
export interface ListenerParts {
  hsToken(): string;
  /** Largest body that is read. */
  readonly bodyBytesMax: number;
  transaction(txnId: string, body: ReadBody): Promise<void>;
  user(userId: string): Promise<void>;
  alias(alias: string): Promise<void>;
  thirdParty(path: readonly string[], query: URLSearchParams): Promise<unknown>;
  /** One line per request, without the token. */
  requestLine(line: string): void;
  /** Everything else. */
  other(request: IncomingMessage, response: ServerResponse, notFound: () => void): void;
  readonly log: Log;
}

type Answer = (call: { path: readonly string[]; query: URLSearchParams; request: IncomingMessage }) => Promise<unknown>;
interface Endpoint {
  readonly method: string;
  readonly answer: Answer;
}

const PREFIXES = ['/_matrix/app/v1/', '/_matrix/app/unstable/'];
/** Paths from before the prefix, which homeservers fall back to. */
const LEGACY = /^\/(transactions|users|rooms)\//;

/** The request listener for `http.createServer`. */
export function createListener(parts: ListenerParts): (request: IncomingMessage, response: ServerResponse) => void {
  const endpoints = endpointsOf(parts);
  return (request, response) => {
    const [rawPath = '/', rawQuery = ''] = (request.url ?? '/').split('?', 2);
    const prefix =
      PREFIXES.find((candidate) => rawPath.startsWith(candidate)) ?? (LEGACY.test(rawPath) ? '/' : undefined);
    if (prefix === undefined && !rawPath.startsWith('/_matrix/app/')) {
      const nothing = new MatrixError('M_UNRECOGNIZED', 'there is no such endpoint');
      parts.other(request, response, () => respondError(response, nothing));
      return;
    }
    response.once('finish', () => parts.requestLine(`${request.method} ${rawPath} ${response.statusCode}`));
    const query = new URLSearchParams(rawQuery);
    answer(endpoints, parts, {
      request,
      query,
      path: prefix === undefined ? undefined : rawPath.slice(prefix.length),
    }).then(
      (body) => respond(response, 200, body),
      (error: unknown) => {
        if (!(error instanceof MatrixError))
          parts.log.error('a request of the homeserver failed', { path: rawPath, error: String(error) });
        respondError(
          response,
          error instanceof MatrixError ? error : new MatrixError('M_UNKNOWN', 'the application service failed'),
        );
      },
    );
  };
}

async function answer(
  endpoints: ReadonlyMap<string, Endpoint>,
  parts: ListenerParts,
  call: { request: IncomingMessage; query: URLSearchParams; path: string | undefined },
): Promise<unknown> {
  const [name = '', ...rest] = split(call.path);
  const endpoint = endpoints.get(name);
  const needsMore = name !== 'ping';
  if (!endpoint || rest.length > 2 || (needsMore && (rest[0] ?? '') === ''))
    throw new MatrixError('M_UNRECOGNIZED', 'there is no such endpoint');
  if (call.request.method !== endpoint.method)
    throw new MatrixError('M_UNRECOGNIZED', `this endpoint takes ${endpoint.method}`, { status: 405 });
  verifyHsToken(call.request, call.query, parts.hsToken());
  return await endpoint.answer({ path: rest, query: call.query, request: call.request });
}

function endpointsOf(parts: ListenerParts): ReadonlyMap<string, Endpoint> {
  return new Map<string, Endpoint>([
    [
      'transactions',
      {
        method: 'PUT',
        async answer({ path, request }) {
          await parts.transaction(path[0] ?? '', await readBody(request, parts.bodyBytesMax));
          return {};
        },
      },
    ],
    ['users', { method: 'GET', answer: async ({ path }) => (await parts.user(path[0] ?? ''), {}) }],
    ['rooms', { method: 'GET', answer: async ({ path }) => (await parts.alias(path[0] ?? ''), {}) }],
    ['ping', { method: 'POST', answer: async ({ request }) => (await readBody(request, parts.bodyBytesMax), {}) }],
    ['thirdparty', { method: 'GET', answer: ({ path, query }) => parts.thirdParty(path, query) }],
  ]);
}

function split(path: string | undefined): string[] {
  try {
    return (path ?? '').split('/').map((part) => decodeURIComponent(part));
  } catch {
    // A lone percent sign and the like.
    throw new MatrixError('M_INVALID_PARAM', 'the path is not valid percent-encoding');
  }
}

function respond(response: ServerResponse, status: number, body: unknown): void {
  if (response.headersSent || response.destroyed) return;
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': bytes.byteLength });
  response.end(bytes);
}

function respondError(response: ServerResponse, error: MatrixError): void {
  const retryAfterMs = error.fields['retry_after_ms'];
  if (typeof retryAfterMs === 'number') response.setHeader('retry-after', Math.ceil(retryAfterMs / 1000));
  // The rest of a body that was refused unread would otherwise be taken for the next request.
  if (error.status === 413) response.setHeader('connection', 'close');
  respond(response, error.status, error.toJson());
}
