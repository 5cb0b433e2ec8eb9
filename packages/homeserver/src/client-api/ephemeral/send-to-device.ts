// PUT /sendToDevice/{eventType}/{txnId}.
// https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3sendtodeviceeventtypetxnid

import { isJsonObject, MatrixError } from '@pons/spec';
import { endpoints } from '@pons/spec/endpoints';
import { checkTxnId } from '../../actions/check-event.ts';
import { sendToDevice, type ToDeviceParts } from '../../ephemeral/to-device.ts';
import { requesterOf } from '../../http/requester.ts';
import type { Route } from '../../http/route.ts';

/** PUT /sendToDevice/{eventType}/{txnId} */
export function putToDevice(parts: ToDeviceParts): Route {
  return {
    endpoint: endpoints.sendToDevice,
    async handle(request) {
      const { userId, deviceId } = requesterOf(request);
      const { messages } = request.body;
      if (!isJsonObject(messages)) throw new MatrixError('M_BAD_JSON', 'messages must be an object');
      const type = request.path['eventType'] ?? '';
      const txnId = request.path['txnId'] ?? '';
      checkTxnId(txnId);
      await sendToDevice(parts, { sender: userId, deviceId: deviceId ?? '', txnId, type, messages });
      return { json: {} };
    },
  };
}
