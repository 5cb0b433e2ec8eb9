// What the verbs of rooms work with; compose.ts makes it once. The hooks ask application services, which live a floor below and are
// not known here.
import type { Clock } from '../platform/clock.ts';
import type { RoomLanes } from '../rooms/lanes.ts';
import type { Database } from '../storage/database.ts';

/** What the verbs of rooms need of the house. */
export interface RoomActionParts {
  readonly db: Database;
  readonly lanes: RoomLanes;
  readonly clock: Clock;
  readonly serverName: string;
  /** Version of rooms whose maker names none. */
  readonly defaultRoomVersion: string;
  /** Lets the application service that an alias belongs to make its room, except on behalf of itself; true: it says that it did. */
  readonly queryAlias: (alias: string, asking?: string) => Promise<boolean>;
  /** Lets the application service that a user belongs to make them, likewise; true: it says that it did. */
  readonly queryUser: (userId: string, asking?: string) => Promise<boolean>;
  /** Whether an application service may act as a user: of its namespaces, or who let it. */
  readonly speaksFor: (appserviceId: string, userId: string) => Promise<boolean>;
  readonly nameOwners: NameOwners;
}

/** Whose aliases and users are whose. */
export interface NameOwners {
  /** Id of the application service that claims this alias or user exclusively. */
  exclusiveOwner(alias: string, asking?: string): string | undefined;
  /** Whether it is in that application service's namespaces. */
  covers(appserviceId: string, alias: string): boolean;
  /** Whether that application service may give this id to a room that it makes. */
  ownsRoomId(appserviceId: string, roomId: string): boolean;
}
