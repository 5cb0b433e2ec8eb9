// Descriptors → TypeScript, one file per module, one file per API that lists them, and the digest that a test compares.

import { createHash } from 'node:crypto';
import type { Endpoint } from '../../packages/spec/src/endpoints/endpoint.ts';
import { specVersion, type SpecApi } from './describe.ts';

/** An endpoint with the module (file) that it comes from. */
export interface Described {
  readonly module: string;
  readonly endpoint: Endpoint;
}

/** Longest literal kept on one line. */
const LINE_MAX = 110;

/** The names under which the lists are exported. */
export const listNames: Readonly<Record<SpecApi, string>> = {
  'client-server': 'endpoints',
  'server-server': 'federationEndpoints',
  'application-service': 'appserviceEndpoints',
  'push-gateway': 'pushGatewayEndpoints',
};

/** One module's file. */
export function printModule(api: SpecApi, module: string, endpoints: readonly Endpoint[]): string {
  const constants = endpoints.map(
    (endpoint) => `export const ${endpoint.operation} = ${literal(endpoint, '')} as const satisfies Endpoint;`,
  );
  return [
    `// Made by scripts/generate-endpoints from data/api/${api}/${module}.yaml of the Matrix specification ${specVersion}. Not edited by hand.`,
    "import type { Endpoint } from '../../endpoint.ts';",
    '',
    constants.join('\n\n'),
    '',
  ].join('\n');
}

/** One API's file: every operation under its name. */
export function printList(api: SpecApi, described: readonly Described[]): string {
  const modules = [...new Set(described.map((one) => one.module))];
  const imports = modules.map((module) => {
    const names = described.filter((one) => one.module === module).map((one) => one.endpoint.operation);
    return `import { ${names.join(', ')} } from './${api}/${module}.ts';`;
  });
  const names = described.map((one) => `  ${one.endpoint.operation},`);
  return [
    `// Made by scripts/generate-endpoints from data/api/${api} of the Matrix specification ${specVersion}. Not edited by hand.`,
    ...imports,
    '',
    `/** The ${api} API, by operation. */`,
    `export const ${listNames[api]} = {`,
    ...names,
    '} as const;',
    '',
  ].join('\n');
}

/** One line per endpoint: where it comes from, what a reader looks for, and a hash over all of it. */
export function printDigest(described: readonly Described[]): string {
  const lines = described.map(({ module, endpoint }) => digestLine(module, endpoint));
  return `api\tmodule\tmethod\tpath\tauth\tbody\toperation\tsha256\n${lines.join('\n')}\n`;
}

/** The digest's line of one endpoint. */
export function digestLine(module: string, endpoint: Endpoint): string {
  const { api, method, path, auth, body, operation } = endpoint;
  const hash = createHash('sha256').update(JSON.stringify(endpoint)).digest('hex').slice(0, 16);
  return [api, module, method, path, auth, body, operation, hash].join('\t');
}

function literal(value: unknown, indent: string): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    const flat = `[${value.map((item) => literal(item, inner)).join(', ')}]`;
    if (fits(flat, indent)) return flat;
    return `[\n${value.map((item) => `${inner}${literal(item, inner)},\n`).join('')}${indent}]`;
  }
  const entries = Object.entries(value).map(([key, item]) => `${nameOf(key)}: ${literal(item, inner)}`);
  if (entries.length === 0) return '{}';
  const flat = `{ ${entries.join(', ')} }`;
  if (indent !== '' && fits(flat, indent)) return flat;
  return `{\n${entries.map((entry) => `${inner}${entry},\n`).join('')}${indent}}`;
}

function fits(text: string, indent: string): boolean {
  return text.length + indent.length <= LINE_MAX && !text.includes('\n');
}

function nameOf(key: string): string {
  return /^[A-Za-z_]\w*$/.test(key) ? key : JSON.stringify(key);
}
