// Whether an application service makes the room of an alias of this server that names nothing yet. Given to the actions as `queryAlias`.
// https://spec.matrix.org/v1.19/application-service-api/#get_matrixappv1roomsroomalias

import type { AppserviceRegistry } from '../appservices/registry.ts';
import { type Ask, type AskParts, createAsk } from './ask-appservices.ts';

/** @returns a function: true when an application service says that the alias names a room now */
export function createQueryAlias(parts: AskParts & { readonly registry: AppserviceRegistry }): Ask {
  return createAsk(parts, {
    whom: (alias) => parts.registry.ofAlias(alias),
    path: (alias) => `/_matrix/app/v1/rooms/${encodeURIComponent(alias)}`,
    legacyPath: (alias) => `/rooms/${encodeURIComponent(alias)}`,
  });
}
