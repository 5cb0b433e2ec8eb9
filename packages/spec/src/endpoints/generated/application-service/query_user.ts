// Made by scripts/generate-endpoints from data/api/application-service/query_user.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const queryUserById = {
  operation: "queryUserById",
  api: "application-service",
  method: "GET",
  path: "/_matrix/app/v1/users/{userId}",
  auth: "hsToken",
  rateLimit: "none",
  body: "none",
  link: "https://spec.matrix.org/v1.19/application-service-api/#get_matrixappv1usersuserid",
} as const satisfies Endpoint;
