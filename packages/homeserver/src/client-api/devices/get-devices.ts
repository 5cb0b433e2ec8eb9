// GET /devices and GET /devices/{deviceId}.
// https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3devices

import { endpoints } from '@pons/spec/endpoints';
import { type DevicesParts, getDevice, listDevices } from '../../accounts/devices.ts';
import { requesterOf } from '../../http/requester.ts';
import type { Route } from '../../http/route.ts';
import { deviceJson } from './device-json.ts';

/** GET /devices */
export function getDevices(parts: DevicesParts): Route {
  return {
    endpoint: endpoints.getDevices,
    async handle(request) {
      const devices = await listDevices(parts.db, requesterOf(request).userId);
      return { json: { devices: devices.map(deviceJson) } };
    },
  };
}

/** GET /devices/{deviceId} */
export function getOneDevice(parts: DevicesParts): Route {
  return {
    endpoint: endpoints.getDevice,
    async handle(request) {
      const device = await getDevice(parts.db, requesterOf(request).userId, request.path['deviceId'] ?? '');
      return { json: deviceJson(device) };
    },
  };
}
