// Publishing cross-signing keys. The first ones are free, and so is sending the same again; to replace them people give their password once
// more, application services do not.
// https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3keysdevice_signingupload

import type { JsonObject } from '@pons/spec';
import type { InteractiveAuth } from '../accounts/interactive-auth.ts';
import { checkSigningKeys, storeSigningKeys } from '../e2ee/signing-keys.ts';
import type { KeysParts } from '../e2ee/upload-keys.ts';
import type { Requester } from '../platform/requester.ts';

/** What publishing cross-signing keys needs of the house. */
export interface UploadSigningKeysParts extends KeysParts {
  readonly interactiveAuth: InteractiveAuth;
}

/** Stores the requester's keys; answers the body of a 401 where authentication comes first. @throws MatrixError as checkSigningKeys */
export async function uploadSigningKeys(
  parts: UploadSigningKeysParts,
  requester: Requester,
  body: JsonObject,
): Promise<JsonObject | undefined> {
  const { userId, appserviceId } = requester;
  const upload = await checkSigningKeys(parts.db, userId, body);
  if (upload.changed.length > 0 && upload.replaces && appserviceId === undefined) {
    const auth = await parts.interactiveAuth.authenticate({
      operation: 'uploadCrossSigningKeys',
      userId,
      body,
      flows: [['m.login.password']],
    });
    if (auth.outcome === 'challenge') return auth.body;
  }
  await storeSigningKeys(parts, userId, upload);
  return undefined;
}
