// Deleting devices asks people for their password once more; application services delete theirs without.
// https://spec.matrix.org/v1.19/application-service-api/#deleting-devices

import type { JsonObject } from '@pons/spec';
import { type DevicesParts, removeDevices } from '../accounts/devices.ts';
import type { InteractiveAuth } from '../accounts/interactive-auth.ts';
import type { Requester } from '../platform/requester.ts';

/** What deleting a device needs of the house. */
export interface DeleteDevicesParts extends DevicesParts {
  readonly interactiveAuth: InteractiveAuth;
}

/** Deletes devices of the requester; answers the body of a 401 where authentication comes first. */
export async function deleteDevices(
  parts: DeleteDevicesParts,
  requester: Requester,
  request: { readonly operation: string; readonly body: JsonObject; readonly deviceIds: readonly string[] },
): Promise<JsonObject | undefined> {
  const { userId } = requester;
  if (requester.appserviceId === undefined) {
    const { operation } = request;
    const body = { ...request.body, devices: [...request.deviceIds] };
    const auth = await parts.interactiveAuth.authenticate({ operation, userId, body, flows: [['m.login.password']] });
    if (auth.outcome === 'challenge') return auth.body;
  }
  await removeDevices(parts, userId, request.deviceIds);
  return undefined;
}
