// Whether an application service makes a user of this server who does not exist yet. Given to the actions as `queryUser`; never on the
// way of an event to anybody. A yes is one only once the user is there: who is only said to exist is nobody.
// https://spec.matrix.org/v1.19/application-service-api/#get_matrixappv1usersuserid

import type { AppserviceRegistry } from '../appservices/registry.ts';
import type { Log } from '../platform/telemetry/log.ts';
import { type Ask, type AskParts, createAsk } from './ask-appservices.ts';

export interface QueryUserParts extends AskParts {
  readonly registry: AppserviceRegistry;
  readonly log: Log;
  /** Whether somebody has an account. */
  readonly hasAccount: (userId: string) => Promise<boolean>;
}

/** @returns a function: true when an application service has made the user */
export function createQueryUser(parts: QueryUserParts): Ask {
  return createAsk(parts, {
    async isThere(userId, { id: appservice }) {
      const isThere = await parts.hasAccount(userId);
      if (!isThere)
        parts.log.warn(
          { appservice, userId },
          'it answered 200 to a query for a user that it did not register: it must /register the user first, or answer 404',
        );
      return isThere;
    },
    whom: (userId) => parts.registry.ofUser(userId),
    path: (userId) => `/_matrix/app/v1/users/${encodeURIComponent(userId)}`,
    legacyPath: (userId) => `/users/${encodeURIComponent(userId)}`,
  });
}
