// Made by scripts/generate-endpoints from data/api/client-server/registration_tokens.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const registrationTokenValidity = {
  operation: "registrationTokenValidity",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v1/register/m.login.registration_token/validity",
  auth: "none",
  rateLimit: "default",
  body: "none",
  query: [{ name: "token", type: "string", required: true }],
  since: "1.2",
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1registermloginregistration_tokenvalidity",
} as const satisfies Endpoint;
