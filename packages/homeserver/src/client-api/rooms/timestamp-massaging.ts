// `ts`, by which application services say when an event happened. Of everybody else it is ignored, as the specification leaves it open.
// It is an integer like every other of a query: digits, where a zero before them changes nothing.
// https://spec.matrix.org/v1.19/application-service-api/#timestamp-massaging
import { MatrixError } from '@pons/spec';
import { requesterOf } from '../../http/requester.ts';
import type { ApiRequest } from '../../http/route.ts';

/** The time an application service gives an event, in milliseconds. @throws MatrixError M_INVALID_PARAM */
export function massagedTimestamp(request: ApiRequest): number | undefined {
  const text = request.query.get('ts');
  if (text === null || requesterOf(request).appserviceId === undefined) return undefined;
  const ts = Number(text);
  if (!/^\d{1,16}$/.test(text) || !Number.isSafeInteger(ts) || request.query.getAll('ts').length > 1) {
    throw new MatrixError('M_INVALID_PARAM', 'ts must be a time in milliseconds.');
  }
  return ts;
}
