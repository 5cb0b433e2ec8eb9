// Made by scripts/generate-endpoints from data/api/client-server/appservice_room_directory.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const updateAppserviceRoomDirectoryVisibility = {
  operation: "updateAppserviceRoomDirectoryVisibility",
  api: "client-server",
  method: "PUT",
  path: "/_matrix/client/v3/directory/list/appservice/{networkId}/{roomId}",
  auth: "asToken",
  rateLimit: "default",
  body: "json",
  request: {
    type: "object",
    properties: { visibility: { type: "string", enum: ["public", "private"] } },
    required: ["visibility"],
  },
  link: "https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3directorylistappservicenetworkidroomid",
} as const satisfies Endpoint;
