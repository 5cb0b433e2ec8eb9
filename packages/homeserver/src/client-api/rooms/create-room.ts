// POST /createRoom
// https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3createroom
import { isUserId, type JsonObject, type JsonValue, MatrixError } from '@pons/spec';
import { endpoints } from '@pons/spec/endpoints';
import { createRoom as create, initialStateOf, type RoomPreset } from '../../actions/create-room.ts';
import type { RoomActionParts } from '../../actions/room-action-parts.ts';
import { requesterOf } from '../../http/requester.ts';
import type { Route } from '../../http/route.ts';
import type { Requester } from '../../platform/requester.ts';
import { booleanOr, optionalObject, optionalString } from '../body-members.ts';

const presets: readonly RoomPreset[] = ['private_chat', 'trusted_private_chat', 'public_chat'];

/** POST /createRoom */
export function createRoom(parts: RoomActionParts): Route {
  return {
    endpoint: endpoints.createRoom,
    async handle(request) {
      const { body } = request;
      refuseThirdParties(body['invite_3pid']);
      const roomId = await create(parts, requesterOf(request), {
        preset: oneOf(body, 'preset', presets),
        visibility: oneOf(body, 'visibility', ['public', 'private'] as const),
        roomVersion: optionalString(body, 'room_version'),
        aliasName: optionalString(body, 'room_alias_name'),
        name: optionalString(body, 'name'),
        topic: optionalString(body, 'topic'),
        invite: userIds('invite', body['invite']),
        members: members(requesterOf(request), body),
        roomId: chosenId(requesterOf(request), body),
        originServerTs: chosenTime(requesterOf(request), body['fi.mau.origin_server_ts']),
        isDirect: booleanOr(body, 'is_direct', false),
        creationContent: optionalObject(body, 'creation_content'),
        initialState: initialStateOf(body['initial_state']),
        powerLevels:
          body['power_level_content_override'] === undefined
            ? undefined
            : optionalObject(body, 'power_level_content_override'),
        trace: request.trace,
      });
      return { json: { room_id: roomId } };
    },
  };
}

function oneOf<T extends string>(body: JsonObject, name: string, values: readonly T[]): T | undefined {
  const given = optionalString(body, name);
  const found = values.find((value) => value === given);
  if (given !== undefined && found === undefined) {
    throw new MatrixError('M_INVALID_PARAM', `${name} must be one of ${values.join(', ')}.`);
  }
  return found;
}

// What bridges know as com.beeper.room_create_autojoin_invites. Of everybody else it is no more than a member nobody knows.
function members({ appserviceId, narrowed }: Requester, body: JsonObject): string[] {
  if (appserviceId === undefined || narrowed === true) return [];
  const named = userIds('com.beeper.initial_members', body['com.beeper.initial_members']);
  return booleanOr(body, 'com.beeper.auto_join_invites', false)
    ? [...named, ...userIds('invite', body['invite'])]
    : named;
}

// A narrowed token is good for one user's deeds: to name a room is more than that.
function chosenId({ appserviceId, narrowed }: Requester, body: JsonObject): string | undefined {
  return appserviceId === undefined || narrowed === true ? undefined : optionalString(body, 'fi.mau.room_id');
}

// What `ts` is elsewhere, and as there ignored of everybody but application services.
function chosenTime({ appserviceId }: Requester, value: JsonValue | undefined): number | undefined {
  if (appserviceId === undefined || value === undefined || value === null) return undefined;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new MatrixError('M_INVALID_PARAM', 'fi.mau.origin_server_ts must be a time in milliseconds.');
}

function userIds(name: string, value: JsonValue | undefined): string[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new MatrixError('M_BAD_JSON', `${name} must be a list of user ids.`);
  return value.map((userId) => {
    if (typeof userId === 'string' && isUserId(userId)) return userId;
    throw new MatrixError('M_INVALID_PARAM', `${name} must be a list of user ids.`);
  });
}

function refuseThirdParties(value: JsonValue | undefined): void {
  if (Array.isArray(value) && value.length > 0) {
    throw new MatrixError('M_THREEPID_MEDIUM_NOT_SUPPORTED', 'This server sends no invitations to email addresses.');
  }
}
