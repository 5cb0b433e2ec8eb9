// Made by scripts/generate-endpoints from data/api/server-server/content_repository.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const getContent = {
  operation: "getContent",
  api: "server-server",
  method: "GET",
  path: "/_matrix/federation/v1/media/download/{mediaId}",
  auth: "server",
  rateLimit: "none",
  body: "none",
  query: [{ name: "timeout_ms", type: "integer" }],
  since: "1.11",
  link: "https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1mediadownloadmediaid",
} as const satisfies Endpoint;

export const getContentThumbnail = {
  operation: "getContentThumbnail",
  api: "server-server",
  method: "GET",
  path: "/_matrix/federation/v1/media/thumbnail/{mediaId}",
  auth: "server",
  rateLimit: "none",
  body: "none",
  query: [
    { name: "width", type: "integer", required: true },
    { name: "height", type: "integer", required: true },
    { name: "method", type: "string", values: ["crop", "scale"] },
    { name: "timeout_ms", type: "integer" },
    { name: "animated", type: "boolean" },
  ],
  since: "1.11",
  link: "https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1mediathumbnailmediaid",
} as const satisfies Endpoint;
