// The third-party lookups of clients: which networks there are, and who or what is in them.
// https://spec.matrix.org/v1.19/client-server-api/#third-party-lookups

import { type JsonValue, MatrixError } from '@pons/spec';
import { endpoints } from '@pons/spec/endpoints';
import type { ThirdParty } from '../../appservice-delivery/third-party.ts';
import type { ApiRequest, Route } from '../../http/route.ts';

/** The lookups, all of them. */
export function thirdPartyRoutes(thirdParty: ThirdParty): Route[] {
  return [
    { endpoint: endpoints.getProtocols, handle: async () => ({ json: await thirdParty.protocols() }) },
    {
      endpoint: endpoints.getProtocolMetadata,
      handle: (request) => metadata(thirdParty, request.path['protocol'] ?? ''),
    },
    { endpoint: endpoints.queryLocationByProtocol, handle: (request) => lookUp(thirdParty, 'location', request) },
    { endpoint: endpoints.queryUserByProtocol, handle: (request) => lookUp(thirdParty, 'user', request) },
    { endpoint: endpoints.queryLocationByAlias, handle: (request) => reverse(thirdParty, 'location', request) },
    { endpoint: endpoints.queryUserByID, handle: (request) => reverse(thirdParty, 'user', request) },
  ];
}

async function metadata(thirdParty: ThirdParty, protocol: string) {
  const json = await thirdParty.protocol(protocol);
  if (json !== undefined) return { json };
  if (!thirdParty.serves(protocol)) throw unserved();
  throw new MatrixError(
    'M_NOT_FOUND',
    'Who serves that protocol says nothing of it that can be used. Try again later.',
  );
}

/** Whom an application service acts as: no field of the network. */
const claims = ['user_id', 'device_id', 'org.matrix.msc3202.device_id'];

async function lookUp(thirdParty: ThirdParty, kind: 'user' | 'location', { path, query, requester }: ApiRequest) {
  const fields = new URLSearchParams(query);
  fields.delete('access_token');
  if (requester?.appserviceId !== undefined) for (const claim of claims) fields.delete(claim);
  const results = await thirdParty.lookUp(kind, path['protocol'] ?? '', fields);
  if (results === undefined) throw unserved();
  return { json: found(kind, results) };
}

async function reverse(thirdParty: ThirdParty, kind: 'user' | 'location', { query }: ApiRequest) {
  const id = query.get(kind === 'user' ? 'userid' : 'alias');
  if (id === null)
    throw new MatrixError('M_MISSING_PARAM', `give ${kind === 'user' ? 'userid' : 'alias'} in the query`);
  return { json: found(kind, await thirdParty.reverse(kind, id)) };
}

/** The specification knows no empty list: what was not found is 404. */
function found(kind: 'user' | 'location', results: JsonValue[]): JsonValue[] {
  if (results.length > 0) return results;
  throw new MatrixError('M_NOT_FOUND', `No ${kind === 'user' ? 'user' : 'room'} was found.`);
}

function unserved(): MatrixError {
  return new MatrixError('M_NOT_FOUND', 'No application service serves that protocol.');
}
