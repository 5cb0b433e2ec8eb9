// Making a room: all its first events in one proposal, in the order that the specification gives, so a room is there whole or not at
// all. What the rules refuse is the fault of the request: M_INVALID_ROOM_STATE.
// https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3createroom
import {
  isJsonObject,
  isStrictLocalpart,
  parseRoomId,
  type JsonObject,
  type JsonValue,
  MatrixError,
  parseUserId,
  type RoomVersionRules,
  roomVersionRules,
} from '@pons/spec';
import { knownUsers, type Names, registerGhosts } from '../accounts/ghosts.ts';
import { getProfile, namesOf } from '../accounts/profiles.ts';
import type { Requester } from '../platform/requester.ts';
import { refusalFor } from '../platform/restricted-account.ts';
import { checkLocalAlias, findAlias } from '../rooms/aliases.ts';
import type { EventDraft } from '../rooms/proposal.ts';
import { joinTogether } from './bulk-ghosts.ts';
import { checkEventKeys, checkPowerLevels, checkStateContent, checkUserId } from './check-event.ts';
import { ensureInvitable, inviteContent } from './invite-user.ts';
import type { RoomActionParts } from './room-action-parts.ts';
import { checkAliasFree } from './set-alias.ts';

/** Users invited while a room is made. */
const invitesMax = 200;

/** Users of an application service who are in a room from its beginning. */
const membersMax = 5_000;

/** How a room begins. */
export type RoomPreset = 'private_chat' | 'trusted_private_chat' | 'public_chat';

/** A room to be made. */
export interface CreateRoomRequest {
  readonly preset?: RoomPreset | undefined;
  readonly visibility?: 'public' | 'private' | undefined;
  readonly roomVersion?: string | undefined;
  readonly aliasName?: string | undefined;
  readonly name?: string | undefined;
  readonly topic?: string | undefined;
  readonly invite: readonly string[];
  /** Of an application service: users who are in the room from the beginning, those that it speaks for; the others are invited. */
  readonly members?: readonly string[] | undefined;
  readonly isDirect: boolean;
  readonly creationContent: JsonObject;
  readonly initialState: readonly { readonly type: string; readonly stateKey: string; readonly content: JsonObject }[];
  readonly powerLevels?: JsonObject | undefined;
  /** Of an application service: the room's id, in a room version where it is free. */
  readonly roomId?: string | undefined;
  /** Of an application service: when the room began, in milliseconds. */
  readonly originServerTs?: number | undefined;
  readonly trace?: string | undefined;
}

/**
 * Makes a room.
 *
 * @returns its id
 * @throws MatrixError M_UNSUPPORTED_ROOM_VERSION, M_ROOM_IN_USE (an alias or the chosen id), M_EXCLUSIVE, M_INVALID_ROOM_STATE,
 *         M_INVALID_PARAM, M_BAD_JSON
 */
export async function createRoom(
  parts: RoomActionParts,
  requester: Requester,
  request: CreateRoomRequest,
): Promise<string> {
  const version = request.roomVersion ?? parts.defaultRoomVersion;
  const rules = roomVersionRules(version);
  if (rules === undefined) {
    throw new MatrixError('M_UNSUPPORTED_ROOM_VERSION', `This server does not make rooms of version ${version}.`);
  }
  if (request.roomId !== undefined) checkChosenId(parts, requester, request.roomId, rules);
  const { appserviceId } = requester;
  const { originServerTs } = request;
  const dated = originServerTs === undefined ? undefined : { originServerTs };
  const members = await membersOf(parts, requester, request.members ?? []);
  const invited = [...new Set([...request.invite, ...(request.members ?? [])])].filter(
    (userId) => !members.has(userId),
  );
  if (invited.length > invitesMax) {
    throw new MatrixError('M_INVALID_PARAM', `A room is made with at most ${invitesMax} invitations.`);
  }
  for (const userId of invited) await ensureInvitable(parts, checkUserId(userId), requester);
  const alias = await aliasOf(parts, requester, request);
  const drafts = [
    createDraft(requester, request, rules),
    await creatorDraft(parts, requester),
    ...presetDrafts(requester.userId, request, rules, alias),
    ...initialDrafts(requester.userId, request),
    ...(await inviteDrafts(parts, requester.userId, { isDirect: request.isDirect, invited })),
  ];
  try {
    const { roomId } = await parts.lanes.create({
      roomVersion: version,
      drafts: dated === undefined ? drafts : drafts.map((draft) => ({ ...draft, ...dated })),
      ...(request.roomId === undefined ? {} : { roomId: request.roomId }),
      ...(alias === undefined ? {} : { aliases: [{ alias, creator: requester.userId }] }),
      ...(request.visibility === 'public' ? { published: true } : {}),
      ...(request.trace === undefined ? {} : { trace: request.trace }),
    });
    // The room is there, whoever could not come in: the application service sees who did by its members.
    if (appserviceId !== undefined && members.size > 0) {
      const asked = { appserviceId, host: requester.userId, trace: request.trace, ...dated };
      await joinTogether(parts, asked, new Map([[roomId, members]]), []);
    }
    return roomId;
  } catch (error) {
    if (error instanceof MatrixError && error.errcode === 'M_FORBIDDEN') {
      throw new MatrixError('M_INVALID_ROOM_STATE', `The room cannot begin like that. ${error.message}`, {
        cause: error,
      });
    }
    throw error;
  }
}

// A chosen id can be guessed, and one that was used before means something else to other servers: only where the operator has given these
// ids to this application service alone.
function checkChosenId(
  { nameOwners, serverName }: RoomActionParts,
  { appserviceId }: Requester,
  roomId: string,
  { version, roomIdIsCreateEvent }: RoomVersionRules,
): void {
  if (roomIdIsCreateEvent) {
    const instead = 'leave fi.mau.room_id out, or name a room_version up to 11';
    throw new MatrixError('M_INVALID_PARAM', `In room version ${version} the create event decides the id: ${instead}.`);
  }
  const parsed = parseRoomId(roomId);
  if (parsed?.serverName !== serverName || !/^[^\p{C}\p{Z}]+$/u.test(parsed.opaque)) {
    throw new MatrixError(
      'M_INVALID_PARAM',
      `fi.mau.room_id must be like !something:${serverName}, of 255 bytes at most.`,
    );
  }
  if (appserviceId === undefined || !nameOwners.ownsRoomId(appserviceId, roomId)) {
    throw new MatrixError(
      'M_EXCLUSIVE',
      'fi.mau.room_id must be in an exclusive rooms namespace of yours, and of nobody else.',
    );
  }
}

// Known before the room is made: who is there, and under which names. Ghosts that are not registered yet are.
async function membersOf(
  { db, clock, speaksFor, nameOwners, serverName }: RoomActionParts,
  { appserviceId, userId: maker }: Requester,
  wanted: readonly string[],
): Promise<ReadonlyMap<string, Names>> {
  if (appserviceId === undefined || wanted.length === 0) return new Map();
  if (wanted.length > membersMax) {
    throw new MatrixError('M_TOO_LARGE', `A room is made with at most ${membersMax} members: join the others later.`);
  }
  const isLocal = (userId: string) => parseUserId(userId)?.serverName === serverName;
  const own: string[] = [];
  for (const userId of new Set(wanted)) {
    if (userId !== maker && (await speaksFor(appserviceId, checkUserId(userId)))) own.push(userId);
  }
  // Those it might register one by one: not what another claims, nor names that no new user may have.
  const isRegistrable = (userId: string) => {
    const owner = nameOwners.exclusiveOwner(userId, appserviceId) ?? appserviceId;
    return owner === appserviceId && isStrictLocalpart(parseUserId(userId)?.localpart ?? '') && isLocal(userId);
  };
  const made = { createdTs: clock.now(), appserviceId };
  const { names } = await registerGhosts(db, own.filter(isRegistrable), made);
  const others = await knownUsers(
    db,
    own.filter((userId) => !isRegistrable(userId)),
  );
  // Who may not join is invited, like whomever it does not speak for.
  return new Map([...names, ...others].filter(([userId, known]) => refusalFor(userId, known) === undefined));
}

async function aliasOf(parts: RoomActionParts, requester: Requester, { aliasName }: CreateRoomRequest) {
  if (aliasName === undefined) return undefined;
  const alias = checkLocalAlias(`#${aliasName}:${parts.serverName}`, parts.serverName);
  checkAliasFree(parts, requester, alias);
  if ((await findAlias(parts.db, alias)) !== undefined) throw new MatrixError('M_ROOM_IN_USE', 'That alias is taken.');
  return alias;
}

function createDraft({ userId }: Requester, request: CreateRoomRequest, rules: RoomVersionRules): EventDraft {
  const { creator: _creator, ...given } = request.creationContent;
  const content: JsonObject = { ...given, room_version: rules.version };
  if (!rules.creatorIsSender) content['creator'] = userId;
  if (rules.creatorsHaveInfinitePower && presetOf(request) === 'trusted_private_chat' && request.invite.length > 0) {
    const named = given['additional_creators'] ?? [];
    if (!Array.isArray(named)) throw new MatrixError('M_BAD_JSON', 'additional_creators must be a list of user ids.');
    content['additional_creators'] = [...new Set([...named, ...request.invite])];
  }
  return { type: 'm.room.create', stateKey: '', sender: userId, content };
}

async function creatorDraft({ db }: RoomActionParts, { userId }: Requester): Promise<EventDraft> {
  const content = { membership: 'join', ...namesOf(await getProfile(db, userId)) };
  return { type: 'm.room.member', stateKey: userId, sender: userId, content };
}

function presetOf({ preset, visibility }: CreateRoomRequest): RoomPreset {
  return preset ?? (visibility === 'public' ? 'public_chat' : 'private_chat');
}

function presetDrafts(
  sender: string,
  request: CreateRoomRequest,
  rules: RoomVersionRules,
  alias: string | undefined,
): EventDraft[] {
  const isPublic = presetOf(request) === 'public_chat';
  const given = new Set(request.initialState.filter(({ stateKey }) => stateKey === '').map(({ type }) => type));
  const state = (type: string, content: JsonObject): EventDraft => ({ type, stateKey: '', sender, content });
  const levels = { ...defaultPowerLevels(sender, request, rules), ...request.powerLevels };
  checkPowerLevels(levels);
  return [
    state('m.room.power_levels', levels),
    ...(alias === undefined ? [] : [state('m.room.canonical_alias', { alias })]),
    ...[
      state('m.room.join_rules', { join_rule: isPublic ? 'public' : 'invite' }),
      state('m.room.history_visibility', { history_visibility: 'shared' }),
      state('m.room.guest_access', { guest_access: isPublic ? 'forbidden' : 'can_join' }),
    ].filter(({ type }) => !given.has(type)),
  ];
}

function defaultPowerLevels(creator: string, request: CreateRoomRequest, rules: RoomVersionRules): JsonObject {
  const preset = presetOf(request);
  const users: JsonObject = {};
  if (!rules.creatorsHaveInfinitePower) {
    users[creator] = 100;
    if (preset === 'trusted_private_chat') for (const userId of request.invite) users[userId] = 100;
  }
  return {
    users,
    users_default: 0,
    events: {
      'm.room.name': 50,
      'm.room.avatar': 50,
      'm.room.canonical_alias': 50,
      'm.room.power_levels': 100,
      'm.room.history_visibility': 100,
      'm.room.server_acl': 100,
      'm.room.encryption': 100,
      'm.room.tombstone': rules.creatorsHaveInfinitePower ? 150 : 100,
    },
    events_default: 0,
    state_default: 50,
    ban: 50,
    kick: 50,
    redact: 50,
    invite: preset === 'public_chat' ? 50 : 0,
  };
}

function initialDrafts(sender: string, request: CreateRoomRequest): EventDraft[] {
  const { name, topic } = request;
  const overridden = new Set([
    ...(name === undefined ? [] : ['m.room.name']),
    ...(topic === undefined ? [] : ['m.room.topic']),
  ]);
  const drafts: EventDraft[] = [];
  for (const { type, stateKey, content } of request.initialState) {
    checkEventKeys(type, stateKey);
    checkStateContent(type, content);
    if (!(stateKey === '' && overridden.has(type))) drafts.push({ type, stateKey, sender, content });
  }
  if (name !== undefined) drafts.push({ type: 'm.room.name', stateKey: '', sender, content: { name } });
  if (topic !== undefined) {
    const content = { topic, 'm.topic': { 'm.text': [{ body: topic }] } };
    drafts.push({ type: 'm.room.topic', stateKey: '', sender, content });
  }
  return drafts;
}

async function inviteDrafts(
  parts: RoomActionParts,
  sender: string,
  { isDirect, invited }: { readonly isDirect: boolean; readonly invited: readonly string[] },
): Promise<EventDraft[]> {
  const drafts: EventDraft[] = [];
  for (const userId of invited) {
    const content = await inviteContent(parts, userId);
    if (isDirect) content['is_direct'] = true;
    drafts.push({ type: 'm.room.member', stateKey: userId, sender, content });
  }
  return drafts;
}

/**
 * The state that a request lists as `initial_state`.
 *
 * @throws MatrixError M_BAD_JSON
 */
export function initialStateOf(value: JsonValue | undefined): CreateRoomRequest['initialState'] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new MatrixError('M_BAD_JSON', 'initial_state must be a list of state events.');
  return value.map((entry) => {
    const { type, state_key: stateKey = '', content } = isJsonObject(entry) ? entry : {};
    if (typeof type !== 'string' || typeof stateKey !== 'string' || !isJsonObject(content)) {
      throw new MatrixError('M_BAD_JSON', 'Each of initial_state has a type, a content and perhaps a state_key.');
    }
    return { type, stateKey, content };
  });
}
