// /room_keys/keys: storing, reading and deleting backed up keys, all at once, by room or one by one.
// https://spec.matrix.org/v1.19/client-server-api/#server-side-key-backups

import { isJsonObject, type JsonObject, type JsonValue, MatrixError } from '@pons/spec';
import { endpoints } from '@pons/spec/endpoints';
import {
  type BackupSelection,
  type BackupVersion,
  checkBackupKey,
  deleteBackupKeys,
  readBackupKeys,
  storeBackupKeys,
} from '../../e2ee/room-key-backups.ts';
import type { KeysParts } from '../../e2ee/upload-keys.ts';
import { requesterOf } from '../../http/requester.ts';
import type { ApiRequest, ApiResponse, Route } from '../../http/route.ts';
import { optionalObject } from '../body-members.ts';

type Keys = Awaited<ReturnType<typeof readBackupKeys>>;
type Key = Keys[number];

/** Keys of one request. */
const keysMax = 20_000;

/** Every endpoint of /room_keys/keys. */
export function roomKeyRoutes({ db }: Pick<KeysParts, 'db'>): Route[] {
  const store = async (request: ApiRequest, keys: Key[]): Promise<ApiResponse> => {
    if (keys.length > keysMax) throw new MatrixError('M_TOO_LARGE', `store at most ${keysMax} keys at once`);
    return { json: counted(await storeBackupKeys(db, versionOf(request), keys)) };
  };
  const read = (request: ApiRequest) => readBackupKeys(db, versionOf(request), selectionOf(request));
  const remove = async (request: ApiRequest): Promise<ApiResponse> => ({
    json: counted(await deleteBackupKeys(db, versionOf(request), selectionOf(request))),
  });
  return [
    {
      endpoint: endpoints.putRoomKeys,
      handle: (request) =>
        store(
          request,
          Object.entries(optionalObject(request.body, 'rooms')).flatMap(([roomId, room]) => keysOfRoom(roomId, room)),
        ),
    },
    {
      endpoint: endpoints.putRoomKeysByRoomId,
      handle: (request) => store(request, keysOfRoom(request.path['roomId'] ?? '', request.body)),
    },
    {
      endpoint: endpoints.putRoomKeyBySessionId,
      handle(request) {
        const { roomId = '', sessionId = '' } = request.path;
        return store(request, [checkBackupKey(roomId, sessionId, request.body)]);
      },
    },
    {
      endpoint: endpoints.getRoomKeys,
      async handle(request) {
        const byRoom = Map.groupBy(await read(request), (key) => key.roomId);
        const rooms = [...byRoom].map(([roomId, keys]) => [roomId, { sessions: sessionsOf(keys) }] as const);
        return { json: { rooms: Object.fromEntries(rooms) } };
      },
    },
    {
      endpoint: endpoints.getRoomKeysByRoomId,
      handle: async (request) => ({ json: { sessions: sessionsOf(await read(request)) } }),
    },
    {
      endpoint: endpoints.getRoomKeyBySessionId,
      async handle(request) {
        const [key] = await read(request);
        if (key === undefined) throw new MatrixError('M_NOT_FOUND', 'there is no key of that session in the backup');
        return { json: keyJson(key) };
      },
    },
    { endpoint: endpoints.deleteRoomKeys, handle: remove },
    { endpoint: endpoints.deleteRoomKeysByRoomId, handle: remove },
    { endpoint: endpoints.deleteRoomKeyBySessionId, handle: remove },
  ];
}

function versionOf(request: ApiRequest): BackupVersion {
  return { userId: requesterOf(request).userId, version: request.query.get('version') ?? '' };
}

function selectionOf({ path: { roomId, sessionId } }: ApiRequest): BackupSelection {
  return { ...(roomId === undefined ? {} : { roomId }), ...(sessionId === undefined ? {} : { sessionId }) };
}

function keysOfRoom(roomId: string, room: JsonValue): Key[] {
  const sessions = isJsonObject(room) ? room['sessions'] : undefined;
  if (!isJsonObject(sessions)) throw new MatrixError('M_BAD_JSON', 'sessions must be an object');
  return Object.entries(sessions).map(([sessionId, key]) => checkBackupKey(roomId, sessionId, key));
}

function sessionsOf(keys: Keys): JsonObject {
  return Object.fromEntries(keys.map((key) => [key.sessionId, keyJson(key)]));
}

function keyJson(key: Key): JsonObject {
  return {
    first_message_index: key.firstMessageIndex,
    forwarded_count: key.forwardedCount,
    is_verified: key.isVerified,
    session_data: JSON.parse(key.sessionData) as JsonObject,
  };
}

function counted({ keys, etag }: { readonly keys: number; readonly etag: number }): JsonObject {
  return { count: keys, etag: String(etag) };
}
