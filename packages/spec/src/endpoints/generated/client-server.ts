// Made by scripts/generate-endpoints from data/api/client-server of the Matrix specification v1.19. Not edited by hand.
import { getAccountData, setAccountData, getAccountDataPerRoom, setAccountDataPerRoom } from './client-server/account-data.ts';
import { deactivateAccount } from './client-server/account_deactivation.ts';
import { getWhoIs, getAdminSuspendUser, setAdminSuspendUser, getAdminLockUser, setAdminLockUser } from './client-server/admin.ts';
import { getAccount3PIDs, post3PIDs, add3PID, bind3PID, delete3pidFromAccount, unbind3pidFromAccount, requestTokenTo3PIDEmail, requestTokenTo3PIDMSISDN } from './client-server/administrative_contact.ts';
import { pingAppservice } from './client-server/appservice_ping.ts';
import { updateAppserviceRoomDirectoryVisibility } from './client-server/appservice_room_directory.ts';
import { getContentAuthed, getContentOverrideNameAuthed, getContentThumbnailAuthed, getUrlPreviewAuthed, getConfigAuthed } from './client-server/authed-content-repo.ts';
import { ban, unban } from './client-server/banning.ts';
import { getCapabilities } from './client-server/capabilities.ts';
import { uploadContent, uploadContentToMXC, createContent, getContent, getContentOverrideName, getContentThumbnail, getUrlPreview, getConfig } from './client-server/content-repo.ts';
import { createRoom } from './client-server/create_room.ts';
import { uploadCrossSigningKeys, uploadCrossSigningSignatures } from './client-server/cross_signing.ts';
import { getDevices, getDevice, updateDevice, deleteDevice, deleteDevices } from './client-server/device_management.ts';
import { getRoomIdByAlias, setRoomAlias, deleteRoomAlias, getLocalAliases } from './client-server/directory.ts';
import { getEventContext } from './client-server/event_context.ts';
import { defineFilter, getFilter } from './client-server/filter.ts';
import { inviteUser } from './client-server/inviting.ts';
import { joinRoomById, joinRoom } from './client-server/joining.ts';
import { getRoomKeysVersionCurrent, postRoomKeysVersion, getRoomKeysVersion, putRoomKeysVersion, deleteRoomKeysVersion, getRoomKeyBySessionId, putRoomKeyBySessionId, deleteRoomKeyBySessionId, getRoomKeysByRoomId, putRoomKeysByRoomId, deleteRoomKeysByRoomId, getRoomKeys, putRoomKeys, deleteRoomKeys } from './client-server/key_backup.ts';
import { uploadKeys, queryKeys, claimKeys, getKeysChanges } from './client-server/keys.ts';
import { kick } from './client-server/kicking.ts';
import { knockRoom } from './client-server/knocking.ts';
import { leaveRoom, forgetRoom } from './client-server/leaving.ts';
import { getJoinedRooms } from './client-server/list_joined_rooms.ts';
import { getRoomVisibilityOnDirectory, setRoomVisibilityOnDirectory, getPublicRooms, queryPublicRooms } from './client-server/list_public_rooms.ts';
import { getLoginFlows, login } from './client-server/login.ts';
import { generateLoginToken } from './client-server/login_token.ts';
import { logout, logout_all } from './client-server/logout.ts';
import { getRoomEvents } from './client-server/message_pagination.ts';
import { getMutualRooms } from './client-server/mutual_rooms.ts';
import { getNotifications } from './client-server/notifications.ts';
import { getAuthMetadata } from './client-server/oauth_server_metadata.ts';
import { getEvents, initialSync, getOneEvent } from './client-server/old_sync.ts';
import { requestOpenIdToken } from './client-server/openid.ts';
import { changePassword, requestTokenToResetPasswordEmail, requestTokenToResetPasswordMSISDN } from './client-server/password_management.ts';
import { peekEvents } from './client-server/peeking_events.ts';
import { getWellknownPolicy } from './client-server/policy_server.ts';
import { getPresence, setPresence } from './client-server/presence.ts';
import { getProfileField, setProfileField, deleteProfileField, getUserProfile } from './client-server/profile.ts';
import { getPushers, postPusher } from './client-server/pusher.ts';
import { getPushRules, getPushRulesGlobal, getPushRule, setPushRule, deletePushRule, isPushRuleEnabled, setPushRuleEnabled, getPushRuleActions, setPushRuleActions } from './client-server/pushrules.ts';
import { setReadMarker } from './client-server/read_markers.ts';
import { postReceipt } from './client-server/receipts.ts';
import { redactEvent } from './client-server/redaction.ts';
import { refresh } from './client-server/refresh.ts';
import { register, requestTokenToRegisterEmail, requestTokenToRegisterMSISDN, checkUsernameAvailability } from './client-server/registration.ts';
import { registrationTokenValidity } from './client-server/registration_tokens.ts';
import { getRelatingEvents, getRelatingEventsWithRelType, getRelatingEventsWithRelTypeAndEventType } from './client-server/relations.ts';
import { reportRoom, reportEvent, reportUser } from './client-server/report_content.ts';
import { getEventByTimestamp } from './client-server/room_event_by_timestamp.ts';
import { roomInitialSync } from './client-server/room_initial_sync.ts';
import { sendMessage } from './client-server/room_send.ts';
import { setRoomStateWithKey } from './client-server/room_state.ts';
import { getRoomSummary } from './client-server/room_summary.ts';
import { upgradeRoom } from './client-server/room_upgrades.ts';
import { getOneRoomEvent, getRoomStateWithKey, getRoomState, getMembersByRoom, getJoinedMembersByRoom } from './client-server/rooms.ts';
import { search } from './client-server/search.ts';
import { getSpaceHierarchy } from './client-server/space_hierarchy.ts';
import { redirectToSSO, redirectToIdP } from './client-server/sso_login_redirect.ts';
import { getWellknownSupport } from './client-server/support.ts';
import { sync } from './client-server/sync.ts';
import { getRoomTags, setRoomTag, deleteRoomTag } from './client-server/tags.ts';
import { getProtocols, getProtocolMetadata, queryLocationByProtocol, queryUserByProtocol, queryLocationByAlias, queryUserByID } from './client-server/third_party_lookup.ts';
import { inviteBy3PID } from './client-server/third_party_membership.ts';
import { getThreadRoots } from './client-server/threads_list.ts';
import { sendToDevice } from './client-server/to_device.ts';
import { setTyping } from './client-server/typing.ts';
import { searchUserDirectory } from './client-server/users.ts';
import { getVersions } from './client-server/versions.ts';
import { getTurnServer } from './client-server/voip.ts';
import { getWellknown } from './client-server/wellknown.ts';
import { getTokenOwner } from './client-server/whoami.ts';

/** The client-server API, by operation. */
export const endpoints = {
  getAccountData,
  setAccountData,
  getAccountDataPerRoom,
  setAccountDataPerRoom,
  deactivateAccount,
  getWhoIs,
  getAdminSuspendUser,
  setAdminSuspendUser,
  getAdminLockUser,
  setAdminLockUser,
  getAccount3PIDs,
  post3PIDs,
  add3PID,
  bind3PID,
  delete3pidFromAccount,
  unbind3pidFromAccount,
  requestTokenTo3PIDEmail,
  requestTokenTo3PIDMSISDN,
  pingAppservice,
  updateAppserviceRoomDirectoryVisibility,
  getContentAuthed,
  getContentOverrideNameAuthed,
  getContentThumbnailAuthed,
  getUrlPreviewAuthed,
  getConfigAuthed,
  ban,
  unban,
  getCapabilities,
  uploadContent,
  uploadContentToMXC,
  createContent,
  getContent,
  getContentOverrideName,
  getContentThumbnail,
  getUrlPreview,
  getConfig,
  createRoom,
  uploadCrossSigningKeys,
  uploadCrossSigningSignatures,
  getDevices,
  getDevice,
  updateDevice,
  deleteDevice,
  deleteDevices,
  getRoomIdByAlias,
  setRoomAlias,
  deleteRoomAlias,
  getLocalAliases,
  getEventContext,
  defineFilter,
  getFilter,
  inviteUser,
  joinRoomById,
  joinRoom,
  getRoomKeysVersionCurrent,
  postRoomKeysVersion,
  getRoomKeysVersion,
  putRoomKeysVersion,
  deleteRoomKeysVersion,
  getRoomKeyBySessionId,
  putRoomKeyBySessionId,
  deleteRoomKeyBySessionId,
  getRoomKeysByRoomId,
  putRoomKeysByRoomId,
  deleteRoomKeysByRoomId,
  getRoomKeys,
  putRoomKeys,
  deleteRoomKeys,
  uploadKeys,
  queryKeys,
  claimKeys,
  getKeysChanges,
  kick,
  knockRoom,
  leaveRoom,
  forgetRoom,
  getJoinedRooms,
  getRoomVisibilityOnDirectory,
  setRoomVisibilityOnDirectory,
  getPublicRooms,
  queryPublicRooms,
  getLoginFlows,
  login,
  generateLoginToken,
  logout,
  logout_all,
  getRoomEvents,
  getMutualRooms,
  getNotifications,
  getAuthMetadata,
  getEvents,
  initialSync,
  getOneEvent,
  requestOpenIdToken,
  changePassword,
  requestTokenToResetPasswordEmail,
  requestTokenToResetPasswordMSISDN,
  peekEvents,
  getWellknownPolicy,
  getPresence,
  setPresence,
  getProfileField,
  setProfileField,
  deleteProfileField,
  getUserProfile,
  getPushers,
  postPusher,
  getPushRules,
  getPushRulesGlobal,
  getPushRule,
  setPushRule,
  deletePushRule,
  isPushRuleEnabled,
  setPushRuleEnabled,
  getPushRuleActions,
  setPushRuleActions,
  setReadMarker,
  postReceipt,
  redactEvent,
  refresh,
  register,
  requestTokenToRegisterEmail,
  requestTokenToRegisterMSISDN,
  checkUsernameAvailability,
  registrationTokenValidity,
  getRelatingEvents,
  getRelatingEventsWithRelType,
  getRelatingEventsWithRelTypeAndEventType,
  reportRoom,
  reportEvent,
  reportUser,
  getEventByTimestamp,
  roomInitialSync,
  sendMessage,
  setRoomStateWithKey,
  getRoomSummary,
  upgradeRoom,
  getOneRoomEvent,
  getRoomStateWithKey,
  getRoomState,
  getMembersByRoom,
  getJoinedMembersByRoom,
  search,
  getSpaceHierarchy,
  redirectToSSO,
  redirectToIdP,
  getWellknownSupport,
  sync,
  getRoomTags,
  setRoomTag,
  deleteRoomTag,
  getProtocols,
  getProtocolMetadata,
  queryLocationByProtocol,
  queryUserByProtocol,
  queryLocationByAlias,
  queryUserByID,
  inviteBy3PID,
  getThreadRoots,
  sendToDevice,
  setTyping,
  searchUserDirectory,
  getVersions,
  getTurnServer,
  getWellknown,
  getTokenOwner,
} as const;
