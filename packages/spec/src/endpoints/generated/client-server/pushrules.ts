// Made by scripts/generate-endpoints from data/api/client-server/pushrules.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const getPushRules = {
  operation: "getPushRules",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v3/pushrules/",
  auth: "accessToken",
  rateLimit: "none",
  body: "none",
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3pushrules",
} as const satisfies Endpoint;

export const getPushRulesGlobal = {
  operation: "getPushRulesGlobal",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v3/pushrules/global/",
  auth: "accessToken",
  rateLimit: "none",
  body: "none",
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3pushrulesglobal",
} as const satisfies Endpoint;

export const getPushRule = {
  operation: "getPushRule",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v3/pushrules/global/{kind}/{ruleId}",
  auth: "accessToken",
  rateLimit: "none",
  body: "none",
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3pushrulesglobalkindruleid",
} as const satisfies Endpoint;

export const setPushRule = {
  operation: "setPushRule",
  api: "client-server",
  method: "PUT",
  path: "/_matrix/client/v3/pushrules/global/{kind}/{ruleId}",
  auth: "accessToken",
  rateLimit: "default",
  body: "json",
  query: [{ name: "before", type: "string" }, { name: "after", type: "string" }],
  request: {
    type: "object",
    properties: {
      actions: { type: "array", items: { type: ["string", "object"] } },
      conditions: {
        type: "array",
        items: {
          type: "object",
          properties: {
            kind: { type: "string" },
            key: { type: "string" },
            pattern: { type: "string" },
            is: { type: "string" },
            value: { type: ["string", "integer", "boolean", "null"] },
          },
          required: ["kind"],
        },
      },
      pattern: { type: "string" },
    },
    required: ["actions"],
  },
  link: "https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3pushrulesglobalkindruleid",
} as const satisfies Endpoint;

export const deletePushRule = {
  operation: "deletePushRule",
  api: "client-server",
  method: "DELETE",
  path: "/_matrix/client/v3/pushrules/global/{kind}/{ruleId}",
  auth: "accessToken",
  rateLimit: "default",
  body: "none",
  link: "https://spec.matrix.org/v1.19/client-server-api/#delete_matrixclientv3pushrulesglobalkindruleid",
} as const satisfies Endpoint;

export const isPushRuleEnabled = {
  operation: "isPushRuleEnabled",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v3/pushrules/global/{kind}/{ruleId}/enabled",
  auth: "accessToken",
  rateLimit: "none",
  body: "none",
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3pushrulesglobalkindruleidenabled",
} as const satisfies Endpoint;

export const setPushRuleEnabled = {
  operation: "setPushRuleEnabled",
  api: "client-server",
  method: "PUT",
  path: "/_matrix/client/v3/pushrules/global/{kind}/{ruleId}/enabled",
  auth: "accessToken",
  rateLimit: "default",
  body: "json",
  request: { type: "object", properties: { enabled: { type: "boolean" } }, required: ["enabled"] },
  link: "https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3pushrulesglobalkindruleidenabled",
} as const satisfies Endpoint;

export const getPushRuleActions = {
  operation: "getPushRuleActions",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v3/pushrules/global/{kind}/{ruleId}/actions",
  auth: "accessToken",
  rateLimit: "none",
  body: "none",
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3pushrulesglobalkindruleidactions",
} as const satisfies Endpoint;

export const setPushRuleActions = {
  operation: "setPushRuleActions",
  api: "client-server",
  method: "PUT",
  path: "/_matrix/client/v3/pushrules/global/{kind}/{ruleId}/actions",
  auth: "accessToken",
  rateLimit: "default",
  body: "json",
  request: {
    type: "object",
    properties: { actions: { type: "array", items: { type: ["string", "object"] } } },
    required: ["actions"],
  },
  link: "https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3pushrulesglobalkindruleidactions",
} as const satisfies Endpoint;
