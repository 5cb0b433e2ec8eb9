// A request by the specification's own descriptor: the endpoint names method and path, the compiler checks that every parameter of the
// path is given. Pure; call.ts sends the result.

import type { Endpoint } from '@pons/spec/endpoints';
import type { CallRequest } from './call.ts';

/** The names of a path template's parameters. */
export type PathParameters<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? Name | PathParameters<Rest>
  : never;

/** What a request adds to its endpoint. */
export type RequestOptions<E extends Endpoint> = Omit<CallRequest, 'method' | 'path'> &
  ([PathParameters<E['path']>] extends [never]
    ? object
    : { readonly path: Readonly<Record<PathParameters<E['path']>, string>> });

/**
 * The request to an endpoint, its path parameters escaped.
 *
 * @example await call(requestTo(endpoints.joinRoomById, { path: { roomId }, body: {} }));
 */
export function requestTo<E extends Endpoint>(endpoint: E, options: RequestOptions<E>): CallRequest {
  const { path: parameters = {}, ...rest } = options as { path?: Readonly<Record<string, string>> } & Omit<
    CallRequest,
    'method' | 'path'
  >;
  return { ...rest, method: endpoint.method, path: pathOf(endpoint.path.trim(), parameters) };
}

function pathOf(template: string, parameters: Readonly<Record<string, string>>): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(parameters[name] ?? ''));
}
