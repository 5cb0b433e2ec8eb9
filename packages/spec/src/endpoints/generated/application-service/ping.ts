// Made by scripts/generate-endpoints from data/api/application-service/ping.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const ping = {
  operation: "ping",
  api: "application-service",
  method: "POST",
  path: "/_matrix/app/v1/ping",
  auth: "hsToken",
  rateLimit: "none",
  body: "json",
  request: { type: "object", properties: { transaction_id: { type: "string" } } },
  since: "1.7",
  link: "https://spec.matrix.org/v1.19/application-service-api/#post_matrixappv1ping",
} as const satisfies Endpoint;
