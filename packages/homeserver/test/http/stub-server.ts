// A server with a handful of routes, no database behind it, and every request to it raw: what the tests of this folder talk to.

import { connect } from 'node:net';
import type { Endpoint } from '@pons/spec/endpoints';
import type { ResolveToken } from '../../src/http/authenticate-client.ts';
import { createRateLimiter, type RateLimits } from '../../src/http/rate-limit.ts';
import type { ApiRequest, ApiResponse, Route } from '../../src/http/route.ts';
import { createHttpServer, type HttpServer, type ServerParts } from '../../src/http/server.ts';
import { silentLog } from '../../src/platform/telemetry/log.ts';
import { createMetrics } from '../../src/platform/telemetry/metrics.ts';
import { noTracing } from '../../src/platform/telemetry/trace.ts';

/** A running server and what it was told. */
export interface StubServer {
  readonly base: string;
  readonly server: HttpServer;
  readonly requests: ApiRequest[];
}

/** Starts one on a free port of loopback. */
export async function stubServer(options: {
  readonly routes: readonly (readonly [Endpoint, (request: ApiRequest) => Promise<ApiResponse> | ApiResponse])[];
  readonly resolveToken?: ResolveToken;
  readonly limits?: RateLimits;
  readonly parts?: Partial<ServerParts>;
  readonly around?: Partial<ServerParts['around']>;
}): Promise<StubServer> {
  const requests: ApiRequest[] = [];
  const routes: Route[] = options.routes.map(([endpoint, answer]) => ({
    endpoint,
    async handle(request) {
      requests.push(request);
      return answer(request);
    },
  }));
  let count = 0;
  const server = createHttpServer({
    listeners: [{ bind: ['127.0.0.1'], port: 0, serves: ['client', 'admin', 'console', 'health'], behindProxy: false }],
    routes,
    upgrades: [],
    nextRequestId: () => `r${(count += 1)}`,
    ...options.parts,
    around: {
      resolveToken: options.resolveToken ?? (() => undefined),
      rateLimiter: createRateLimiter(options.limits ?? {}, () => 0),
      log: silentLog,
      metrics: createMetrics(),
      tracing: noTracing,
      monotonicMs: () => 0,
      ...options.around,
    },
  });
  const [first] = await server.listen();
  return { base: first?.url ?? '', server, requests };
}

/** Sends bytes as they are and answers everything that comes back until the other side closes. */
export function raw(base: string, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(base).port), '127.0.0.1', () => socket.write(bytes));
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString();
    });
    socket.on('close', () => resolve(text));
    socket.on('error', reject);
  });
}
