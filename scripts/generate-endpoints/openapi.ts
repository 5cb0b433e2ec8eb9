// Reads the specification's OpenAPI descriptions: YAML files that refer to one another, one operation per path and method.
// References are followed, prose is left behind; what comes out is facts only.

import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { load } from 'js-yaml';

/** An object as YAML gives it. */
export type Node = { readonly [key: string]: unknown };

/** One operation of one module (file) of one API (folder). */
export interface Operation {
  readonly module: string;
  readonly method: string;
  readonly path: string;
  /** The file, for its references. */
  readonly file: string;
  readonly node: Node;
  /** Parameters that the path shares between its methods. */
  readonly shared: readonly unknown[];
}

const documents = new Map<string, Node>();
const methods = ['get', 'put', 'post', 'delete', 'patch'];

/** Every operation below `folder`, by module, path and method in the order of the files. */
export function readOperations(folder: string): Operation[] {
  const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
  return files.toSorted().flatMap((name) => operationsOf(join(folder, name), name.replace(/\.yaml$/, '')));
}

function operationsOf(file: string, module: string): Operation[] {
  const document = documentAt(file);
  const base = basePath(document);
  return Object.entries(asNode(document['paths'])).flatMap(([path, item]) => {
    const shared = asList(asNode(item)['parameters']);
    return methods
      .filter((method) => asNode(item)[method] !== undefined)
      .map((method) => {
        const node = asNode(asNode(item)[method]);
        // Two operations of one path (the two ways to invite) are told apart by a blank at its end.
        return { module, method: method.toUpperCase(), path: base + path.trimEnd(), file, node, shared };
      });
  });
}

function basePath(document: Node): string {
  const server = asNode(asList(document['servers'])[0]);
  const variable = asNode(asNode(server['variables'])['basePath'])['default'];
  return typeof variable === 'string' ? variable.replace(/\/$/, '') : '';
}

/** The node that `value` is or refers to, with the file that it stands in. */
export function follow(value: unknown, file: string): { node: Node; file: string } {
  let node = asNode(value);
  let at = file;
  for (let hops = 0; typeof node['$ref'] === 'string'; hops += 1) {
    if (hops > 10) throw new Error(`${file}: references go in a circle at ${node['$ref']}`);
    const [target, pointer] = node['$ref'].split('#');
    if (target !== undefined && target !== '') at = resolve(dirname(at), target);
    // The identity API is not ours and event contents are judged elsewhere: both stay open, whether or not their folders are there.
    if (/[\\/](identity|event-schemas)[\\/]/.test(at)) return { node: {}, file: at };
    node = documentAt(at);
    for (const step of (pointer ?? '').split('/').filter((part) => part !== '')) node = asNode(node[step]);
  }
  return { node, file: at };
}

/** `value` as an object; an empty one when it is none. */
export function asNode(value: unknown): Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Node) : {};
}

/** `value` as a list; an empty one when it is none. */
export function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function documentAt(file: string): Node {
  let document = documents.get(file);
  if (document === undefined) {
    // The examples close their braces at the indentation of the key, which YAML forbids and js-yaml 5 refuses.
    document = asNode(load(readFileSync(file, 'utf8').replace(/^( *)([}\]],?)$/gm, '$1  $2')));
    documents.set(file, document);
  }
  return document;
}
