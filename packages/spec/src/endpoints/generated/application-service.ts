// Made by scripts/generate-endpoints from data/api/application-service of the Matrix specification v1.19. Not edited by hand.
import { ping } from './application-service/ping.ts';
import { getProtocolMetadata, queryUserByProtocol, queryLocationByProtocol, queryLocationByAlias, queryUserByID } from './application-service/protocols.ts';
import { queryRoomByAlias } from './application-service/query_room.ts';
import { queryUserById } from './application-service/query_user.ts';
import { sendTransaction } from './application-service/transactions.ts';

/** The application-service API, by operation. */
export const appserviceEndpoints = {
  ping,
  getProtocolMetadata,
  queryUserByProtocol,
  queryLocationByProtocol,
  queryLocationByAlias,
  queryUserByID,
  queryRoomByAlias,
  queryUserById,
  sendTransaction,
} as const;
