// Checks a query string in two steps. Before anybody knows who asks: strict encoding, and who they say they are said once. After that,
// against the endpoint's descriptor: each parameter once (lists excepted), integers that are integers, values that are among the allowed
// ones, nothing required missing. Who may not call at all hears that, and not what their call lacks.

import { MatrixError } from '@pons/spec';
import type { Endpoint, QueryParameter } from '@pons/spec/endpoints';

/** Parameters that every authenticated endpoint takes. */
const common = ['access_token', 'user_id', 'device_id'];

/**
 * Parses the text behind the question mark.
 *
 * @throws MatrixError M_INVALID_PARAM
 */
export function parseQuery(text: string): URLSearchParams {
  if (text.includes('%')) checkEncoding(text);
  const query = new URLSearchParams(text);
  if (text !== '') for (const name of common) checkOnce(name, query);
  return query;
}

/**
 * Checks the parameters of an endpoint.
 *
 * @throws MatrixError M_MISSING_PARAM, M_INVALID_PARAM
 */
export function checkQuery(endpoint: Endpoint, query: URLSearchParams): void {
  for (const parameter of endpoint.query ?? []) checkParameter(parameter, query);
}

function checkParameter(parameter: QueryParameter, query: URLSearchParams): void {
  const { name, type, required, values } = parameter;
  const given = query.getAll(name);
  if (given.length === 0) {
    if (required === true) throw new MatrixError('M_MISSING_PARAM', `The query parameter ${name} is missing.`);
    return;
  }
  if (type !== 'array' && given.length > 1) throw twice(name);
  for (const value of given) {
    if (type === 'integer' && !(/^-?\d{1,16}$/.test(value) && Number.isSafeInteger(Number(value)))) {
      throw new MatrixError('M_INVALID_PARAM', `The query parameter ${name} must be an integer.`);
    }
    if (type === 'boolean' && value !== 'true' && value !== 'false') {
      throw new MatrixError('M_INVALID_PARAM', `The query parameter ${name} must be true or false.`);
    }
    if (values !== undefined && !values.includes(value)) {
      throw new MatrixError('M_INVALID_PARAM', `The query parameter ${name} must be one of ${values.join(', ')}.`);
    }
  }
}

function checkOnce(name: string, query: URLSearchParams): void {
  if (query.getAll(name).length > 1) throw twice(name);
}

function twice(name: string): MatrixError {
  return new MatrixError('M_INVALID_PARAM', `The query parameter ${name} is given twice.`);
}

function checkEncoding(text: string): void {
  let decoded: string;
  try {
    decoded = decodeURIComponent(text);
  } catch {
    // URLSearchParams would put U+FFFD for it.
    throw new MatrixError('M_INVALID_PARAM', 'The query string is not percent-encoded UTF-8.');
  }
  if (decoded.includes('\0')) throw new MatrixError('M_INVALID_PARAM', 'The query string contains U+0000.');
}
