// Made by scripts/generate-endpoints from data/api/server-server/third_party_invite.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const exchangeThirdPartyInvite = {
  operation: "exchangeThirdPartyInvite",
  api: "server-server",
  method: "PUT",
  path: "/_matrix/federation/v1/exchange_third_party_invite/{roomId}",
  auth: "server",
  rateLimit: "none",
  body: "json",
  request: {
    type: "object",
    properties: {
      type: { type: "string" },
      room_id: { type: "string" },
      sender: { type: "string" },
      state_key: { type: "string" },
      content: {
        type: "object",
        properties: {
          membership: { type: "string" },
          third_party_invite: {
            type: "object",
            properties: { display_name: { type: "string" }, signed: {} },
            required: ["display_name", "signed"],
          },
        },
        required: ["membership", "third_party_invite"],
      },
    },
    required: ["type", "room_id", "sender", "state_key", "content"],
  },
  link: "https://spec.matrix.org/v1.19/server-server-api/#put_matrixfederationv1exchange_third_party_inviteroomid",
} as const satisfies Endpoint;

export const onBindThirdPartyIdentifier = {
  operation: "onBindThirdPartyIdentifier",
  api: "server-server",
  method: "PUT",
  path: "/_matrix/federation/v1/3pid/onbind",
  auth: "none",
  rateLimit: "none",
  body: "json",
  request: {
    type: "object",
    properties: {
      medium: { type: "string" },
      address: { type: "string" },
      mxid: { type: "string" },
      invites: {
        type: "array",
        items: {
          type: "object",
          properties: {
            medium: { type: "string" },
            address: { type: "string" },
            mxid: { type: "string" },
            room_id: { type: "string" },
            sender: { type: "string" },
            signed: {},
          },
          required: ["medium", "address", "mxid", "room_id", "sender", "signed"],
        },
      },
    },
    required: ["medium", "address", "mxid", "invites"],
  },
  link: "https://spec.matrix.org/v1.19/server-server-api/#put_matrixfederationv13pidonbind",
} as const satisfies Endpoint;
