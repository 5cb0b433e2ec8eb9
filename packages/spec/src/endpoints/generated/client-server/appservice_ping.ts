// Made by scripts/generate-endpoints from data/api/client-server/appservice_ping.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const pingAppservice = {
  operation: "pingAppservice",
  api: "client-server",
  method: "POST",
  path: "/_matrix/client/v1/appservice/{appserviceId}/ping",
  auth: "asToken",
  rateLimit: "default",
  body: "json",
  request: { type: "object", properties: { transaction_id: { type: "string" } } },
  since: "1.7",
  link: "https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv1appserviceappserviceidping",
} as const satisfies Endpoint;
