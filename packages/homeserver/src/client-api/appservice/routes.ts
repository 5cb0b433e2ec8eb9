// The client-server endpoints that exist for application services, and those by which clients see their networks.

import type { BatchSendParts } from '../../actions/batch-send.ts';
import type { BulkGhostsParts } from '../../actions/bulk-ghosts.ts';
import type { DeleteOwnRoomParts } from '../../actions/delete-own-room.ts';
import type { ThirdParty } from '../../appservice-delivery/third-party.ts';
import type { Route } from '../../http/route.ts';
import { type NetworkDirectoryParts, putNetworkRoom } from './appservice-directory.ts';
import { batchSendRoute } from './batch-send.ts';
import { bulkGhostsRoute } from './bulk-ghosts.ts';
import { deleteOwnRoomRoute } from './delete-own-room.ts';
import { pingRoute, type PingRouteParts } from './ping.ts';
import { thirdPartyRoutes } from './third-party-networks.ts';

/** What they need of the house. */
export interface AppserviceRouteParts extends PingRouteParts, NetworkDirectoryParts {
  readonly thirdParty: ThirdParty;
  readonly imports: BatchSendParts & BulkGhostsParts;
  readonly deletions: DeleteOwnRoomParts;
}

/** All of them. */
export function appserviceRoutes(parts: AppserviceRouteParts): Route[] {
  return [
    pingRoute(parts),
    putNetworkRoom(parts),
    batchSendRoute(parts.imports),
    bulkGhostsRoute(parts.imports),
    deleteOwnRoomRoute(parts.deletions),
    ...thirdPartyRoutes(parts.thirdParty),
  ];
}
