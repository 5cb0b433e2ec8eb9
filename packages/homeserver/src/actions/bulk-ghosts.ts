// Many ghosts in one request: registered, named and joined, each as if alone and all for the price of a few statements. The same request
// again changes nothing. What goes wrong with one is named and does not keep the others out; their application service is not told of
// what it has just done itself.
import { MatrixError, parseUserId } from '@pons/spec';
import {
  checkName,
  type KnownUser,
  membershipContent,
  type Names,
  nameGhosts,
  registerGhosts,
} from '../accounts/ghosts.ts';
import { newUserId } from '../accounts/users.ts';
import type { ExclusiveNamespaces } from '../appservices/exclusive-namespaces.ts';
import type { Masquerading } from '../appservices/masquerade.ts';
import type { Requester } from '../platform/requester.ts';
import { refusalFor } from '../platform/restricted-account.ts';
import { joinsMax } from '../rooms/join-many.ts';
import { joinedRoomIdsOf } from '../rooms/membership.ts';
import type { RoomActionParts } from './room-action-parts.ts';

/** Ghosts of one request, and joins of all of them; so many memberships as well that repeat new names. */
const ghostsMax = 5_000;
const joinsInAllMax = 20_000;
/** Rooms that are written to at once. */
const roomsAtOnce = 20;

/** What it needs of the house. */
export interface BulkGhostsParts extends Pick<RoomActionParts, 'db' | 'lanes' | 'clock' | 'serverName'> {
  readonly namespaces: Pick<ExclusiveNamespaces, 'covers' | 'exclusiveOwner'>;
  readonly masquerading: Pick<Masquerading, 'registering'>;
}

/** One ghost. */
export interface GhostRequest {
  /** A localpart, or a whole user id. */
  readonly user: string;
  /** undefined: as it is; null or empty: none. */
  readonly displayname: string | null | undefined;
  readonly avatarUrl: string | null | undefined;
  /** Ids of rooms that it is in from now on. */
  readonly rooms: readonly string[];
}

/** What did not work. */
export interface GhostError {
  readonly user: string;
  readonly roomId?: string;
  readonly error: MatrixError;
}

/** What became of a request. */
export interface BulkGhostsResult {
  /** Accounts, profiles and memberships that were made or changed. */
  readonly registered: number;
  readonly named: number;
  readonly joined: number;
  readonly errors: readonly GhostError[];
}

/**
 * Registers, names and joins ghosts.
 *
 * @throws MatrixError M_FORBIDDEN for anybody but application services; M_TOO_LARGE
 */
export async function bulkGhosts(
  parts: BulkGhostsParts,
  requester: Requester,
  request: { readonly ghosts: readonly GhostRequest[]; readonly trace?: string | undefined },
): Promise<BulkGhostsResult> {
  const { appserviceId, userId: host } = requester;
  if (appserviceId === undefined) throw new MatrixError('M_FORBIDDEN', 'Only application services have ghosts.');
  checkSize(request.ghosts);
  const errors: GhostError[] = [];
  const ghosts = checkedGhosts(parts, appserviceId, request.ghosts, errors);
  const { registered, names, renamed, known } = await makeAccounts(parts, appserviceId, ghosts, errors);
  const rooms = new Map<string, Map<string, Names>>();
  const into = (roomId: string, userId: string) => {
    const own = names.get(userId);
    const members = rooms.get(roomId) ?? new Map<string, Names>();
    if (own !== undefined) rooms.set(roomId, members.set(userId, own));
  };
  for (const [userId, { rooms: wanted }] of ghosts) for (const roomId of wanted) into(roomId, userId);
  // A new name is repeated wherever its bearer is, as it is when one sets it alone.
  for (const { roomId, userId } of known) if (renamed.has(userId)) into(roomId, userId);
  const joined = await joinTogether(parts, { appserviceId, host, trace: request.trace }, rooms, errors);
  return { registered: registered.size, named: renamed.size, joined, errors };
}

/** Who asks for it, and when the joins happened (milliseconds; absent: now). */
export interface JoiningTogether {
  readonly appserviceId: string;
  readonly host: string;
  readonly trace: string | undefined;
  readonly originServerTs?: number;
}

/** Joins users into rooms, each room in as few commits as can be. @returns how many memberships that made */
export async function joinTogether(
  parts: Pick<RoomActionParts, 'lanes'>,
  asked: JoiningTogether,
  rooms: ReadonlyMap<string, ReadonlyMap<string, Names>>,
  errors: GhostError[],
): Promise<number> {
  const pieces = [...rooms].flatMap(([roomId, members]) => inPieces(roomId, [...members]));
  let joined = 0;
  for (let at = 0; at < pieces.length; at += roomsAtOnce) {
    const group = pieces.slice(at, at + roomsAtOnce);
    const counts = await Promise.all(group.map((piece) => joinPiece(parts, asked, piece, errors)));
    for (const count of counts) joined += count;
  }
  return joined;
}

function checkSize(ghosts: readonly GhostRequest[]): void {
  const joins = ghosts.reduce((sum, { rooms }) => sum + rooms.length, 0);
  if (ghosts.length <= ghostsMax && joins <= joinsInAllMax) return;
  throw new MatrixError('M_TOO_LARGE', `A request has at most ${ghostsMax} ghosts and ${joinsInAllMax} joins.`);
}

type CheckedGhost = Pick<GhostRequest, 'displayname' | 'avatarUrl' | 'rooms'>;

function checkedGhosts(
  { namespaces, serverName }: BulkGhostsParts,
  appserviceId: string,
  ghosts: readonly GhostRequest[],
  errors: GhostError[],
): Map<string, CheckedGhost> {
  const checked = new Map<string, CheckedGhost>();
  for (const { user, displayname, avatarUrl, rooms } of ghosts) {
    try {
      const userId = userIdOf(user, serverName);
      const owner = namespaces.exclusiveOwner(userId, appserviceId);
      if (owner === undefined ? !namespaces.covers(appserviceId, userId) : owner !== appserviceId) {
        throw new MatrixError('M_EXCLUSIVE', `${userId} is not in a namespace of this application service`);
      }
      checked.set(userId, {
        displayname: displayname === undefined ? undefined : checkName('displayname', displayname),
        avatarUrl: avatarUrl === undefined ? undefined : checkName('avatar_url', avatarUrl),
        rooms: [...new Set(rooms)],
      });
    } catch (error) {
      if (!(error instanceof MatrixError)) throw error;
      errors.push({ user, error });
    }
  }
  return checked;
}

function userIdOf(user: string, serverName: string): string {
  if (!user.startsWith('@')) return newUserId(user, serverName);
  const parsed = parseUserId(user);
  if (parsed?.serverName !== serverName) {
    throw new MatrixError('M_INVALID_USERNAME', `${user.slice(0, 255)} is no user id of this server`);
  }
  return newUserId(parsed.localpart, serverName);
}

async function makeAccounts(
  { db, clock, masquerading }: BulkGhostsParts,
  appserviceId: string,
  ghosts: ReadonlyMap<string, CheckedGhost>,
  errors: GhostError[],
) {
  const userIds = [...ghosts.keys()];
  const remember = masquerading.registering();
  const { registered, names } = await registerGhosts(db, userIds, { createdTs: clock.now(), appserviceId });
  leaveOutWhoMayNot(names, userIds, errors);
  remember(names.keys());
  const changed: (Names & { readonly userId: string })[] = [];
  for (const [userId, { displayname, avatarUrl }] of ghosts) {
    const now = names.get(userId);
    if (now === undefined) continue;
    const wanted = {
      displayname: displayname === undefined ? now.displayname : displayname,
      avatarUrl: avatarUrl === undefined ? now.avatarUrl : avatarUrl,
    };
    if (wanted.displayname === now.displayname && wanted.avatarUrl === now.avatarUrl) continue;
    changed.push({ userId, ...wanted });
    names.set(userId, { ...now, ...wanted });
  }
  const known = await placesOf(
    db,
    changed.map(({ userId }) => userId).filter((userId) => !registered.has(userId)),
  );
  return { registered, names, known, renamed: await nameGhosts(db, changed) };
}

// Those who may not join or change their names, and those who have ended.
function leaveOutWhoMayNot(names: Map<string, KnownUser>, userIds: readonly string[], errors: GhostError[]): void {
  for (const userId of userIds) {
    const known = names.get(userId);
    const error =
      known === undefined
        ? new MatrixError('M_USER_DEACTIVATED', `${userId} has been deactivated`)
        : refusalFor(userId, known);
    if (error === undefined) continue;
    names.delete(userId);
    errors.push({ user: userId, error });
  }
}

// Looked up before anybody is renamed: a name that is refused is refused everywhere.
async function placesOf(db: BulkGhostsParts['db'], userIds: readonly string[]) {
  const places = await joinedRoomIdsOf(db, userIds, joinsInAllMax + 1);
  if (places.length <= joinsInAllMax) return places;
  throw new MatrixError(
    'M_TOO_LARGE',
    `Those who get other names are in more than ${joinsInAllMax} rooms together: name fewer of them at once.`,
  );
}

interface Piece {
  readonly roomId: string;
  readonly members: readonly (readonly [string, Names])[];
}

function inPieces(roomId: string, members: readonly (readonly [string, Names])[]): Piece[] {
  const pieces: Piece[] = [];
  for (let at = 0; at < members.length; at += joinsMax)
    pieces.push({ roomId, members: members.slice(at, at + joinsMax) });
  return pieces;
}

async function joinPiece(
  { lanes }: Pick<RoomActionParts, 'lanes'>,
  asked: JoiningTogether,
  { roomId, members }: Piece,
  errors: GhostError[],
): Promise<number> {
  const { trace, ...who } = asked;
  const memberships = new Map(members.map(([userId, names]) => [userId, membershipContent(names)]));
  try {
    const { events, refused = new Map<string, MatrixError>() } = await lanes.propose({
      roomId,
      drafts: [],
      joins: { ...who, memberships },
      ...(trace === undefined ? {} : { trace }),
    });
    for (const [user, error] of refused) errors.push({ user, roomId, error });
    return events.length;
  } catch (error) {
    if (!(error instanceof MatrixError)) throw error;
    for (const [user] of members) errors.push({ user, roomId, error });
    return 0;
  }
}
