// The lanes of this process: one per room that is being written to, opened on demand, the idle ones let go beyond a limit. Also where
// a request that comes twice at once is noticed, and where rooms are made: a new room has no lane yet, its first part makes it.
import { MatrixError, roomVersionRules } from '@pons/spec';
import { StorageError } from '../storage/database.ts';
import { placeOnChains } from './auth-chains.ts';
import { buildPdu } from './build-pdu.ts';
import { Lane, type LaneParts } from './lane.ts';
import { LaneMemory, type Remembering } from './lane-memory.ts';
import { appendDraft, readInputs, takeNumbers } from './make-part.ts';
import { Part } from './part.ts';
import type { NewRoom, Proposal, ProposalResult } from './proposal.ts';
import type { CheckedPdu } from './receive/check-hash.ts';
import { receiveSeveral } from './receive/receive-several.ts';
import type { Received, ReceiveOutcome } from './receive/receive-outcome.ts';
import { findRoom } from './room-view.ts';

/** Lanes kept open, and what they remember of state together; more only while more is in use at once. */
const openLanesMax = 2_000;
const rememberedBytesMax = 33_554_432;
/** Drafts of a new room. */
const newRoomDraftsMax = 1_000;
/** Tries to make a room that is like no other. */
const twinRoomsMax = 100;
/** How much later a room is dated at most that would be like one which was given the same time. */
const twinLaterMsMax = 60_000;
/** Random part of a room id before room version 12: 18 letters and digits, 107 bits. */
const roomIdChars = 18;

/** What the rest of the house knows of writing to rooms. */
export interface RoomLanes {
  /**
   * Makes the events of a proposal; answers once they are stored.
   *
   * @throws MatrixError M_FORBIDDEN when the rules refuse or the room is unknown, M_LIMIT_EXCEEDED when too much is waiting,
   *   M_ROOM_IN_USE when an alias is taken
   */
  propose(proposal: Proposal): Promise<ProposalResult>;
  /**
   * Makes a room by its first events, m.room.create first.
   *
   * @throws MatrixError M_UNSUPPORTED_ROOM_VERSION, M_FORBIDDEN when the rules refuse, M_ROOM_IN_USE when an alias or the chosen id is taken
   */
  create(room: NewRoom): Promise<ProposalResult & { readonly roomId: string }>;
  /** The room is gone from this server, or was made anew: its lane goes. */
  forget(roomId: string): void;
  /**
   * Stores an event of another server, or says why not; what it lacks is answered as missing.
   *
   * @throws MatrixError M_FORBIDDEN when the room is unknown, M_LIMIT_EXCEEDED when too much is waiting
   */
  receive(roomId: string, received: Received): Promise<ReceiveOutcome>;
  /**
   * Makes a room that another server has made, by its create event. Only for who joins it: nobody else may tell us of rooms.
   *
   * @throws MatrixError M_FORBIDDEN when the rules refuse, M_UNSUPPORTED_ROOM_VERSION
   */
  adopt(roomId: string, create: CheckedPdu): Promise<ReceiveOutcome>;
  /** Lanes open now. */
  readonly size: number;
}

/** What lanes work with, and randomness for room ids. */
export interface RoomLanesParts extends LaneParts {
  readonly random: { id(chars: number): string; fraction(): number };
}

/** The lanes of this process. */
export function createRoomLanes(parts: RoomLanesParts): RoomLanes {
  // Oldest use first: a Map keeps the order of insertion.
  const open = new Map<string, Lane>();
  const opening = new Map<string, Promise<Lane>>();
  const total: Remembering = { bytes: 0 };
  const inFlight = new Map<string, Promise<ProposalResult>>();

  async function openLane(roomId: string): Promise<Lane> {
    const row = await findRoom(parts.db, roomId);
    const rules = row === undefined ? undefined : roomVersionRules(row.roomVersion);
    if (row === undefined || rules === undefined) throw new MatrixError('M_FORBIDDEN', 'You are not in that room.');
    const lane = new Lane(parts, await LaneMemory.read(parts.db, row, rules, total));
    keep(roomId, lane);
    return lane;
  }

  function keep(roomId: string, lane: Lane): void {
    open.set(roomId, lane);
    trim();
  }

  function trim(): void {
    for (const [roomId, lane] of open) {
      if (open.size <= openLanesMax && total.bytes <= rememberedBytesMax) return;
      if (!lane.idle) continue;
      open.delete(roomId);
      lane.close();
    }
  }

  function laneOf(roomId: string): Promise<Lane> | Lane {
    const lane = open.get(roomId);
    if (lane !== undefined) {
      open.delete(roomId);
      open.set(roomId, lane);
      if (total.bytes > rememberedBytesMax) trim();
      return lane;
    }
    let promise = opening.get(roomId);
    if (promise === undefined) {
      promise = openLane(roomId).finally(() => opening.delete(roomId));
      opening.set(roomId, promise);
    }
    return promise;
  }

  async function write(proposal: Proposal): Promise<ProposalResult> {
    const lane = laneOf(proposal.roomId);
    return aliasesChecked((lane instanceof Lane ? lane : await lane).propose(proposal));
  }

  function propose(proposal: Proposal): Promise<ProposalResult> {
    const transaction = proposal.clientTransaction;
    if (transaction === undefined) return write(proposal);
    const { userId, deviceId, endpoint, txnId } = transaction;
    const key = [userId, deviceId, endpoint, proposal.roomId, txnId].join('\0');
    const first = inFlight.get(key);
    if (first !== undefined) return first;
    const result = writeOnce(key, proposal);
    inFlight.set(key, result);
    return result;
  }

  async function writeOnce(key: string, proposal: Proposal): Promise<ProposalResult> {
    try {
      return await write(proposal);
    } finally {
      inFlight.delete(key);
    }
  }

  return {
    propose,
    receive: async (roomId, received) => {
      const result = await write({ roomId, drafts: [], received });
      if (result.received === undefined) throw new Error('the lane does not say what became of an event');
      return result.received;
    },
    adopt: async (roomId, create) => {
      const { lane, outcome } = await adoptRoom(parts, { roomId, create }, total);
      keep(roomId, lane);
      return outcome;
    },
    create: async (room) => {
      const { lane, result } = await aliasesChecked(createDistinctRoom(parts, room, total));
      keep(result.roomId, lane);
      return result;
    },
    forget: (roomId) => {
      open.get(roomId)?.close();
      open.delete(roomId);
    },
    get size() {
      return open.size;
    },
  };
}

// The same user making the same room twice in one millisecond makes one create event twice, and since room version 12 its hash is the
// room's id: the later room is dated a little on. Where the time was given there may be any number of them.
async function createDistinctRoom(parts: RoomLanesParts, room: NewRoom, total: Remembering) {
  const now = parts.clock.now();
  const [create, ...others] = room.drafts;
  let laterMs = 0;
  for (let tries = 0; ; tries += 1) {
    try {
      const ts = create?.originServerTs;
      if (create === undefined || ts === undefined) return await createRoom(parts, room, total, now + laterMs);
      const drafts = [{ ...create, originServerTs: ts + laterMs }, ...others];
      return await createRoom(parts, { ...room, drafts }, total, now);
    } catch (error) {
      const isTwin = error instanceof StorageError && error.constraint === 'rooms_room_id_key';
      if (isTwin && room.roomId !== undefined)
        throw new MatrixError('M_ROOM_IN_USE', 'That room id is taken.', { cause: error });
      if (!isTwin || tries >= twinRoomsMax) throw error;
      laterMs = create?.originServerTs === undefined ? tries + 1 : Math.ceil(parts.random.fraction() * twinLaterMsMax);
    }
  }
}

async function createRoom(parts: RoomLanesParts, room: NewRoom, total: Remembering, now: number) {
  const rules = roomVersionRules(room.roomVersion);
  if (rules === undefined) {
    throw new MatrixError(
      'M_UNSUPPORTED_ROOM_VERSION',
      `This server does not make rooms of version ${room.roomVersion}.`,
    );
  }
  const [create] = room.drafts;
  if (create === undefined || room.drafts.length > newRoomDraftsMax) {
    throw new MatrixError('M_TOO_LARGE', `A room is made with at most ${newRoomDraftsMax} events.`);
  }
  const numbers = await takeNumbers(parts, [room]);
  const roomNid = await parts.nextNid();
  const memoryOf = (roomId: string) => LaneMemory.ofNewRoom({ roomNid, roomId, rules, total });
  const roomId = rules.roomIdIsCreateEvent
    ? roomIdOfCreate(parts, memoryOf(''), room, now)
    : (room.roomId ?? `!${parts.random.id(roomIdChars)}:${parts.signer.serverName}`);
  const memory = memoryOf(roomId);
  const part = new Part(memory, {
    keyNids: numbers.keyNids,
    targets: await readInputs(parts.db, memory, [room]),
  });
  const context = room.trace === undefined ? {} : { trace: room.trace };
  const making = { nids: numbers.nids, now, signer: parts.signer };
  const made = room.drafts.map((draft) => appendDraft(part, draft, making, context));
  part.addChange(room);
  await placeOnChains(part, parts.db);
  const outcome = await parts.door.commit(part.toCommit({ roomId, roomVersion: room.roomVersion }));
  if (outcome.outcome !== 'stored') throw new Error(`the door answers ${outcome.outcome} for a new room`);
  part.adopt(outcome.first + part.positions - 1);
  memory.createdNow();
  const events = made.map(({ eventId, at }) => ({ eventId, position: outcome.first + at }));
  return { lane: new Lane(parts, memory), result: { roomId, events } };
}

async function adoptRoom(
  parts: RoomLanesParts,
  { roomId, create }: { readonly roomId: string; readonly create: CheckedPdu },
  total: Remembering,
) {
  const { room_version: named = '1' } = create.pdu.content;
  const rules = typeof named === 'string' ? roomVersionRules(named) : undefined;
  if (rules === undefined)
    throw new MatrixError('M_UNSUPPORTED_ROOM_VERSION', 'This server does not know that room version.');
  const received = { checked: create };
  const numbers = await takeNumbers(parts, [{ drafts: [], received }]);
  const memory = LaneMemory.ofNewRoom({ roomNid: await parts.nextNid(), roomId, rules, total });
  const { db, pool, signer } = parts;
  const { part, made: all } = await receiveSeveral(
    { db, memory, pool, serverName: signer.serverName },
    [received],
    numbers,
  );
  const [made] = all;
  if (part.events[0]?.at === undefined) {
    const became = made?.received?.(0);
    const why = became !== undefined && 'reason' in became ? became.reason : became?.outcome;
    throw new MatrixError('M_FORBIDDEN', `That is no create event of a room: ${why}.`);
  }
  await placeOnChains(part, parts.db);
  const outcome = await parts.door.commit(part.toCommit({ roomId, roomVersion: rules.version }));
  if (outcome.outcome !== 'stored' || made?.received === undefined) throw new Error('a new room was not stored');
  part.adopt(outcome.first + part.positions - 1);
  memory.createdNow();
  return { lane: new Lane(parts, memory), outcome: made.received(outcome.first) };
}

// Since room version 12 the id of a room is the hash of its create event, so that event is made once to learn it.
function roomIdOfCreate(parts: RoomLanesParts, memory: LaneMemory, room: NewRoom, now: number): string {
  const [create] = room.drafts;
  if (create === undefined) throw new Error('a room without events');
  const part = new Part(memory, { keyNids: new Map(), targets: new Map() });
  return `!${buildPdu(create, part, now, parts.signer).eventId.slice(1)}`;
}

async function aliasesChecked<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof StorageError && error.code === '23505' && error.constraint === 'room_aliases_pkey') {
      throw new MatrixError('M_ROOM_IN_USE', 'That alias is taken.', { cause: error });
    }
    throw error;
  }
}
