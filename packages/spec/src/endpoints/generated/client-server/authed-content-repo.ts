// Made by scripts/generate-endpoints from data/api/client-server/authed-content-repo.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const getContentAuthed = {
  operation: "getContentAuthed",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v1/media/download/{serverName}/{mediaId}",
  auth: "accessToken",
  rateLimit: "default",
  body: "none",
  query: [{ name: "timeout_ms", type: "integer" }],
  since: "1.11",
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1mediadownloadservernamemediaid",
} as const satisfies Endpoint;

export const getContentOverrideNameAuthed = {
  operation: "getContentOverrideNameAuthed",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v1/media/download/{serverName}/{mediaId}/{fileName}",
  auth: "accessToken",
  rateLimit: "default",
  body: "none",
  query: [{ name: "timeout_ms", type: "integer" }],
  since: "1.11",
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1mediadownloadservernamemediaidfilename",
} as const satisfies Endpoint;

export const getContentThumbnailAuthed = {
  operation: "getContentThumbnailAuthed",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v1/media/thumbnail/{serverName}/{mediaId}",
  auth: "accessToken",
  rateLimit: "default",
  body: "none",
  query: [
    { name: "width", type: "integer", required: true },
    { name: "height", type: "integer", required: true },
    { name: "method", type: "string", values: ["crop", "scale"] },
    { name: "timeout_ms", type: "integer" },
    { name: "animated", type: "boolean" },
  ],
  since: "1.11",
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1mediathumbnailservernamemediaid",
} as const satisfies Endpoint;

export const getUrlPreviewAuthed = {
  operation: "getUrlPreviewAuthed",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v1/media/preview_url",
  auth: "accessToken",
  rateLimit: "default",
  body: "none",
  query: [{ name: "url", type: "string", required: true }, { name: "ts", type: "integer" }],
  since: "1.11",
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1mediapreview_url",
} as const satisfies Endpoint;

export const getConfigAuthed = {
  operation: "getConfigAuthed",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v1/media/config",
  auth: "accessToken",
  rateLimit: "default",
  body: "none",
  since: "1.11",
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1mediaconfig",
} as const satisfies Endpoint;
