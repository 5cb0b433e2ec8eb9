// GET and PUT /admin/lock/{userId} and /admin/suspend/{userId}
// https://spec.matrix.org/v1.19/client-server-api/#server-administration
import { endpoints } from '@pons/spec/endpoints';
import { accountRestriction, moderateAccount, type ModerateAccountParts } from '../../actions/moderate-account.ts';
import { requesterOf } from '../../http/requester.ts';
import type { Route } from '../../http/route.ts';
import { booleanOr } from '../body-members.ts';

/** All four. */
export function accountModerationRoutes(parts: ModerateAccountParts): Route[] {
  return [
    ...routesOf(parts, 'suspended', { get: endpoints.getAdminSuspendUser, set: endpoints.setAdminSuspendUser }),
    ...routesOf(parts, 'locked', { get: endpoints.getAdminLockUser, set: endpoints.setAdminLockUser }),
  ];
}

function routesOf(
  parts: ModerateAccountParts,
  kind: 'locked' | 'suspended',
  { get, set }: { readonly get: Route['endpoint']; readonly set: Route['endpoint'] },
): Route[] {
  return [
    {
      endpoint: get,
      async handle(request) {
        const restriction = await accountRestriction(parts, requesterOf(request), request.path['userId'] ?? '');
        return { json: { [kind]: restriction[kind] } };
      },
    },
    {
      endpoint: set,
      async handle(request) {
        const wanted = booleanOr(request.body, kind, false);
        await moderateAccount(parts, requesterOf(request), request.path['userId'] ?? '', { [kind]: wanted });
        return { json: { [kind]: wanted } };
      },
    },
  ];
}
