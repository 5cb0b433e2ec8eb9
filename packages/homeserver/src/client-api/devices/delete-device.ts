// DELETE /devices/{deviceId} and POST /delete_devices.
// https://spec.matrix.org/v1.19/client-server-api/#delete_matrixclientv3devicesdeviceid

import { MatrixError } from '@pons/spec';
import { endpoints } from '@pons/spec/endpoints';
import { type DeleteDevicesParts, deleteDevices } from '../../actions/delete-device.ts';
import { requesterOf } from '../../http/requester.ts';
import type { Route } from '../../http/route.ts';

/** Devices of one request. */
const devicesMax = 1_000;

/** DELETE /devices/{deviceId} */
export function deleteOneDevice(parts: DeleteDevicesParts): Route {
  return {
    endpoint: endpoints.deleteDevice,
    async handle(request) {
      const deviceIds = [request.path['deviceId'] ?? ''];
      const asked = { operation: 'deleteDevice', body: request.body, deviceIds };
      const challenge = await deleteDevices(parts, requesterOf(request), asked);
      return challenge === undefined ? { json: {} } : { status: 401, json: challenge };
    },
  };
}

/** POST /delete_devices */
export function deleteManyDevices(parts: DeleteDevicesParts): Route {
  return {
    endpoint: endpoints.deleteDevices,
    async handle(request) {
      const { devices } = request.body;
      if (!Array.isArray(devices) || devices.length > devicesMax) {
        throw new MatrixError('M_BAD_JSON', `devices must be a list of at most ${devicesMax} device ids`);
      }
      const deviceIds = devices.filter((id) => typeof id === 'string');
      const asked = { operation: 'deleteDevices', body: request.body, deviceIds };
      const challenge = await deleteDevices(parts, requesterOf(request), asked);
      return challenge === undefined ? { json: {} } : { status: 401, json: challenge };
    },
  };
}
