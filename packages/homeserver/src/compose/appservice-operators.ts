// What operators, people and application services themselves do with registrations while the server runs: the routes and their parts.

import { endConsentsTo } from '../actions/appservice-consent.ts';
import { appserviceAdminRoutes } from '../admin-api/appservices.ts';
import { deliveryAdminRoutes } from '../admin-api/deliveries.ts';
import { registryAdminRoutes } from '../admin-api/appservices-registry.ts';
import { ghostRoutes } from '../admin-api/ghosts.ts';
import { journeyOf } from '../appservice-delivery/journey.ts';
import { createOperations } from '../appservice-delivery/operate.ts';
import { orphanOwners } from '../appservices/ghosts.ts';
import { createLiveRegistrations } from '../appservices/live-registrations.ts';
import { consentRoutes } from '../client-api/appservice/consent.ts';
import { narrowedTokenRoute } from '../client-api/appservice/narrowed-token.ts';
import type { AccountRouteParts } from '../client-api/routes.ts';
import type { Route } from '../http/route.ts';
import { MatrixError } from '@pons/spec';
import type { RoomLanes } from '../rooms/lanes.ts';
import type { Database } from '../storage/database.ts';
import type { Appservices } from './appservices.ts';
import type { Ground } from './ground.ts';
import type { Stream } from './stream.ts';

/** What they stand on. */
export interface AppserviceOperatorsOptions {
  readonly db: Database;
  readonly invalidations: Stream['invalidations'];
  readonly lanes: RoomLanes;
  readonly appservices: Appservices;
  readonly account: AccountRouteParts;
  /** Of a ping. */
  readonly timeoutMs: number;
}

/** All of these routes. */
export function appserviceOperatorRoutes({ clock, random }: Ground, options: AppserviceOperatorsOptions): Route[] {
  const { db, invalidations, lanes, account } = options;
  const { registry, loader, delivery, websockets, memory, call } = options.appservices;
  const live = createLiveRegistrations({ db, registry, loader, clock, random, invalidations });
  return [
    ...appserviceAdminRoutes({
      registry,
      status: (id) => delivery.status(id),
      isConnected: (id) => websockets.connected(id),
      operations: createOperations({ db, clock, registry, delivery, memory, invalidations }),
      refused: () => loader.lastReport().complaints,
      removed: () => orphanOwners(db, (id) => registry.byId(id) !== undefined),
    }),
    ...deliveryAdminRoutes({
      registry,
      memory,
      ping: { call, clock, timeoutMs: options.timeoutMs },
      journey: (roomId, eventId) =>
        journeyOf({ db, clock, registry, memory, status: (id) => delivery.status(id) }, roomId, eventId),
    }),
    ...registryAdminRoutes({ registry, live, clock, endConsents: (id) => endConsentsTo(account, id) }),
    ...ghostRoutes({
      ...account,
      registry,
      async removeAlias(alias, roomId) {
        try {
          await lanes.propose({ roomId, drafts: [], aliasesRemoved: [alias] });
        } catch (error) {
          // Too busy, or taken back in between: it is still listed, or gone.
          if (!(error instanceof MatrixError)) throw error;
        }
      },
    }),
    narrowedTokenRoute({ registry, clock }),
    ...consentRoutes({ ...account, registry }),
  ];
}
