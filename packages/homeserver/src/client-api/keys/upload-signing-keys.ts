// POST /keys/device_signing/upload and POST /keys/signatures/upload.
// https://spec.matrix.org/v1.19/client-server-api/#cross-signing

import { endpoints } from '@pons/spec/endpoints';
import { uploadSigningKeys, type UploadSigningKeysParts } from '../../actions/upload-signing-keys.ts';
import { uploadSignatures } from '../../e2ee/upload-signatures.ts';
import type { KeysParts } from '../../e2ee/upload-keys.ts';
import { requesterOf } from '../../http/requester.ts';
import type { Route } from '../../http/route.ts';

/** POST /keys/device_signing/upload */
export function postSigningKeys(parts: UploadSigningKeysParts): Route {
  return {
    endpoint: endpoints.uploadCrossSigningKeys,
    async handle(request) {
      const challenge = await uploadSigningKeys(parts, requesterOf(request), request.body);
      return challenge === undefined ? { json: {} } : { status: 401, json: challenge };
    },
  };
}

/** POST /keys/signatures/upload */
export function postSignatures(parts: KeysParts): Route {
  return {
    endpoint: endpoints.uploadCrossSigningSignatures,
    async handle(request) {
      return { json: { failures: await uploadSignatures(parts, requesterOf(request).userId, request.body) } };
    },
  };
}
