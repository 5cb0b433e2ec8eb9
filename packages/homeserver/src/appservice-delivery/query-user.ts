// Whether an application service makes a user of this server who does not exist yet. Given to the actions as `queryUser`; never on the
// way of an event to anybody.
// https://spec.matrix.org/v1.19/application-service-api/#get_matrixappv1usersuserid

import type { AppserviceRegistry } from '../appservices/registry.ts';
import { type Ask, type AskParts, createAsk } from './ask-appservices.ts';

/** @returns a function: true when an application service says that the user exists now */
export function createQueryUser(parts: AskParts & { readonly registry: AppserviceRegistry }): Ask {
  return createAsk(parts, {
    whom: (userId) => parts.registry.ofUser(userId),
    path: (userId) => `/_matrix/app/v1/users/${encodeURIComponent(userId)}`,
    legacyPath: (userId) => `/users/${encodeURIComponent(userId)}`,
  });
}
