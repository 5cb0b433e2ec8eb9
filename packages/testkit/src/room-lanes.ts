// The write path of rooms on a test database, without HTTP: lanes, the door, and the verbs. Two of them on one database are two processes.
import { makeSigningKey } from '@pons/spec/crypto';
import type { RoomActionParts } from '../../homeserver/src/actions/room-action-parts.ts';
import { type Clock, systemClock } from '../../homeserver/src/platform/clock.ts';
import { systemRandom } from '../../homeserver/src/platform/random.ts';
import type { Requester } from '../../homeserver/src/platform/requester.ts';
import { createRoomLanes } from '../../homeserver/src/rooms/lanes.ts';
import type { RoomReadParts } from '../../homeserver/src/rooms/present-events.ts';
import type { Door } from '../../homeserver/src/storage/commit.ts';
import type { Database } from '../../homeserver/src/storage/database.ts';
import { type Committed, createDoor } from '../../homeserver/src/storage/group-commit.ts';
import { createNids } from '../../homeserver/src/storage/nids.ts';
import { createStateKeys } from '../../homeserver/src/storage/tables/state-keys.ts';

/** Name of the server in these tests. */
export const testServerName = 'pons.test';

/** Lanes, door and verbs as one process has them. */
export function testRoomLanes(
  db: Database,
  options: {
    readonly clock?: Clock;
    readonly parts?: Partial<RoomActionParts>;
    readonly serverName?: string;
    readonly onCommitted?: (committed: Committed) => void;
    /** Puts something between lanes and the door. */
    readonly wrap?: (door: Door) => Door;
  } = {},
): RoomActionParts & RoomReadParts & { readonly door: Door; readonly close: () => Promise<void> } {
  const { clock = systemClock, serverName = testServerName } = options;
  const door = createDoor(db, { clock, random: systemRandom, onCommitted: options.onCommitted ?? (() => {}) });
  const key = makeSigningKey('test', Buffer.alloc(32, 7));
  if (key === undefined) throw new Error('no signing key');
  const lanes = createRoomLanes({
    db,
    door: options.wrap?.(door) ?? door,
    clock,
    random: systemRandom,
    signer: { serverName, key },
    nextNid: createNids(db),
    internStateKeys: createStateKeys(db),
  });
  return {
    db,
    door,
    lanes,
    clock,
    serverName,
    defaultRoomVersion: '12',
    queryAlias: () => Promise.resolve(false),
    queryUser: () => Promise.resolve(false),
    speaksFor: () => Promise.resolve(true),
    nameOwners: { exclusiveOwner: () => undefined, covers: () => true, ownsRoomId: () => false },
    positionOfSync: () => undefined,
    ...options.parts,
    close: () => door.close(),
  };
}

/** A user of the test server. */
export function testUser(name: string, fields: Partial<Requester> = {}): Requester {
  return {
    userId: `@${name}:${testServerName}`,
    deviceId: name.toUpperCase(),
    admin: false,
    guest: false,
    rateLimited: true,
    ...fields,
  };
}
