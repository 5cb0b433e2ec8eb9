// PUT /devices/{deviceId}: renames a device; an application service also makes one this way (201).
// https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3devicesdeviceid

import { endpoints } from '@pons/spec/endpoints';
import { createOrUpdateDevice, type DevicesParts, updateDevice } from '../../accounts/devices.ts';
import { requesterOf } from '../../http/requester.ts';
import type { Route } from '../../http/route.ts';
import { optionalString } from '../body-members.ts';

/** PUT /devices/{deviceId} */
export function putDevice(parts: DevicesParts): Route {
  return {
    endpoint: endpoints.updateDevice,
    async handle(request) {
      const { userId, appserviceId } = requesterOf(request);
      const deviceId = request.path['deviceId'] ?? '';
      const displayName = optionalString(request.body, 'display_name');
      if (appserviceId === undefined) {
        await updateDevice(parts, userId, deviceId, displayName);
        return { json: {} };
      }
      const created = await createOrUpdateDevice(parts, userId, deviceId, displayName);
      return { status: created ? 201 : 200, json: {} };
    },
  };
}
