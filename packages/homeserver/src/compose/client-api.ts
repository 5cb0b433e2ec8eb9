// What the client-server API is made of, family by family: domains and actions as its endpoints take them.

import { StoredFilters } from '../accounts/filters.ts';
import type { AccountRouteParts, ClientApiParts } from '../client-api/routes.ts';
import { directoryOfInstance } from '../appservices/network-instance.ts';
import { speaksFor } from '../appservices/speaks-for.ts';
import { EphemeralEvents } from '../ephemeral/ephemeral-events.ts';
import { ContentRepository } from '../media/content-repository.ts';
import type { FileStore } from '../media/file-store.ts';
import type { Config } from '../platform/config/schema.ts';
import { createLanes } from '../platform/lanes.ts';
import type { RoomLanes } from '../rooms/lanes.ts';
import { purgeToDevice } from '../storage/purge.ts';
import { sharingRooms } from '../storage/tables/device-lists.ts';
import { deviceListsBetween } from '../sync/device-lists-section.ts';
import { positionOfSinceToken } from '../sync/since-token.ts';
import { Sync } from '../sync/sync-response.ts';
import type { Appservices } from './appservices.ts';
import type { Ground } from './ground.ts';
import type { Storage } from './open-storage.ts';
import type { Stream } from './stream.ts';

/** What it stands on. */
export interface ClientApiOptions {
  readonly ground: Ground;
  readonly storage: Storage;
  readonly stream: Stream;
  readonly lanes: RoomLanes;
  readonly files: FileStore;
  readonly appservices: Appservices;
  readonly account: AccountRouteParts;
}

/** Account-data updates of one user that may wait. */
const ACCOUNT_UPDATES_WAITING_MAX = 1_000;

/** Puts the parts together. */
export function composeClientApi(config: Config, options: ClientApiOptions): ClientApiParts {
  const { account, appservices, files, lanes } = options;
  const { clock, random } = options.ground;
  const { db } = options.storage;
  const { door, typing, presence, news, keyCounts } = options.stream;
  const { serverName } = config;
  const now = () => clock.now();
  const uploadBytesMax = config.media.maxUploadBytes;
  const defaultRoomVersion = config.rooms.defaultVersion;
  return {
    account,
    accountData: { db, door, updates: createLanes(ACCOUNT_UPDATES_WAITING_MAX) },
    ephemeral: {
      db,
      door,
      now,
      serverName,
      typing,
      presence,
      ephemeralEvents: new EphemeralEvents({ db, door, now }),
      shareRoom: async (viewer, userId) => (await sharingRooms(db, viewer, [userId])).length > 0,
    },
    keys: {
      db,
      door,
      now,
      serverName,
      keyCounts,
      interactiveAuth: account.interactiveAuth,
      proxied: appservices.keys,
      positionOfSync: positionOfSinceToken,
      deviceLists: (userId, between) => deviceListsBetween(db, userId, between),
    },
    media: { repository: new ContentRepository({ db, files, clock, random, serverName, uploadBytesMax }) },
    rooms: {
      db,
      lanes,
      clock,
      serverName,
      defaultRoomVersion,
      queryAlias: appservices.queryAlias,
      queryUser: appservices.queryUser,
      speaksFor: (appserviceId, userId) => speaksFor({ db, registry: appservices.registry }, appserviceId, userId),
      nameOwners: appservices.namespaces,
      covers: (appserviceId, userId) => appservices.namespaces.covers(appserviceId, userId),
      positionOfSync: positionOfSinceToken,
      withoutLogin: config.publicRooms.withoutLogin,
      directoryOf: (instanceId) => directoryOfInstance(appservices.registry, instanceId),
    },
    server: {
      publicBaseUrl: config.publicBaseUrl,
      contact: config.admin.contact,
      defaultRoomVersion,
      deletesRooms: appservices.deletesRooms,
      now,
      ...config.voip,
    },
    sync: {
      db,
      presence,
      filters: new StoredFilters(db),
      sync: new Sync({
        db,
        clock,
        news,
        typing,
        presence,
        keyCounts,
        deleteToDevice: (device, upTo) => purgeToDevice(db, device, upTo),
      }),
    },
  };
}
