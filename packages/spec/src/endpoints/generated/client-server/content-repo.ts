// Made by scripts/generate-endpoints from data/api/client-server/content-repo.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const uploadContent = {
  operation: "uploadContent",
  api: "client-server",
  method: "POST",
  path: "/_matrix/media/v3/upload",
  auth: "accessToken",
  rateLimit: "media",
  body: "stream",
  query: [{ name: "filename", type: "string" }],
  link: "https://spec.matrix.org/v1.19/client-server-api/#post_matrixmediav3upload",
} as const satisfies Endpoint;

export const uploadContentToMXC = {
  operation: "uploadContentToMXC",
  api: "client-server",
  method: "PUT",
  path: "/_matrix/media/v3/upload/{serverName}/{mediaId}",
  auth: "accessToken",
  rateLimit: "media",
  body: "stream",
  query: [{ name: "filename", type: "string" }],
  since: "1.7",
  link: "https://spec.matrix.org/v1.19/client-server-api/#put_matrixmediav3uploadservernamemediaid",
} as const satisfies Endpoint;

export const createContent = {
  operation: "createContent",
  api: "client-server",
  method: "POST",
  path: "/_matrix/media/v1/create",
  auth: "accessToken",
  rateLimit: "media",
  body: "none",
  since: "1.7",
  link: "https://spec.matrix.org/v1.19/client-server-api/#post_matrixmediav1create",
} as const satisfies Endpoint;

export const getContent = {
  operation: "getContent",
  api: "client-server",
  method: "GET",
  path: "/_matrix/media/v3/download/{serverName}/{mediaId}",
  auth: "none",
  rateLimit: "default",
  body: "none",
  query: [
    { name: "allow_remote", type: "boolean" },
    { name: "timeout_ms", type: "integer" },
    { name: "allow_redirect", type: "boolean" },
  ],
  deprecated: true,
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixmediav3downloadservernamemediaid",
} as const satisfies Endpoint;

export const getContentOverrideName = {
  operation: "getContentOverrideName",
  api: "client-server",
  method: "GET",
  path: "/_matrix/media/v3/download/{serverName}/{mediaId}/{fileName}",
  auth: "none",
  rateLimit: "default",
  body: "none",
  query: [
    { name: "allow_remote", type: "boolean" },
    { name: "timeout_ms", type: "integer" },
    { name: "allow_redirect", type: "boolean" },
  ],
  deprecated: true,
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixmediav3downloadservernamemediaidfilename",
} as const satisfies Endpoint;

export const getContentThumbnail = {
  operation: "getContentThumbnail",
  api: "client-server",
  method: "GET",
  path: "/_matrix/media/v3/thumbnail/{serverName}/{mediaId}",
  auth: "none",
  rateLimit: "default",
  body: "none",
  query: [
    { name: "width", type: "integer", required: true },
    { name: "height", type: "integer", required: true },
    { name: "method", type: "string", values: ["crop", "scale"] },
    { name: "allow_remote", type: "boolean" },
    { name: "timeout_ms", type: "integer" },
    { name: "allow_redirect", type: "boolean" },
    { name: "animated", type: "boolean" },
  ],
  deprecated: true,
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixmediav3thumbnailservernamemediaid",
} as const satisfies Endpoint;

export const getUrlPreview = {
  operation: "getUrlPreview",
  api: "client-server",
  method: "GET",
  path: "/_matrix/media/v3/preview_url",
  auth: "accessToken",
  rateLimit: "default",
  body: "none",
  query: [{ name: "url", type: "string", required: true }, { name: "ts", type: "integer" }],
  deprecated: true,
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixmediav3preview_url",
} as const satisfies Endpoint;

export const getConfig = {
  operation: "getConfig",
  api: "client-server",
  method: "GET",
  path: "/_matrix/media/v3/config",
  auth: "accessToken",
  rateLimit: "default",
  body: "none",
  deprecated: true,
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixmediav3config",
} as const satisfies Endpoint;
