// What JSON is, as types. Values of this type come from the gate (gate.ts) or are built here; they never hold undefined, functions or
// dates. Keys may be `__proto__`: copy objects by spreading or Object.fromEntries, never by `copy[key] = …`.

/** Any JSON value. */
export type JsonValue = null | boolean | number | string | JsonValue[] | JsonObject;

/** A JSON object. */
export type JsonObject = { [key: string]: JsonValue };

/** Whether a value is a JSON object: neither null nor an array. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
