// Every route of the client-server API, listed by family.

import type { ChangePasswordParts } from '../actions/change-password.ts';
import type { DeactivateParts } from '../actions/deactivate-account.ts';
import type { DeleteDevicesParts } from '../actions/delete-device.ts';
import type { LogInParts } from '../actions/log-in.ts';
import type { ModerateAccountParts } from '../actions/moderate-account.ts';
import type { RegisterParts } from '../actions/register-account.ts';
import type { SendEphemeralEventParts } from '../actions/send-ephemeral-event.ts';
import type { SetProfileParts } from '../actions/set-profile.ts';
import type { AccountDataParts } from '../accounts/account-data.ts';
import type { ReceiptsParts } from '../ephemeral/receipts.ts';
import type { ToDeviceParts } from '../ephemeral/to-device.ts';
import type { Route } from '../http/route.ts';
import {
  getGlobalAccountData,
  getRoomAccountData,
  setGlobalAccountData,
  setRoomAccountData,
} from './account-data/account-data.ts';
import { deleteRoomTag, getRoomTags, setRoomTag } from './account-data/tags.ts';
import { changePasswordRoute } from './account/change-password.ts';
import { deactivate } from './account/deactivate.ts';
import { login, loginFlows } from './account/login.ts';
import { logout, logoutAll } from './account/logout.ts';
import { refresh } from './account/refresh.ts';
import { register, registerAvailable, registrationTokenValidity } from './account/register.ts';
import { whoami } from './account/whoami.ts';
import { accountModerationRoutes } from './admin/moderate-account.ts';
import { deleteManyDevices, deleteOneDevice } from './devices/delete-device.ts';
import { getDevices, getOneDevice } from './devices/get-devices.ts';
import { putDevice } from './devices/update-device.ts';
import { getPresence, notingDeeds, type PresenceRouteParts, putPresence } from './ephemeral/presence.ts';
import { putEphemeralEvent } from './ephemeral/send-ephemeral-event.ts';
import { setReadMarker } from './ephemeral/read-markers.ts';
import { postReceipt } from './ephemeral/receipts.ts';
import { putToDevice } from './ephemeral/send-to-device.ts';
import { setTyping, type TypingRouteParts } from './ephemeral/typing.ts';
import { type KeysRouteParts, keysRoutes } from './keys/routes.ts';
import { downloads, frozenDownloads, mediaConfig } from './media/download.ts';
import { thumbnail } from './media/thumbnail.ts';
import { createContent, fillContent, type MediaParts, uploadContent } from './media/upload.ts';
import { type GetProfileParts, getProfileField, getWholeProfile } from './profile/get-profile.ts';
import { deleteProfileField, setProfileField } from './profile/set-profile.ts';
import { pushRuleRoutes } from './push/push-rules.ts';
import { type RoomRouteParts, roomRoutes } from './rooms/routes.ts';
import { getCapabilities } from './server/capabilities.ts';
import { getTurnServer, type TurnParts } from './server/turn-server.ts';
import { getVersions, type VersionsParts } from './server/versions.ts';
import { type WellKnownParts, wellKnownRoutes } from './server/well-known.ts';
import { type FilterParts, getOneFilter, postFilter } from './sync/filter.ts';
import { oldSyncRoutes } from './sync/old-sync.ts';
import { type SyncRouteParts, syncRoute } from './sync/sync.ts';

/** What the accounts' endpoints need of the house. */
export type AccountRouteParts = RegisterParts &
  LogInParts &
  ChangePasswordParts &
  DeactivateParts &
  DeleteDevicesParts &
  ModerateAccountParts &
  GetProfileParts &
  SetProfileParts;

/** What all of it needs of the house. */
export interface ClientApiParts {
  readonly account: AccountRouteParts;
  readonly accountData: AccountDataParts;
  readonly ephemeral: ReceiptsParts & ToDeviceParts & TypingRouteParts & PresenceRouteParts & SendEphemeralEventParts;
  readonly keys: KeysRouteParts;
  readonly media: MediaParts;
  readonly rooms: RoomRouteParts;
  readonly server: WellKnownParts & TurnParts & VersionsParts & { readonly defaultRoomVersion: string };
  readonly sync: SyncRouteParts & FilterParts;
}

/** Every route but those of application services. */
export function clientRoutes(parts: ClientApiParts): Route[] {
  return notingDeeds(parts.ephemeral.presence, [
    ...serverRoutes(parts.server),
    ...accountRoutes(parts.account),
    ...accountDataRoutes(parts.accountData),
    ...ephemeralRoutes(parts.ephemeral),
    ...keysRoutes(parts.keys),
    ...mediaRoutes(parts.media),
    ...roomRoutes(parts.rooms),
    postFilter(parts.sync),
    getOneFilter(parts.sync),
    syncRoute(parts.sync),
    ...oldSyncRoutes(parts.sync),
  ]);
}

function serverRoutes(parts: ClientApiParts['server']): Route[] {
  return [getVersions(parts), getCapabilities(parts), getTurnServer(parts), ...wellKnownRoutes(parts)];
}

function accountRoutes(parts: AccountRouteParts): Route[] {
  return [
    register(parts),
    registerAvailable(parts),
    registrationTokenValidity(parts),
    loginFlows(),
    login(parts),
    logout(parts),
    logoutAll(parts),
    refresh(parts),
    whoami(),
    changePasswordRoute(parts),
    deactivate(parts),
    getDevices(parts),
    getOneDevice(parts),
    putDevice(parts),
    deleteOneDevice(parts),
    deleteManyDevices(parts),
    getWholeProfile(parts),
    getProfileField(parts),
    setProfileField(parts),
    deleteProfileField(parts),
    ...accountModerationRoutes(parts),
  ];
}

function accountDataRoutes(parts: AccountDataParts): Route[] {
  return [
    getGlobalAccountData(parts),
    setGlobalAccountData(parts),
    getRoomAccountData(parts),
    setRoomAccountData(parts),
    getRoomTags(parts),
    setRoomTag(parts),
    deleteRoomTag(parts),
    ...pushRuleRoutes(parts),
  ];
}

function ephemeralRoutes(parts: ClientApiParts['ephemeral']): Route[] {
  return [
    postReceipt(parts),
    setReadMarker(parts),
    putToDevice(parts),
    setTyping(parts),
    putEphemeralEvent(parts),
    getPresence(parts),
    putPresence(parts),
  ];
}

function mediaRoutes(parts: MediaParts): Route[] {
  return [
    uploadContent(parts),
    createContent(parts),
    fillContent(parts),
    ...downloads(parts),
    ...frozenDownloads(),
    ...mediaConfig(parts),
    thumbnail(parts),
  ];
}
