// The floor plan: the one place where the house is put together, from the ground up. Each part gets the parts below it as arguments and
// knows nothing of who uses it. Stopping goes the other way round: first nobody new comes in, last the database goes.

import { readFileSync } from 'node:fs';
import type { SigningKey } from '@pons/spec/crypto';
import { leaveAllRooms } from './actions/leave-all-rooms.ts';
import { ensureAccount, registerWithSharedSecret } from './actions/register-account.ts';
import { resetPassword } from './actions/reset-password.ts';
import { setProfile } from './actions/set-profile.ts';
import { updateMemberships } from './actions/update-memberships.ts';
import { roomAdminRoutes } from './admin-api/rooms.ts';
import { adminRoutes } from './admin-api/routes.ts';
import { appserviceRoutes } from './client-api/appservice/routes.ts';
import { clientRoutes } from './client-api/routes.ts';
import { type Accounts, composeAccounts } from './compose/accounts.ts';
import { appserviceOperatorRoutes } from './compose/appservice-operators.ts';
import { composeAppservices } from './compose/appservices.ts';
import { composeClientApi } from './compose/client-api.ts';
import { type Ground, type GroundOptions, layGround } from './compose/ground.ts';
import { openStorage, type Storage } from './compose/open-storage.ts';
import { composeDatabaseChecks } from './compose/database-checks.ts';
import { makeDataDir } from './compose/data-dir.ts';
import { firstSigningKey, readSigningKey } from './compose/own-key.ts';
import { resolveTokenBy } from './compose/resolve-token.ts';
import { openStream, type Stream } from './compose/stream.ts';
import type { ListenerInfo } from './http/listener.ts';
import { createRateLimiter } from './http/rate-limit.ts';
import type { Route } from './http/route.ts';
import { createHttpServer, type Upgrade } from './http/server.ts';
import { FileStore } from './media/file-store.ts';
import type { Config } from './platform/config/schema.ts';
import type { Log } from './platform/telemetry/log.ts';
import { createRoomLanes } from './rooms/lanes.ts';
import { createHousekeeping } from './stream/housekeeping.ts';
import { createRoomPurges } from './stream/purge-rooms.ts';
import { createNids } from './storage/nids.ts';
import { createStateKeys } from './storage/tables/state-keys.ts';
import { setNetworkRoom } from './storage/tables/appservice-rooms.ts';
import { databaseAnswers, databaseIsUsed, storedCounts } from './storage/tables/statistics.ts';

/** What a caller may bring along. */
export interface HomeserverOptions extends GroundOptions {
  /** WebSockets of others in this process: packages/pons brings `/_pons/try-it`. */
  readonly upgrades?: readonly Upgrade[];
  /** Folder of the console's built files. */
  readonly consoleDir?: string;
  /** Told of steps that may take a while. */
  readonly progress?: (text: string) => void;
}

/** A homeserver, put together. */
export interface Homeserver {
  /** Where it says what happens: for those who run beside it. */
  readonly log: Log;
  /** Opens the listeners and begins to deliver. @throws OperatorError */
  listen(): Promise<ListenerInfo[]>;
  /** Stops accepting, finishes what is in flight (10 s at most), closes the database. */
  stop(): Promise<void>;
  /** Makes an account with this password if there is none by that name. */
  ensureAccount(account: {
    localpart: string;
    password: string;
    admin: boolean;
  }): Promise<{ userId: string; created: boolean }>;
  /** Gives an account another password and ends its sessions; answers its user id. @throws MatrixError */
  resetPassword(account: { user: string; password: string }): Promise<string>;
}

/** How often sightings of devices are written. */
const LAST_SEEN_EVERY_MS = 60_000;

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/**
 * Puts a homeserver together: starts its database, brings it to the present schema, constructs every part. Nothing listens yet.
 *
 * @throws OperatorError when configuration or surroundings do not allow it
 */
export async function createHomeserver(config: Config, options: HomeserverOptions = {}): Promise<Homeserver> {
  const ground = await layGround(config, options);
  const { clock, log } = ground;
  makeDataDir(config.dataDir);
  // What is wrong with it is said before anything starts.
  const kept = readSigningKey(config.signingKeyFile);
  const storage = await openStorage(config, { clock, log, progress: options.progress ?? (() => {}) });
  const key = kept ?? (await firstKey(config, ground, storage));
  const stream = openStream(config, storage, ground);
  const house = build(config, { ground, storage, stream, key });
  const server = createHttpServer({
    listeners: config.listeners,
    routes: house.routes,
    upgrades: [house.appservices.websockets, ...(options.upgrades ?? [])],
    ...(options.consoleDir === undefined ? {} : { consoleFolder: options.consoleDir }),
    nextRequestId: requestIds(ground),
    around: {
      resolveToken: resolveTokenBy({ ...house, now: () => clock.now() }),
      rateLimiter: createRateLimiter(config.rateLimits, () => clock.monotonicMs()),
      log,
      metrics: ground.metrics,
      tracing: ground.tracing,
      monotonicMs: () => clock.monotonicMs(),
    },
  });
  const { appservices, files, lastSeen, activeUsers, purges } = house;
  // What cannot be written now is written next time.
  async function flushSightings(): Promise<void> {
    const written = await Promise.allSettled([lastSeen.flush(), activeUsers.flush()]);
    for (const one of written)
      if (one.status === 'rejected') log.warn({ err: one.reason }, 'who was seen was not written');
  }
  let sightings = clock.setTimer(LAST_SEEN_EVERY_MS, writeSightings);
  function writeSightings(): void {
    void flushSightings();
    sightings = clock.setTimer(LAST_SEEN_EVERY_MS, writeSightings);
  }
  const housekeeping = createHousekeeping({
    db: storage.db,
    leases: stream.leases,
    clock,
    failed: (error) => log.warn({ err: error }, 'housekeeping'),
  });
  const checks = composeDatabaseChecks(ground, storage, stream);
  return {
    log,
    async listen() {
      await files.prepare();
      await appservices.loader.load();
      await appservices.loader.watch();
      await stream.start();
      await appservices.websockets.start();
      await appservices.delivery.start();
      housekeeping.start();
      purges.start();
      checks.start();
      return server.listen();
    },
    async stop() {
      await appservices.websockets.stop();
      await server.stop();
      sightings.cancel();
      await checks.stop();
      await purges.stop();
      await housekeeping.stop();
      appservices.loader.stop();
      await appservices.delivery.stop();
      // With the database away there is no more to write, and still all the rest to stop.
      await flushSightings();
      await stream.stop();
      await storage.stop();
      await ground.stop();
    },
    ensureAccount: (account) => ensureAccount(house.accounts.routeParts, account),
    resetPassword: (account) => resetPassword(house.accounts.routeParts, account),
  };
}

async function firstKey({ signingKeyFile }: Config, { random }: Ground, storage: Storage): Promise<SigningKey> {
  try {
    return await firstSigningKey(signingKeyFile, { random, isUsed: () => databaseIsUsed(storage.db) });
  } catch (error) {
    await storage.stop();
    throw error;
  }
}

interface Foundations {
  readonly ground: Ground;
  readonly storage: Storage;
  readonly stream: Stream;
  readonly key: SigningKey;
}

/** Domains, readers, actions and routes on their foundations. */
function build(config: Config, foundations: Foundations) {
  const { ground, storage, stream, key } = foundations;
  const { clock } = ground;
  const { serverName } = config;
  const { db } = storage;
  const { door } = stream;
  const appservices = composeAppservices(config, ground, {
    db,
    leases: stream.leases,
    invalidations: stream.invalidations,
  });
  const lanes = createRoomLanes({
    db,
    door,
    clock,
    random: ground.random,
    signer: { serverName, key },
    nextNid: createNids(db),
    internStateKeys: createStateKeys(db),
    pool: ground.cpuPool,
  });
  const accounts = composeAccounts(config, ground, {
    db,
    door,
    invalidations: stream.invalidations,
    namespaces: appservices.namespaces,
    masquerading: appservices.masquerading,
    askAppservices: appservices.queryUser,
    updateMemberships: (userId, profile, trace) => updateMemberships({ db, lanes }, userId, profile, trace),
    userForgotten: (userId) => appservices.masquerading.forgetUser(userId),
    leaveAllRooms: (userId) => leaveAllRooms({ db, lanes }, userId),
    senderOf: (id) => appservices.registry.byId(id)?.sender,
  });
  stream.follow({ appservices, accessTokens: accounts.accessTokens });
  stream.invalidations.onInvalidated('room', (roomIds) => {
    for (const roomId of roomIds) lanes.forget(roomId);
  });
  const purges = createRoomPurges({
    ...stream,
    db,
    clock,
    appserviceIds: () => appservices.registry.all().map(({ id }) => id),
    forgetRoom: (roomId) => lanes.forget(roomId),
    failed: (error) => ground.log.warn({ err: error }, 'purging rooms'),
  });
  const files = new FileStore(config.media.dir, (size) => ground.random.bytes(size));
  const client = composeClientApi(config, {
    ...foundations,
    lanes,
    files,
    appservices,
    account: accounts.routeParts,
  });
  const routes = [
    ...clientRoutes(client),
    ...appserviceRoutes({
      ...appservices,
      clock,
      timeoutMs: config.appservices.requestTimeoutMs,
      setNetworkRoom: (room, listed) => setNetworkRoom(db, room, listed),
      imports: {
        ...client.rooms,
        receipts: client.ephemeral,
        namespaces: appservices.namespaces,
        masquerading: appservices.masquerading,
      },
      deletions: {
        db,
        purges,
        lanes,
        nameOwners: appservices.namespaces,
        deletesRooms: appservices.deletesRooms,
      },
    }),
    ...operatorRoutes(config, foundations, accounts),
    ...roomAdminRoutes({ purges, lanes }),
    ...appserviceOperatorRoutes(ground, {
      db,
      invalidations: stream.invalidations,
      lanes,
      appservices,
      account: accounts.routeParts,
      timeoutMs: config.appservices.requestTimeoutMs,
    }),
  ];
  return {
    appservices,
    accounts,
    accessTokens: accounts.accessTokens,
    lastSeen: accounts.lastSeen,
    activeUsers: accounts.activeUsers,
    files,
    purges,
    routes,
  };
}

function operatorRoutes(config: Config, { ground, storage: { db } }: Foundations, accounts: Accounts): Route[] {
  const { clock, metrics } = ground;
  const { serverName } = config;
  const startedMs = clock.monotonicMs();
  return adminRoutes({
    databaseAnswers: () => databaseAnswers(db),
    metrics,
    showsMetrics: config.telemetry.metrics,
    statistics: {
      serverName,
      version,
      counts: () => storedCounts(db),
      activeUsers: () => accounts.activeUsers.counts(),
      uptimeMs: () => clock.monotonicMs() - startedMs,
      eventLoopLagP99Ms: () => metrics.eventLoopLag().p99Ms,
      memoryBytes: () => process.memoryUsage.rss(),
    },
    sharedSecret: {
      serverName,
      issueNonce: () => accounts.nonces.issue(),
      register: (request) => registerWithSharedSecret(accounts.routeParts, request),
      setDisplayName: (userId, value) =>
        setProfile(
          accounts.routeParts,
          { userId, admin: false, guest: false, rateLimited: true },
          {
            userId,
            field: 'displayname',
            value,
          },
        ),
    },
  });
}

/** Ids that are short, in order, and different after a restart. */
function requestIds({ random }: Ground): () => string {
  const process = random.id(4);
  let count = 0;
  return () => `${process}-${((count += 1)).toString(36)}`;
}
