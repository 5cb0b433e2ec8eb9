// Checks a JSON body against the endpoint's schema (the subset of JSON Schema in @pons/spec/endpoints), compiled once per route.
// Only what the descriptor states is checked: unknown members are welcome, and finer rules are the handler's.
// A missing member at the top is M_MISSING_PARAM, everything else that has the wrong shape M_BAD_JSON.
// https://spec.matrix.org/v1.19/client-server-api/#common-error-codes

import { isJsonObject, type JsonObject, type JsonValue, MatrixError } from '@pons/spec';
import type { Endpoint, JsonSchema } from '@pons/spec/endpoints';

/** Throws when a body does not have its shape. */
export type BodyCheck = (body: JsonObject) => void;

// Clients know from every other server that a login without a type is malformed, not incomplete.
const malformedWhenMissing = new Set(['login']);

type Check = (value: JsonValue, at: string) => void;

/** The check of an endpoint's body; `undefined` when its schema asks for nothing but an object. */
export function compileBodyCheck(endpoint: Endpoint): BodyCheck | undefined {
  const { request, operation } = endpoint;
  if (request === undefined) return undefined;
  const check = compile({ ...request, required: [] });
  const required = request.required ?? [];
  if (check === undefined && required.length === 0) return undefined;
  return (body) => {
    for (const name of required) {
      if (Object.hasOwn(body, name)) continue;
      const errcode = malformedWhenMissing.has(operation) ? 'M_BAD_JSON' : 'M_MISSING_PARAM';
      throw new MatrixError(errcode, `The body lacks ${name}.`);
    }
    check?.(body, '');
  };
}

function compile(schema: JsonSchema): Check | undefined {
  const checks = [typeCheck(schema), enumCheck(schema), itemsCheck(schema), membersCheck(schema)];
  const [first, ...others] = checks.filter((check) => check !== undefined);
  if (first === undefined) return undefined;
  if (others.length === 0) return first;
  return (value, at) => {
    first(value, at);
    for (const check of others) check(value, at);
  };
}

function typeCheck({ type }: JsonSchema): Check | undefined {
  if (type === undefined) return undefined;
  const types: readonly string[] = typeof type === 'string' ? [type] : type;
  return (value, at) => {
    if (types.some((name) => hasType(value, name))) return;
    throw new MatrixError('M_BAD_JSON', `${at === '' ? 'The body' : at} must be of type ${types.join(' or ')}.`);
  };
}

function hasType(value: JsonValue, type: string): boolean {
  if (type === 'object') return isJsonObject(value);
  if (type === 'array') return Array.isArray(value);
  if (type === 'integer') return Number.isInteger(value);
  if (type === 'null') return value === null;
  // biome-ignore lint/suspicious/useValidTypeof: the remaining types are typeof's own names
  return typeof value === type;
}

function enumCheck({ enum: values }: JsonSchema): Check | undefined {
  // A list of one is what the specification knows so far (algorithms of key backups), and no choice.
  if (values === undefined || values.length === 1) return undefined;
  return (value, at) => {
    if (values.some((allowed) => allowed === value)) return;
    throw new MatrixError('M_INVALID_PARAM', `${at} must be one of ${values.join(', ')}.`);
  };
}

function itemsCheck({ items }: JsonSchema): Check | undefined {
  const check = items === undefined ? undefined : compile(items);
  if (check === undefined) return undefined;
  return (value, at) => {
    if (Array.isArray(value)) for (const item of value) check(item, `${at}[]`);
  };
}

function membersCheck({ properties, required, additionalProperties }: JsonSchema): Check | undefined {
  const named = new Map<string, Check | undefined>();
  for (const [name, schema] of Object.entries(properties ?? {})) named.set(name, compile(schema));
  const rest = typeof additionalProperties === 'object' ? compile(additionalProperties) : undefined;
  const checked = [...named].filter((pair): pair is [string, Check] => pair[1] !== undefined);
  if (checked.length === 0 && rest === undefined && (required ?? []).length === 0) return undefined;
  return (value, at) => {
    if (!isJsonObject(value)) return;
    for (const name of required ?? []) {
      if (!Object.hasOwn(value, name)) throw new MatrixError('M_BAD_JSON', `${at} lacks ${name}.`);
    }
    for (const [name, check] of checked) {
      const member = value[name];
      if (member !== undefined && Object.hasOwn(value, name)) check(member, at === '' ? name : `${at}.${name}`);
    }
    if (rest === undefined) return;
    // The names of such members may be private (user ids, keys): they are not repeated.
    for (const [name, member] of Object.entries(value)) if (!named.has(name)) rest(member, `${at}.*`);
  };
}
