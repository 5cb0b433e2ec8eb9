// The JSON Schema of a request's body in the few words that Endpoint knows (packages/spec/src/endpoints/endpoint.ts).
// `allOf` is merged. `oneOf` and `anyOf` keep only the type on which all branches agree: the handler looks closer.

import type { JsonSchema } from '../../packages/spec/src/endpoints/endpoint.ts';
import { asList, asNode, follow, type Node } from './openapi.ts';

/** Filters nest deepest, at 6; the bound ends schemas that contain themselves. */
const DEPTH_MAX = 12;

type Draft = { -readonly [K in keyof JsonSchema]: JsonSchema[K] };

/** The schema without its prose, or `undefined` when nothing is left to check. */
export function plainSchema(value: unknown, file: string, depth = 0): JsonSchema | undefined {
  if (depth > DEPTH_MAX) return undefined;
  const { node, file: at } = follow(value, file);
  const draft: Draft = {};
  for (const part of asList(node['allOf'])) merge(draft, plainSchema(part, at, depth + 1));
  merge(draft, own(node, at, depth));
  const type = node['type'] === undefined ? commonType(node, at, depth) : undefined;
  if (type !== undefined) draft.type = type;
  return Object.keys(draft).length === 0 ? undefined : draft;
}

function own(node: Node, file: string, depth: number): Draft {
  const draft: Draft = {};
  const { type, required, enum: values } = node;
  // Keys of a form (user ids) and their values: the values are checked, the keys are the handler's.
  const [pattern] = Object.values(asNode(node['patternProperties']));
  const additionalProperties = node['additionalProperties'] ?? pattern;
  if (typeof type === 'string' || Array.isArray(type)) draft.type = type as string | string[];
  const properties = Object.entries(asNode(node['properties']));
  if (properties.length > 0) {
    // A property without a schema of its own stays known: `{}` accepts everything.
    draft.properties = Object.fromEntries(
      properties.map(([name, schema]) => [name, plainSchema(schema, file, depth + 1) ?? {}]),
    );
  }
  if (Array.isArray(required) && required.length > 0) draft.required = required as string[];
  if (node['items'] !== undefined) {
    const items = plainSchema(node['items'], file, depth + 1);
    if (items !== undefined) draft.items = items;
  }
  if (Array.isArray(values)) draft.enum = values as string[];
  if (additionalProperties === false) draft.additionalProperties = false;
  else if (typeof additionalProperties === 'object') {
    const rest = plainSchema(additionalProperties, file, depth + 1);
    if (rest !== undefined) draft.additionalProperties = rest;
  }
  return draft;
}

function commonType(node: Node, file: string, depth: number): string | undefined {
  const branches = [...asList(node['oneOf']), ...asList(node['anyOf'])];
  const types = new Set(branches.map((branch) => plainSchema(branch, file, depth + 1)?.type));
  const [only] = types;
  return types.size === 1 && typeof only === 'string' ? only : undefined;
}

function merge(into: Draft, other: JsonSchema | undefined): void {
  if (other === undefined) return;
  const properties = { ...into.properties, ...other.properties };
  const required = [...new Set([...(into.required ?? []), ...(other.required ?? [])])];
  Object.assign(into, other);
  if (Object.keys(properties).length > 0) into.properties = properties;
  if (required.length > 0) into.required = required;
}
