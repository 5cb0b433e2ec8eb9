// Made by scripts/generate-endpoints from data/api/client-server/sso_login_redirect.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const redirectToSSO = {
  operation: "redirectToSSO",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v3/login/sso/redirect",
  auth: "none",
  rateLimit: "none",
  body: "none",
  query: [
    { name: "redirectUrl", type: "string", required: true },
    { name: "action", type: "string", values: ["login", "register"] },
  ],
  since: "1.1",
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3loginssoredirect",
} as const satisfies Endpoint;

export const redirectToIdP = {
  operation: "redirectToIdP",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v3/login/sso/redirect/{idpId}",
  auth: "none",
  rateLimit: "none",
  body: "none",
  query: [
    { name: "redirectUrl", type: "string", required: true },
    { name: "action", type: "string", values: ["login", "register"] },
  ],
  since: "1.1",
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3loginssoredirectidpid",
} as const satisfies Endpoint;
