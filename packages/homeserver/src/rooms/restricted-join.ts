// Restricted rooms: whether a user is in one of the rooms that let them in, and who of this server vouches for it. The rules check the
// outcome again in the lane.
// https://spec.matrix.org/v1.19/client-server-api/#restricted-rooms
import { isJsonObject, type RoomVersionRules } from '@pons/spec';
import { creatorsOf, powerLevelsOf } from '../rules/power-levels.ts';
import type { Queryable } from '../storage/database.ts';
import { membershipInRoom, membershipsOf, membersOf } from '../storage/tables/room-members.ts';
import { currentEvents } from './current-state.ts';

/** Rooms of an allow list that are looked at, and members that are tried when no named one may invite. */
const allowedRoomsMax = 100;
const membersTriedMax = 500;

/** A member of this server who may authorise the join, or undefined when the user meets no condition or nobody here may. */
export async function findJoinAuthoriser(
  db: Queryable,
  room: { readonly roomNid: number; readonly rules: RoomVersionRules; readonly serverName: string },
  userId: string,
): Promise<string | undefined> {
  const { roomNid, rules } = room;
  const state = await currentEvents(db, roomNid, [
    { type: 'm.room.join_rules', stateKey: '' },
    { type: 'm.room.create', stateKey: '' },
    { type: 'm.room.power_levels', stateKey: '' },
  ]);
  const { join_rule: rule, allow } = state.get('m.room.join_rules')?.content ?? {};
  const isRestricted =
    (rule === 'restricted' && rules.allowsRestrictedJoins) ||
    (rule === 'knock_restricted' && rules.allowsKnockRestricted);
  if (!isRestricted || !Array.isArray(allow)) return undefined;
  let isAllowed = false;
  for (const condition of allow.slice(0, allowedRoomsMax)) {
    if (!isJsonObject(condition) || condition['type'] !== 'm.room_membership') continue;
    const roomId = condition['room_id'];
    if (typeof roomId !== 'string' || roomId.includes('\0')) continue;
    isAllowed = (await membershipInRoom(db, roomId, userId))?.membership === 'join';
    if (isAllowed) break;
  }
  if (!isAllowed) return undefined;

  const create = state.get('m.room.create');
  const powerLevels = state.get('m.room.power_levels');
  const levels = powerLevelsOf(create, powerLevels, rules);
  const named = powerLevels?.content['users'];
  const candidates = [
    ...(create === undefined ? [] : creatorsOf(create, rules)),
    ...(isJsonObject(named) ? Object.keys(named) : []),
  ].slice(0, membersTriedMax);
  const mayInvite = (member: { readonly userId: string; readonly membership: string; readonly local: boolean }) =>
    member.local && member.membership === 'join' && levels.levelOf(member.userId) >= levels.invite;
  const found =
    (await membershipsOf(db, roomNid, candidates)).find(mayInvite) ??
    (await membersOf(db, roomNid, ['join'], membersTriedMax)).find(mayInvite);
  return found?.userId;
}
