// GET /capabilities: what this server lets its users do, and which room versions it makes and joins.
// https://spec.matrix.org/v1.19/client-server-api/#capabilities-negotiation

import { supportedRoomVersions } from '@pons/spec';
import { endpoints } from '@pons/spec/endpoints';
import { requesterOf } from '../../http/requester.ts';
import type { Route } from '../../http/route.ts';

/** GET /capabilities */
export function getCapabilities(parts: { readonly defaultRoomVersion: string }): Route {
  const available = Object.fromEntries(supportedRoomVersions.map((version) => [version, 'stable']));
  const capabilities = {
    'm.change_password': { enabled: true },
    'm.room_versions': { default: parts.defaultRoomVersion, available },
    'm.profile_fields': { enabled: true },
    'm.set_displayname': { enabled: true },
    'm.set_avatar_url': { enabled: true },
    'm.3pid_changes': { enabled: false },
    'm.get_login_token': { enabled: false },
    'm.forget_forced_upon_leave': { enabled: false },
  };
  const jsonText = JSON.stringify({ capabilities });
  const moderation = { 'm.account_moderation': { suspend: true, lock: true } };
  const ofAdmins = JSON.stringify({ capabilities: { ...capabilities, ...moderation } });
  return {
    endpoint: endpoints.getCapabilities,
    handle: (request) => Promise.resolve({ jsonText: requesterOf(request).admin ? ofAdmins : jsonText }),
  };
}
