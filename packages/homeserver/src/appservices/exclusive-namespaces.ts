// Who may make a user or an alias: nobody inside another's exclusive namespace, and an application service nothing outside its own.
// Asked by registration, login, alias PUT and DELETE, and createRoom.
// https://spec.matrix.org/v1.19/application-service-api/#server-admin-style-permissions

import { MatrixError } from '@pons/spec';
import type { AppserviceRegistry } from './registry.ts';

/** The questions, answered from the registry as it is now. */
export interface ExclusiveNamespaces {
  /**
   * Id of an application service that claims this user id or alias exclusively; another than `asking` first, so that where two
   * overlap, neither may.
   */
  exclusiveOwner(id: string, asking?: string): string | undefined;
  /** Whether the user id or alias is in the namespaces of that application service (its sender included). */
  covers(appserviceId: string, id: string): boolean;
  /**
   * Whether that application service claims this room id exclusively and no other does: then it may choose it for a room that it makes.
   * `exclusive` means nothing else in a rooms namespace.
   */
  ownsRoomId(appserviceId: string, roomId: string): boolean;
  /**
   * Whether it may be made.
   *
   * @param appserviceId  the application service that asks; undefined for people
   * @throws MatrixError M_EXCLUSIVE
   */
  assertMayCreate(id: string, appserviceId?: string): void;
  /**
   * Whether that application service makes its devices itself (`io.element.msc4190`): it has said that it does without logins, and none is
   * opened for it.
   */
  managesDevices(appserviceId: string): boolean;
}

/** @param registry  asked anew each time */
export function exclusiveNamespaces(registry: AppserviceRegistry): ExclusiveNamespaces {
  const verdict = (appserviceId: string, id: string) => {
    const namespaces = registry.byId(appserviceId)?.namespaces;
    return (id.startsWith('#') ? namespaces?.alias(id) : namespaces?.user(id)) ?? 'outside';
  };
  const claimants = (id: string) => (id.startsWith('#') ? registry.ofAlias(id) : registry.ofUser(id));
  const spaces: ExclusiveNamespaces = {
    exclusiveOwner(id, asking) {
      const owners = claimants(id).filter((appservice) => verdict(appservice.id, id) === 'exclusive');
      return (owners.find((appservice) => appservice.id !== asking) ?? owners[0])?.id;
    },
    covers: (appserviceId, id) => verdict(appserviceId, id) !== 'outside',
    ownsRoomId(appserviceId, roomId) {
      const owners = registry.ofRoom(roomId).filter(({ namespaces }) => namespaces.room(roomId) === 'exclusive');
      return owners.length === 1 && owners[0]?.id === appserviceId;
    },
    managesDevices: (appserviceId) => registry.byId(appserviceId)?.registration.deviceManagement ?? false,
    assertMayCreate(id, appserviceId) {
      if (appserviceId !== undefined && !spaces.covers(appserviceId, id))
        throw new MatrixError('M_EXCLUSIVE', `${id} is outside the namespaces of this application service`);
      const owner = spaces.exclusiveOwner(id, appserviceId);
      if (owner !== undefined && owner !== appserviceId)
        throw new MatrixError('M_EXCLUSIVE', `${id} belongs to an application service: choose another`);
    },
  };
  return spaces;
}
