// POST /account/deactivate.
// https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3accountdeactivate

import { endpoints } from '@pons/spec/endpoints';
import { type DeactivateParts, deactivateAccount } from '../../actions/deactivate-account.ts';
import { requesterOf } from '../../http/requester.ts';
import type { Route } from '../../http/route.ts';
import { booleanOr } from '../body-members.ts';

/** POST /account/deactivate. No identity server is ever told, since this server binds no third-party ids. */
export function deactivate(parts: DeactivateParts): Route {
  return {
    endpoint: endpoints.deactivateAccount,
    async handle(request) {
      const { body } = request;
      const erase = booleanOr(body, 'erase', false);
      const challenge = await deactivateAccount(parts, requesterOf(request), { body, erase });
      if (challenge !== undefined) return { status: 401, json: challenge };
      return { json: { id_server_unbind_result: 'no-support' } };
    },
  };
}
