// One operation of the OpenAPI files → one Endpoint. What the files do not say, or say wrongly, is corrected here, each with its reason.

import type {
  Endpoint,
  EndpointAuth,
  QueryParameter,
  RateLimitClass,
} from '../../packages/spec/src/endpoints/endpoint.ts';
import { asList, asNode, follow, type Operation } from './openapi.ts';
import { plainSchema } from './schema.ts';

/** The version whose files are read and whose pages are linked. */
export const specVersion = 'v1.19';

const pages = {
  'client-server': 'client-server-api',
  'server-server': 'server-server-api',
  'application-service': 'application-service-api',
  'push-gateway': 'push-gateway-api',
} as const;

/** The APIs that are described, by the name of their folder. */
export type SpecApi = keyof typeof pages;

// Open to all by the files, but a token changes the answer: an as_token registers and logs in ghosts, and a server may
// keep directory and profiles to its own users.
const tokenWelcome = new Set([
  'register',
  'login',
  'getPublicRooms',
  'getRoomIdByAlias',
  'getRoomVisibilityOnDirectory',
  'getUserProfile',
  'getProfileField',
]);

// The files say that an endpoint is limited (a 429 answer), not in which class. They list sending and createRoom as unlimited,
// which no server can afford: what writes is in the default class at least.
const limitClasses: Readonly<Record<string, RateLimitClass>> = {
  sendMessage: 'message',
  setRoomStateWithKey: 'message',
  redactEvent: 'message',
  sendToDevice: 'message',
  joinRoom: 'join',
  joinRoomById: 'join',
  knockRoom: 'join',
  login: 'login',
  generateLoginToken: 'login',
  refresh: 'login',
  register: 'registration',
  checkUsernameAvailability: 'registration',
  uploadContent: 'media',
  uploadContentToMXC: 'media',
  createContent: 'media',
};

/** The descriptor of one operation. */
export function describe(api: SpecApi, operation: Operation): Endpoint {
  const { method, path, node, file } = operation;
  const name = String(node['operationId']);
  const body = requestBody(operation);
  const query = queryParameters(operation);
  const since = node['x-addedInMatrixVersion'];
  return {
    operation: name,
    api,
    method: method as Endpoint['method'],
    path,
    auth: authOf(api, name, node['security']),
    rateLimit: limitOf(api, operation),
    body: body.kind,
    ...(query.length > 0 ? { query } : {}),
    ...(body.schema === undefined ? {} : { request: plainSchema(body.schema, file) ?? {} }),
    ...(typeof since === 'string' ? { since } : {}),
    ...(node['deprecated'] === true ? { deprecated: true } : {}),
    link: `https://spec.matrix.org/${specVersion}/${pages[api]}/#${anchor(method, path)}`,
  };
}

function authOf(api: SpecApi, name: string, security: unknown): EndpointAuth {
  const schemes = asList(security).flatMap((one) => {
    const names = Object.keys(asNode(one));
    return names.length === 0 ? ['nobody'] : names;
  });
  if (api === 'push-gateway') return 'none';
  if (api === 'application-service') return 'hsToken';
  // One server-server file (timestamp_to_event) asks for an access token by mistake.
  if (api === 'server-server') return schemes.length > 0 ? 'server' : 'none';
  if (schemes.some((scheme) => scheme.startsWith('appservice'))) return 'asToken';
  if (schemes.includes('nobody') || tokenWelcome.has(name)) return 'optional';
  return schemes.length > 0 ? 'accessToken' : 'none';
}

function limitOf(api: SpecApi, { node, method }: Operation): RateLimitClass {
  if (api !== 'client-server') return 'none';
  const limited = method !== 'GET' || '429' in asNode(node['responses']);
  return limitClasses[String(node['operationId'])] ?? (limited ? 'default' : 'none');
}

function requestBody(operation: Operation): { kind: Endpoint['body']; schema?: unknown } {
  if (operation.node['requestBody'] === undefined) return { kind: 'none' };
  const { node } = follow(operation.node['requestBody'], operation.file);
  const json = asNode(asNode(node['content'])['application/json']);
  return json['schema'] === undefined ? { kind: 'stream' } : { kind: 'json', schema: json['schema'] };
}

function queryParameters(operation: Operation): QueryParameter[] {
  const all = [...operation.shared, ...asList(operation.node['parameters'])];
  return all.flatMap((reference) => {
    const { node, file } = follow(reference, operation.file);
    if (node['in'] !== 'query') return [];
    const { node: schema, file: at } = follow(node['schema'], file);
    const values = schema['enum'] ?? follow(schema['items'], at).node['enum'];
    const parameter: QueryParameter = {
      name: String(node['name']),
      type: typeOf(schema['type']),
      ...(node['required'] === true ? { required: true } : {}),
      ...(Array.isArray(values) ? { values: values.map(String) } : {}),
    };
    return [parameter];
  });
}

function typeOf(type: unknown): QueryParameter['type'] {
  if (type === 'integer' || type === 'boolean' || type === 'array') return type;
  return type === 'number' ? 'integer' : 'string';
}

/** The page's anchor of an operation: `put_matrixclientv3roomsroomidsendeventtypetxnid`. */
function anchor(method: string, path: string): string {
  return method.toLowerCase() + path.toLowerCase().replace(/[^a-z0-9_-]/g, '');
}
