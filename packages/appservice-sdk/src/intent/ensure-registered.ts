// Makes sure that a user of ours exists on the homeserver, once, whatever the number of askers, and remembers it over restarts.
// https://spec.matrix.org/v1.19/application-service-api/#server-admin-style-permissions

import { endpoints } from '@pons/spec/endpoints';
import { isRefusal } from '../client/call-error.ts';
import { requestTo } from '../client/request.ts';
import type { IntentOutside } from './outside.ts';

/** Registers the user unless they are known to be; one that exists already is fine. */
export async function ensureRegistered(outside: IntentOutside, userId: string): Promise<void> {
  if (outside.store.isRegistered(userId)) return;
  await outside.once(`register ${userId}`, async () => {
    const username = userId.slice(1, userId.indexOf(':'));
    // Without inhibit_login, servers whose logins are elsewhere (OAuth) refuse.
    const body = { type: 'm.login.application_service', username, inhibit_login: true };
    try {
      await outside.call(requestTo(endpoints.register, { body, idempotent: true }));
    } catch (error) {
      if (!isRefusal(error, 'M_USER_IN_USE')) throw error;
    }
    await outside.store.setRegistered(userId, true);
  });
}
