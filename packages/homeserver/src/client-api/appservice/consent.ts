// /_pons/client/v1/appservice/consent: a person sees which application services ask to act for them, lets one, or takes that back.

import type { JsonObject } from '@pons/spec';
import { ponsEndpoints } from '@pons/spec/endpoints';
import { type ConsentParts, consents, grantConsent, revokeConsent } from '../../actions/appservice-consent.ts';
import type { Consent } from '../../appservices/consents.ts';
import { requesterOf } from '../../http/requester.ts';
import type { Route } from '../../http/route.ts';

/** All three. */
export function consentRoutes(parts: ConsentParts): Route[] {
  return [
    {
      endpoint: ponsEndpoints.listConsents,
      handle: async (request) => ({
        json: { appservices: (await consents(parts, requesterOf(request))).map(consentJson) },
      }),
    },
    {
      endpoint: ponsEndpoints.grantConsent,
      async handle(request) {
        const deviceId = await grantConsent(parts, requesterOf(request), request.path['appserviceId'] ?? '');
        return { json: { device_id: deviceId } };
      },
    },
    {
      endpoint: ponsEndpoints.revokeConsent,
      async handle(request) {
        await revokeConsent(parts, requesterOf(request), request.path['appserviceId'] ?? '');
        return { json: {} };
      },
    },
  ];
}

function consentJson({ appserviceId, deviceId, grantedTs }: Consent): JsonObject {
  const granted = deviceId !== undefined;
  return {
    appservice_id: appserviceId,
    granted,
    ...(deviceId === undefined ? {} : { device_id: deviceId }),
    ...(grantedTs === undefined ? {} : { granted_ts: grantedTs }),
  };
}
