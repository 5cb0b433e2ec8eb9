// Pings an application service: on its own request (the client-server endpoint of the same name) and before a transaction is split.
// https://spec.matrix.org/v1.19/application-service-api/#pinging

import { MatrixError } from '@pons/spec';
import type { Appservice } from '../appservices/registry.ts';
import type { Clock } from '../platform/clock.ts';
import type { AppserviceFailure, CallAppservice } from './call-appservice.ts';

export interface PingParts {
  readonly call: CallAppservice;
  readonly clock: Clock;
  readonly timeoutMs: number;
}

/** Characters of the application service's answer that are passed on. */
const bodyShownMax = 1000;

/**
 * Calls the application service's ping endpoint.
 *
 * @returns milliseconds that it took
 * @throws MatrixError M_URL_NOT_SET, M_BAD_STATUS with `status` and `body`, M_CONNECTION_FAILED, M_CONNECTION_TIMEOUT
 */
export async function pingAppservice(
  { call, clock, timeoutMs }: PingParts,
  appservice: Appservice,
  transactionId?: string,
): Promise<number> {
  const startMs = clock.monotonicMs();
  const answer = await call({
    appservice,
    method: 'POST',
    path: '/_matrix/app/v1/ping',
    body: Buffer.from(JSON.stringify(transactionId === undefined ? {} : { transaction_id: transactionId })),
    truncate: true,
    timeoutMs,
  });
  if (answer.outcome === 'failed') throw failure(answer.reason, answer.message);
  if (answer.status !== 200)
    throw new MatrixError('M_BAD_STATUS', `the application service answered the ping with ${answer.status}`, {
      fields: { status: answer.status, body: answer.body.toString('utf8').slice(0, bodyShownMax) },
    });
  return Math.max(0, Math.round(clock.monotonicMs() - startMs));
}

function failure(reason: AppserviceFailure, message: string): MatrixError {
  if (reason === 'no-url')
    return new MatrixError(
      'M_URL_NOT_SET',
      'the registration says url: null and no websocket is open: nothing to ping',
    );
  if (reason === 'timeout')
    return new MatrixError('M_CONNECTION_TIMEOUT', 'the application service did not answer in time');
  return new MatrixError('M_CONNECTION_FAILED', `no connection to the application service: ${message}`);
}

/** Whether it answers a ping as it should. */
export async function isWell(parts: PingParts, appservice: Appservice): Promise<boolean> {
  try {
    await pingAppservice(parts, appservice);
    return true;
  } catch (error) {
    if (error instanceof MatrixError) return false;
    throw error;
  }
}
