// POST /keys/upload.
// https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3keysupload

import { MatrixError } from '@pons/spec';
import { endpoints } from '@pons/spec/endpoints';
import { type KeysParts, uploadKeys } from '../../e2ee/upload-keys.ts';
import { requesterOf } from '../../http/requester.ts';
import type { Route } from '../../http/route.ts';

/** POST /keys/upload */
export function postKeys(parts: KeysParts): Route {
  return {
    endpoint: endpoints.uploadKeys,
    async handle(request) {
      const { userId, deviceId } = requesterOf(request);
      if (deviceId === undefined) {
        throw new MatrixError('M_UNKNOWN_DEVICE', 'keys belong to a device: name it in the query (device_id)');
      }
      const counts = await uploadKeys(parts, { userId, deviceId }, request.body);
      return { json: { one_time_key_counts: { ...counts } } };
    },
  };
}
