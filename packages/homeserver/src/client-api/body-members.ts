// Reads members of a JSON body whose shape the descriptor has checked already (http/check-body.ts); what it leaves open is refused here
// in the same words. An absent member and null mean the same.

import { isJsonObject, type JsonObject, MatrixError } from '@pons/spec';

/** A string, or undefined when it is absent. @throws MatrixError M_BAD_JSON */
export function optionalString(body: JsonObject, name: string): string | undefined {
  const value = body[name] ?? undefined;
  if (value === undefined || typeof value === 'string') return value;
  throw new MatrixError('M_BAD_JSON', `${name} must be a string`);
}

/** A string that must be there. @throws MatrixError M_MISSING_PARAM, M_BAD_JSON */
export function requiredString(body: JsonObject, name: string): string {
  const value = optionalString(body, name);
  if (value === undefined) throw new MatrixError('M_MISSING_PARAM', `the body lacks ${name}`);
  return value;
}

/** A boolean; what is absent is `otherwise`. @throws MatrixError M_BAD_JSON */
export function booleanOr(body: JsonObject, name: string, otherwise: boolean): boolean {
  const value = body[name] ?? otherwise;
  if (typeof value === 'boolean') return value;
  throw new MatrixError('M_BAD_JSON', `${name} must be true or false`);
}

/** An object; `{}` when it is absent. @throws MatrixError M_BAD_JSON */
export function optionalObject(body: JsonObject, name: string): JsonObject {
  const value = body[name] ?? {};
  if (isJsonObject(value)) return value;
  throw new MatrixError('M_BAD_JSON', `${name} must be an object`);
}
