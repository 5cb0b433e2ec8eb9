// GET /health for load balancers and supervisors, and GET /metrics for Prometheus.

import { MatrixError } from '@pons/spec';
import { ponsEndpoints } from '@pons/spec/endpoints';
import type { Route } from '../http/route.ts';

/** What health depends on. */
export interface HealthParts {
  /** Rejects when the database does not answer. */
  readonly databaseAnswers: () => Promise<unknown>;
  readonly metrics: { text(): Promise<string>; readonly contentType: string };
}

/** GET /health: 200 while requests can be served, 503 otherwise. */
export function getHealth({ databaseAnswers }: HealthParts): Route {
  return {
    endpoint: ponsEndpoints.getHealth,
    async handle() {
      try {
        await databaseAnswers();
      } catch (cause) {
        // Whatever it is, this process cannot serve now.
        throw new MatrixError('M_UNKNOWN', 'The database does not answer.', { status: 503, cause });
      }
      return { json: { status: 'ok' } };
    },
  };
}

/** GET /metrics */
export function getMetrics({ metrics }: HealthParts): Route {
  return {
    endpoint: ponsEndpoints.getMetrics,
    async handle() {
      const bytes = Buffer.from(await metrics.text());
      return { headers: { 'content-type': metrics.contentType, 'content-length': String(bytes.length) }, bytes };
    },
  };
}
