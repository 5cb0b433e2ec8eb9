// The write path of rooms on a test database, without HTTP: lanes, the door, and the verbs. Two of them on one database are two processes.
import { makeSigningKey } from '@pons/spec/crypto';
import type { RoomActionParts } from '../../homeserver/src/actions/room-action-parts.ts';
import { type Clock, systemClock } from '../../homeserver/src/platform/clock.ts';
import { systemRandom } from '../../homeserver/src/platform/random.ts';
import type { Requester } from '../../homeserver/src/platform/requester.ts';
import { createRoomLanes } from '../../homeserver/src/rooms/lanes.ts';
import type { RoomReadParts } from '../../homeserver/src/rooms/present-events.ts';
import type { Database } from '../../homeserver/src/storage/database.ts';
import { createDoor } from '../../homeserver/src/storage/group-commit.ts';

/** Name of the server in these tests. */
export const testServerName = 'pons.test';

/** Lanes, door and verbs as one process has them. */
export function testRoomLanes(
  db: Database,
  options: { readonly clock?: Clock; readonly parts?: Partial<RoomActionParts> } = {},
): RoomActionParts & RoomReadParts & { readonly close: () => Promise<void> } {
  const clock = options.clock ?? systemClock;
  const door = createDoor(db, { clock, random: systemRandom, onCommitted: () => {} });
  const key = makeSigningKey('test', Buffer.alloc(32, 7));
  if (key === undefined) throw new Error('no signing key');
  const lanes = createRoomLanes({
    db,
    door,
    clock,
    random: systemRandom,
    signer: { serverName: testServerName, key },
    ...numbering(db),
  });
  return {
    db,
    lanes,
    clock,
    serverName: testServerName,
    defaultRoomVersion: '12',
    queryAlias: () => Promise.resolve(false),
    queryUser: () => Promise.resolve(false),
    aliasNamespaces: { exclusiveOwner: () => undefined },
    positionOfSync: () => undefined,
    ...options.parts,
    close: () => door.close(),
  };
}

function numbering(db: Database) {
  let next = 0;
  let last = 0;
  return {
    nextNid: async () => {
      if (next >= last) {
        const [row] = await db.query<{ first: number }>({ name: 'test.nids', text: `select nextval('nids') as first` });
        next = row?.first ?? 0;
        last = next + 1_000;
      }
      return next++;
    },
    internStateKeys: async (keys: readonly { readonly type: string; readonly stateKey: string }[]) => {
      const numbers: number[] = [];
      for (const { type, stateKey } of keys) {
        const [row] = await db.query<{ nid: number }>(
          {
            name: 'test.intern',
            text: `with added as (insert into state_keys (type, state_key) values ($1, $2) on conflict do nothing returning key_nid)
              select key_nid as nid from added union all
              select key_nid from state_keys where type = $1 and state_key = $2 limit 1`,
          },
          [type, stateKey],
        );
        numbers.push(row?.nid ?? 0);
      }
      return numbers;
    },
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
