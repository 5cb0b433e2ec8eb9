// Made by scripts/generate-endpoints from data/api/client-server/rooms.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const getOneRoomEvent = {
  operation: "getOneRoomEvent",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v3/rooms/{roomId}/event/{eventId}",
  auth: "accessToken",
  rateLimit: "none",
  body: "none",
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomideventeventid",
} as const satisfies Endpoint;

export const getRoomStateWithKey = {
  operation: "getRoomStateWithKey",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v3/rooms/{roomId}/state/{eventType}/{stateKey}",
  auth: "accessToken",
  rateLimit: "none",
  body: "none",
  query: [{ name: "format", type: "string", values: ["content", "event"] }],
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidstateeventtypestatekey",
} as const satisfies Endpoint;

export const getRoomState = {
  operation: "getRoomState",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v3/rooms/{roomId}/state",
  auth: "accessToken",
  rateLimit: "none",
  body: "none",
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidstate",
} as const satisfies Endpoint;

export const getMembersByRoom = {
  operation: "getMembersByRoom",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v3/rooms/{roomId}/members",
  auth: "accessToken",
  rateLimit: "none",
  body: "none",
  query: [
    { name: "at", type: "string" },
    { name: "membership", type: "string", values: ["join", "invite", "knock", "leave", "ban"] },
    { name: "not_membership", type: "string", values: ["join", "invite", "knock", "leave", "ban"] },
  ],
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidmembers",
} as const satisfies Endpoint;

export const getJoinedMembersByRoom = {
  operation: "getJoinedMembersByRoom",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v3/rooms/{roomId}/joined_members",
  auth: "accessToken",
  rateLimit: "none",
  body: "none",
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidjoined_members",
} as const satisfies Endpoint;
