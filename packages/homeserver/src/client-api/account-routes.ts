// The endpoints of accounts, sessions, devices, profiles, account data, push rules, ephemeral data, media and /sync: only a list.
// What each needs is the intersection of their parts; compose.ts makes it once.

import type { Route } from '../http/route.ts';
import { changePasswordRoute } from './account/change-password.ts';
import { deactivate } from './account/deactivate.ts';
import { login, loginFlows } from './account/login.ts';
import { logout, logoutAll } from './account/logout.ts';
import { refresh } from './account/refresh.ts';
import { register, registerAvailable, registrationTokenValidity } from './account/register.ts';
import { whoami } from './account/whoami.ts';
import {
  getGlobalAccountData,
  getRoomAccountData,
  setGlobalAccountData,
  setRoomAccountData,
} from './account-data/account-data.ts';
import { deleteRoomTag, getRoomTags, setRoomTag } from './account-data/tags.ts';
import { deleteManyDevices, deleteOneDevice } from './devices/delete-device.ts';
import { getDevices, getOneDevice } from './devices/get-devices.ts';
import { putDevice } from './devices/update-device.ts';
import { setReadMarker } from './ephemeral/read-markers.ts';
import { postReceipt } from './ephemeral/receipts.ts';
import { putToDevice } from './ephemeral/send-to-device.ts';
import { setTyping } from './ephemeral/typing.ts';
import { downloads, frozenDownloads, mediaConfig } from './media/download.ts';
import { thumbnail } from './media/thumbnail.ts';
import { createContent, fillContent, uploadContent } from './media/upload.ts';
import { getProfileField, getWholeProfile } from './profile/get-profile.ts';
import { deleteProfileField, setProfileField } from './profile/set-profile.ts';
import { pushRuleRoutes } from './push/push-rules.ts';
import { getOneFilter, postFilter } from './sync/filter.ts';
import { syncRoute } from './sync/sync.ts';

/** What these endpoints need of the house, all together. */
export type AccountRouteParts = Parameters<typeof register>[0] &
  Parameters<typeof deactivate>[0] &
  Parameters<typeof setGlobalAccountData>[0] &
  Parameters<typeof getWholeProfile>[0] &
  Parameters<typeof setProfileField>[0] &
  Parameters<typeof setTyping>[0] &
  Parameters<typeof uploadContent>[0] &
  Parameters<typeof syncRoute>[0];

/** Every route of this list. */
export function accountRoutes(parts: AccountRouteParts): Route[] {
  return [
    register(parts),
    registerAvailable(parts),
    registrationTokenValidity(parts),
    loginFlows(),
    login(parts),
    logout(parts),
    logoutAll(parts),
    whoami(),
    refresh(parts),
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
    getGlobalAccountData(parts),
    setGlobalAccountData(parts),
    getRoomAccountData(parts),
    setRoomAccountData(parts),
    getRoomTags(parts),
    setRoomTag(parts),
    deleteRoomTag(parts),
    ...pushRuleRoutes(parts),
    setTyping(parts),
    postReceipt(parts),
    setReadMarker(parts),
    putToDevice(parts),
    uploadContent(parts),
    createContent(parts),
    fillContent(parts),
    thumbnail(parts),
    ...downloads(parts),
    ...frozenDownloads(),
    ...mediaConfig(parts),
    postFilter(parts),
    getOneFilter(parts),
    syncRoute(parts),
  ];
}
