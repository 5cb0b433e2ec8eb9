// Upgrading a room: a new one of another version takes over what may be taken over, the old one ends in a tombstone.
// https://spec.matrix.org/v1.19/client-server-api/#room-upgrades
import {
  isJsonObject,
  type JsonObject,
  MatrixError,
  type Pdu,
  type RoomVersionRules,
  roomVersionRules,
} from '@pons/spec';
import { getProfile, namesOf } from '../accounts/profiles.ts';
import type { Requester } from '../platform/requester.ts';
import { localAliases } from '../rooms/aliases.ts';
import { currentEvents } from '../rooms/current-state.ts';
import { powerIn } from '../rooms/power.ts';
import type { EventDraft } from '../rooms/proposal.ts';
import { viewJoinedRoom } from '../rooms/room-view.ts';
import { integerLevels } from '../rules/power-levels.ts';
import type { RoomActionParts } from './room-action-parts.ts';

/** State that the new room begins with, in this order. */
const transferredTypes = [
  'm.room.join_rules',
  'm.room.history_visibility',
  'm.room.guest_access',
  'm.room.server_acl',
  'm.room.encryption',
  'm.room.name',
  'm.room.avatar',
  'm.room.topic',
];

/** An upgrade as it is asked for. */
export interface UpgradeRequest {
  readonly roomId: string;
  readonly newVersion: string;
  readonly additionalCreators?: readonly string[] | undefined;
  readonly trace?: string | undefined;
}

/**
 * Replaces a room by one of another version.
 *
 * @returns the id of the new room
 * @throws MatrixError M_UNSUPPORTED_ROOM_VERSION, M_FORBIDDEN for who may not send m.room.tombstone
 */
export async function upgradeRoom(
  parts: RoomActionParts,
  requester: Requester,
  request: UpgradeRequest,
): Promise<string> {
  const { userId } = requester;
  const rules = roomVersionRules(request.newVersion);
  if (rules === undefined) {
    throw new MatrixError(
      'M_UNSUPPORTED_ROOM_VERSION',
      `This server does not make rooms of version ${request.newVersion}.`,
    );
  }
  const { room, rules: oldRules } = await viewJoinedRoom(parts.db, request.roomId, userId);
  const levels = await powerIn(parts.db, room.roomNid, oldRules);
  if (levels.levelOf(userId) < levels.needed('m.room.tombstone', true)) {
    throw new MatrixError('M_FORBIDDEN', 'Upgrading a room needs the power to send m.room.tombstone.');
  }
  const state = await currentEvents(
    parts.db,
    room.roomNid,
    ['m.room.create', 'm.room.power_levels', 'm.room.canonical_alias', ...transferredTypes].map((type) => ({
      type,
      stateKey: '',
    })),
  );
  const trace = request.trace === undefined ? {} : { trace: request.trace };
  const made = await parts.lanes.create({
    roomVersion: rules.version,
    drafts: await newRoomDrafts(parts, request, { userId, rules, oldRules, state }),
    published: room.published,
    ...trace,
  });
  const aliases = await localAliases(parts.db, room.roomNid);
  await closeOldRoom(parts, request, {
    userId,
    replacement: made.roomId,
    aliases,
    levels: state.get('m.room.power_levels'),
  });
  const canonical = state.get('m.room.canonical_alias');
  await parts.lanes.propose({
    roomId: made.roomId,
    drafts:
      canonical === undefined
        ? []
        : [{ type: 'm.room.canonical_alias', stateKey: '', sender: userId, content: canonical.content }],
    aliases: aliases.map((alias) => ({ alias, creator: userId })),
    ...trace,
  });
  return made.roomId;
}

async function newRoomDrafts(
  { db }: RoomActionParts,
  request: UpgradeRequest,
  from: {
    readonly userId: string;
    readonly rules: RoomVersionRules;
    readonly oldRules: RoomVersionRules;
    readonly state: ReadonlyMap<string, Pdu>;
  },
): Promise<EventDraft[]> {
  const { userId, rules, oldRules, state } = from;
  const levels = integerLevels(state.get('m.room.power_levels')?.content ?? {}, oldRules);
  const draft = (type: string, content: JsonObject, stateKey = ''): EventDraft => ({
    type,
    stateKey,
    sender: userId,
    content,
  });
  const {
    creator: _creator,
    additional_creators: _creators,
    predecessor: _predecessor,
    ...kept
  } = state.get('m.room.create')?.content ?? {};
  const create: JsonObject = { ...kept, room_version: rules.version, predecessor: { room_id: request.roomId } };
  if (!rules.creatorIsSender) create['creator'] = userId;
  if (rules.creatorsHaveInfinitePower && request.additionalCreators !== undefined) {
    create['additional_creators'] = [...request.additionalCreators];
  }
  const creators = new Set(rules.creatorsHaveInfinitePower ? [userId, ...(request.additionalCreators ?? [])] : []);
  return [
    draft('m.room.create', create),
    draft('m.room.member', { membership: 'join', ...namesOf(await getProfile(db, userId)) }, userId),
    draft('m.room.power_levels', newPowerLevels(levels, userId, creators)),
    ...transferredTypes.flatMap((type) => {
      const event = state.get(type);
      return event === undefined ? [] : [draft(type, event.content)];
    }),
  ];
}

// Whoever upgrades must be able to begin the new room: the creators of version 12 are above all levels and not listed, before it the
// one who upgrades gets at least 100.
function newPowerLevels(content: JsonObject, userId: string, creators: ReadonlySet<string>): JsonObject {
  const given = isJsonObject(content['users']) ? content['users'] : {};
  const users = Object.fromEntries(Object.entries(given).filter(([name]) => !creators.has(name)));
  if (creators.size === 0) {
    const own = users[userId];
    users[userId] = Math.max(typeof own === 'number' ? own : 0, 100);
  }
  if (creators.size === 0) return { ...content, users };
  const events = isJsonObject(content['events']) ? content['events'] : {};
  return { ...content, users, events: { ...events, 'm.room.tombstone': tombstoneLevel(content) } };
}

// Since version 12 it must be above state_default. https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3createroom
function tombstoneLevel(content: JsonObject): number {
  const stateDefault = content['state_default'];
  return Math.max(150, typeof stateDefault === 'number' ? stateDefault + 1 : 0);
}

async function closeOldRoom(
  parts: RoomActionParts,
  request: UpgradeRequest,
  {
    userId,
    replacement,
    aliases,
    levels,
  }: {
    readonly userId: string;
    readonly replacement: string;
    readonly aliases: readonly string[];
    readonly levels: Pdu | undefined;
  },
): Promise<void> {
  const content = { body: 'This room has been replaced', replacement_room: replacement };
  await parts.lanes.propose({
    roomId: request.roomId,
    drafts: [{ type: 'm.room.tombstone', stateKey: '', sender: userId, content }],
    aliasesRemoved: aliases,
    published: false,
    ...(request.trace === undefined ? {} : { trace: request.trace }),
  });
  const before = levels?.content ?? {};
  const usersDefault = typeof before['users_default'] === 'number' ? before['users_default'] : 0;
  const quiet = Math.max(50, usersDefault + 1);
  try {
    await parts.lanes.propose({
      roomId: request.roomId,
      drafts: [
        {
          type: 'm.room.power_levels',
          stateKey: '',
          sender: userId,
          content: { ...before, events_default: quiet, invite: quiet },
        },
      ],
    });
  } catch (error) {
    // "If possible", says the specification: who may upgrade need not be able to change power levels.
    if (!(error instanceof MatrixError) || error.errcode !== 'M_FORBIDDEN') throw error;
  }
}
