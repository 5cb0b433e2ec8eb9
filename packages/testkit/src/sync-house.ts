// Accounts, rooms and /sync on a test database, without HTTP: what one process has of them. News of the door reach the waiting clients
// as they do in a server.
import { AccessTokens } from '../../homeserver/src/accounts/access-tokens.ts';
import { InteractiveAuth } from '../../homeserver/src/accounts/interactive-auth.ts';
import { Passwords } from '../../homeserver/src/accounts/passwords.ts';
import { RegistrationNonces } from '../../homeserver/src/accounts/registration-nonces.ts';
import { isRegistrationTokenValid } from '../../homeserver/src/accounts/registration-tokens.ts';
import { parseFilter } from '../../homeserver/src/accounts/filters.ts';
import { verifyPassword } from '../../homeserver/src/actions/log-in.ts';
import type { RegisterParts } from '../../homeserver/src/actions/register-account.ts';
import { KeyCountMemory } from '../../homeserver/src/e2ee/key-counts.ts';
import { Presence } from '../../homeserver/src/ephemeral/presence.ts';
import { Typing } from '../../homeserver/src/ephemeral/typing.ts';
import { type Clock, systemClock } from '../../homeserver/src/platform/clock.ts';
import { createLanes } from '../../homeserver/src/platform/lanes.ts';
import { systemRandom } from '../../homeserver/src/platform/random.ts';
import { purgeToDevice } from '../../homeserver/src/storage/purge.ts';
import { joinedRoomNidsOf } from '../../homeserver/src/storage/tables/room-members.ts';
import { parseSinceToken } from '../../homeserver/src/sync/since-token.ts';
import { Sync } from '../../homeserver/src/sync/sync-response.ts';
import type { SyncRequest } from '../../homeserver/src/sync/sync-request.ts';
import { NewsIndex } from '../../homeserver/src/sync/wait-for-news.ts';
import type { JsonObject } from '@pons/spec';
import { type TestDatabase, testDatabase } from './database.ts';
import { testRoomLanes, testServerName } from './room-lanes.ts';

/** What a test says of a /sync. */
export type SyncOptions = Partial<Omit<SyncRequest, 'userId' | 'since' | 'filter'>> & {
  readonly since?: string;
  readonly filter?: JsonObject;
};

/** Everything of one process that accounts and /sync are made of. */
export async function syncHouse(options: { readonly clock?: Clock; readonly database?: TestDatabase } = {}) {
  const database = options.database ?? (await testDatabase());
  const { db } = database;
  const clock = options.clock ?? systemClock;
  const now = () => clock.now();
  const randomBytes = (size: number) => systemRandom.bytes(size);
  const news = new NewsIndex(clock);
  const rooms = testRoomLanes(db, {
    clock,
    onCommitted: ({ last, roomNids, userIds, commits }) =>
      news.heard({ position: last, roomNids, userIds, here: { commits, toldUpTo: last } }),
  });
  const typing = new Typing({ clock, publish: () => {} });
  typing.onChange((roomNid) => news.heardOfRoom(roomNid));
  const presence = new Presence({ clock, publish: () => {}, roomsOf: (userId) => joinedRoomNidsOf(db, userId) });
  presence.onChange((_userId, roomNids) => {
    for (const roomNid of roomNids) news.heardOfRoom(roomNid);
  });
  const invalidated: string[] = [];
  const accessTokens = new AccessTokens({
    db,
    now,
    randomBytes,
    isAdmin: () => false,
    invalidations: {
      isCurrent: () => true,
      invalidate: (_tx, kind, keys) => {
        for (const key of keys) invalidated.push(`${kind} ${key}`);
        return Promise.resolve();
      },
    },
  });
  const passwords = new Passwords('low', randomBytes);
  const interactiveAuth = new InteractiveAuth({
    now,
    randomBytes,
    serverName: testServerName,
    verifyPassword: (userId, password) => verifyPassword({ db, passwords }, userId, password),
    isRegistrationTokenValid: (token) => isRegistrationTokenValid(db, token, now()),
  });
  const accounts: RegisterParts = {
    db,
    door: rooms.door,
    accessTokens,
    now,
    randomBytes,
    serverName: testServerName,
    passwords,
    interactiveAuth,
    namespaces: {
      exclusiveOwner: (id) => (id.startsWith('@_irc_') ? 'irc' : undefined),
      managesDevices: () => false,
      covers: (appserviceId, id) => appserviceId === 'irc' && id.startsWith('@_irc_'),
    },
    masquerading: { registering: () => () => {} },
    registration: { mode: 'open', sharedSecret: 'shared' },
    nonces: new RegistrationNonces(now, randomBytes),
  };
  const deleteToDevice = (device: { userId: string; deviceId: string }, upTo: number) =>
    purgeToDevice(db, device, upTo);
  const keyCounts = new KeyCountMemory({ db, clock, publish: () => {} });
  const sync = new Sync({ db, clock, news, typing, presence, keyCounts, deleteToDevice });
  return {
    ...rooms,
    news,
    typing,
    presence,
    keyCounts,
    accounts,
    invalidated,
    accountData: { db, door: rooms.door, updates: createLanes<string>(100) },
    receipts: { db, door: rooms.door, now },
    toDevice: { db, door: rooms.door, now, serverName: testServerName },
    keys: { db, door: rooms.door, now, serverName: testServerName, keyCounts, interactiveAuth },
    /** One /sync, by default without waiting. */
    sync: (userId: string, { since, filter, ...others }: SyncOptions = {}): Promise<SyncBody> => {
      const token = since === undefined ? undefined : parseSinceToken(since);
      if (since !== undefined && token === undefined) throw new Error(`no token: ${since}`);
      return sync.respond({
        userId,
        deviceId: 'PHONE',
        ...(token === undefined ? {} : { since: token }),
        filter: parseFilter(filter ?? {}),
        fullState: false,
        useStateAfter: false,
        timeoutMs: 0,
        signal: AbortSignal.timeout(60_000),
        ...others,
      }) as Promise<unknown> as Promise<SyncBody>;
    },
    close: async () => {
      typing.close();
      presence.close();
      await rooms.close();
      if (options.database === undefined) await database.drop();
    },
  };
}

export type SyncHouse = Awaited<ReturnType<typeof syncHouse>>;

/** An event in a response. */
export type SyncEvent = {
  readonly type: string;
  readonly sender: string;
  readonly state_key?: string;
  readonly content: JsonObject;
  readonly event_id: string;
  readonly unsigned?: JsonObject;
};

/** A room in a response. */
export type SyncRoom = {
  readonly timeline: { readonly events: readonly SyncEvent[]; readonly limited: boolean; readonly prev_batch: string };
  readonly state?: { readonly events: readonly SyncEvent[] };
  readonly state_after?: { readonly events: readonly SyncEvent[] };
  readonly summary: JsonObject;
  readonly ephemeral: { readonly events: readonly SyncEvent[] };
  readonly account_data: { readonly events: readonly SyncEvent[] };
};

/** A response of /sync, as far as tests look at it. */
export type SyncBody = {
  readonly next_batch: string;
  readonly rooms?: {
    readonly join?: Readonly<Record<string, SyncRoom>>;
    readonly leave?: Readonly<Record<string, SyncRoom>>;
    readonly invite?: Readonly<Record<string, { readonly invite_state: { readonly events: readonly SyncEvent[] } }>>;
    readonly knock?: Readonly<Record<string, { readonly knock_state: { readonly events: readonly SyncEvent[] } }>>;
  };
  readonly account_data?: { readonly events: readonly SyncEvent[] };
  readonly to_device?: { readonly events: readonly SyncEvent[] };
  readonly device_lists?: { readonly changed: readonly string[]; readonly left: readonly string[] };
};
