// /room_keys/version: making, finding, changing and deleting backups of room keys.
// https://spec.matrix.org/v1.19/client-server-api/#server-side-key-backups

import { type JsonObject, MatrixError } from '@pons/spec';
import { endpoints } from '@pons/spec/endpoints';
import { createBackup, deleteBackup, getBackup, updateBackup } from '../../e2ee/room-key-backups.ts';
import type { KeysParts } from '../../e2ee/upload-keys.ts';
import { requesterOf } from '../../http/requester.ts';
import type { ApiRequest, Route } from '../../http/route.ts';
import { optionalObject, optionalString, requiredString } from '../body-members.ts';

/** Every endpoint of /room_keys/version. */
export function roomKeyVersionRoutes({ db }: Pick<KeysParts, 'db'>): Route[] {
  return [
    {
      endpoint: endpoints.postRoomKeysVersion,
      async handle(request) {
        return { json: { version: await createBackup(db, requesterOf(request).userId, backupOf(request.body)) } };
      },
    },
    { endpoint: endpoints.getRoomKeysVersionCurrent, handle: (request) => get(request) },
    { endpoint: endpoints.getRoomKeysVersion, handle: (request) => get(request, request.path['version'] ?? '') },
    {
      endpoint: endpoints.putRoomKeysVersion,
      async handle(request) {
        const version = request.path['version'] ?? '';
        const named = optionalString(request.body, 'version') ?? version;
        if (named !== version) throw new MatrixError('M_INVALID_PARAM', 'version is another than in the path');
        await updateBackup(db, { userId: requesterOf(request).userId, version }, backupOf(request.body));
        return { json: {} };
      },
    },
    {
      endpoint: endpoints.deleteRoomKeysVersion,
      async handle(request) {
        await deleteBackup(db, { userId: requesterOf(request).userId, version: request.path['version'] ?? '' });
        return { json: {} };
      },
    },
  ];

  async function get(request: ApiRequest, version?: string) {
    const backup = await getBackup(db, requesterOf(request).userId, version);
    return {
      json: {
        algorithm: backup.algorithm,
        auth_data: JSON.parse(backup.authData) as JsonObject,
        count: backup.keys,
        etag: String(backup.etag),
        version: String(backup.version),
      },
    };
  }
}

function backupOf(body: JsonObject): { readonly algorithm: string; readonly authData: JsonObject } {
  return { algorithm: requiredString(body, 'algorithm'), authData: optionalObject(body, 'auth_data') };
}
