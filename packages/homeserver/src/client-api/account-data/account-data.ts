// GET and PUT of account data, global and of a room. What has an endpoint of its own (push rules, the fully-read marker) is read only.
// https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3useruseridaccount_datatype

import { MatrixError } from '@pons/spec';
import { endpoints } from '@pons/spec/endpoints';
import { type AccountDataParts, getAccountData, roomNidOf, setAccountData } from '../../accounts/account-data.ts';
import { requesterOf } from '../../http/requester.ts';
import type { ApiRequest, Route } from '../../http/route.ts';

const managed = new Set(['m.push_rules', 'm.fully_read']);

/** GET /user/{userId}/account_data/{type} */
export function getGlobalAccountData(parts: AccountDataParts): Route {
  return {
    endpoint: endpoints.getAccountData,
    handle: async (request) => read(parts, request, 0),
  };
}

/** PUT /user/{userId}/account_data/{type} */
export function setGlobalAccountData(parts: AccountDataParts): Route {
  return {
    endpoint: endpoints.setAccountData,
    handle: async (request) => write(parts, request, () => Promise.resolve(0)),
  };
}

/** GET /user/{userId}/rooms/{roomId}/account_data/{type} */
export function getRoomAccountData(parts: AccountDataParts): Route {
  return {
    endpoint: endpoints.getAccountDataPerRoom,
    async handle(request) {
      ownUser(request);
      return read(parts, request, await roomNidOf(parts.db, request.path['roomId'] ?? ''));
    },
  };
}

/** PUT /user/{userId}/rooms/{roomId}/account_data/{type} */
export function setRoomAccountData(parts: AccountDataParts): Route {
  return {
    endpoint: endpoints.setAccountDataPerRoom,
    handle: async (request) => write(parts, request, () => roomNidOf(parts.db, request.path['roomId'] ?? '')),
  };
}

/** The user of the path, who must be the one who asks. @throws MatrixError M_FORBIDDEN */
export function ownUser(request: ApiRequest): string {
  const { userId } = requesterOf(request);
  if (request.path['userId'] !== userId) throw new MatrixError('M_FORBIDDEN', 'account data of other users is theirs');
  return userId;
}

async function read(parts: AccountDataParts, request: ApiRequest, roomNid: number) {
  const content = await getAccountData(parts.db, { userId: ownUser(request), roomNid, type: typeOf(request) });
  if (content === undefined) throw new MatrixError('M_NOT_FOUND', 'no account data of this type was ever set');
  return { json: content };
}

async function write(parts: AccountDataParts, request: ApiRequest, roomNidOf: () => Promise<number>) {
  const userId = ownUser(request);
  const type = typeOf(request);
  if (managed.has(type)) {
    throw new MatrixError('M_BAD_JSON', `${type} has an endpoint of its own`, { status: 405 });
  }
  await setAccountData(parts, { userId, roomNid: await roomNidOf(), type }, request.body);
  return { json: {} };
}

function typeOf(request: ApiRequest): string {
  return request.path['type'] ?? '';
}
