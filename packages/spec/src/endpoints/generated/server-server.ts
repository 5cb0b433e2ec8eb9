// Made by scripts/generate-endpoints from data/api/server-server of the Matrix specification v1.19. Not edited by hand.
import { backfillRoom, getMissingPreviousEvents } from './server-server/backfill.ts';
import { getContent, getContentThumbnail } from './server-server/content_repository.ts';
import { getEventAuth } from './server-server/event_auth.ts';
import { getRoomState, getRoomStateIds, getEvent, getEventByTimestamp } from './server-server/events.ts';
import { sendInviteV1 } from './server-server/invites-v1.ts';
import { sendInviteV2 } from './server-server/invites-v2.ts';
import { makeJoin } from './server-server/joins-v1.ts';
import { sendJoinV2 } from './server-server/joins-v2.ts';
import { perspectivesKeyQuery, bulkPerspectivesKeyQuery } from './server-server/keys_query.ts';
import { getServerKey } from './server-server/keys_server.ts';
import { makeKnock, sendKnock } from './server-server/knocks.ts';
import { makeLeave } from './server-server/leaving-v1.ts';
import { sendLeaveV2 } from './server-server/leaving-v2.ts';
import { exchangeOpenIdToken } from './server-server/openid.ts';
import { getPublicRooms, queryPublicRooms } from './server-server/public_rooms.ts';
import { queryInfo, queryRoomDirectory, queryProfile } from './server-server/query.ts';
import { askPolicyServerToSign } from './server-server/room_policy.ts';
import { getSpaceHierarchy } from './server-server/space_hierarchy.ts';
import { exchangeThirdPartyInvite, onBindThirdPartyIdentifier } from './server-server/third_party_invite.ts';
import { sendTransaction } from './server-server/transactions.ts';
import { getUserDevices } from './server-server/user_devices.ts';
import { claimUserEncryptionKeys, queryUserEncryptionKeys } from './server-server/user_keys.ts';
import { getVersion } from './server-server/version.ts';
import { getWellKnown } from './server-server/wellknown.ts';

/** The server-server API, by operation. */
export const federationEndpoints = {
  backfillRoom,
  getMissingPreviousEvents,
  getContent,
  getContentThumbnail,
  getEventAuth,
  getRoomState,
  getRoomStateIds,
  getEvent,
  getEventByTimestamp,
  sendInviteV1,
  sendInviteV2,
  makeJoin,
  sendJoinV2,
  perspectivesKeyQuery,
  bulkPerspectivesKeyQuery,
  getServerKey,
  makeKnock,
  sendKnock,
  makeLeave,
  sendLeaveV2,
  exchangeOpenIdToken,
  getPublicRooms,
  queryPublicRooms,
  queryInfo,
  queryRoomDirectory,
  queryProfile,
  askPolicyServerToSign,
  getSpaceHierarchy,
  exchangeThirdPartyInvite,
  onBindThirdPartyIdentifier,
  sendTransaction,
  getUserDevices,
  claimUserEncryptionKeys,
  queryUserEncryptionKeys,
  getVersion,
  getWellKnown,
} as const;
