// The door of @pons/spec: the words of the specification as types and tables. It must stay loadable in a browser (the console), so what
// needs node:crypto has a door of its own, @pons/spec/crypto.

export * from './errors/errcodes.ts';
export * from './errors/matrix-error.ts';
export * from './json/canonical-json.ts';
export * from './json/gate.ts';
export * from './json/json-value.ts';
