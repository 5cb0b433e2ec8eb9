// Who makes a request, once authentication is done. It stands on the lowest floor because every floor above speaks of it:
// http makes it (appservices/masquerade.ts for application services), client-api and actions ask it.
// https://spec.matrix.org/v1.19/application-service-api/#identity-assertion

/** The user that a request acts as, and by what right. */
export interface Requester {
  readonly userId: string;
  /** Absent for an application service that did not name a device. */
  readonly deviceId?: string;
  /** Set when the request carries an as_token: id of the application service. */
  readonly appserviceId?: string;
  /** Sender of an application service that may read what its users may (`pons: {bot_reads_all: true}`): id of that. */
  readonly readsRoomsOf?: string;
  /** By a narrowed token: what reaches beyond this user is refused. */
  readonly narrowed?: boolean;
  /** May use the admin API. */
  readonly admin: boolean;
  readonly guest: boolean;
  /** False: limits do not apply (application services that say `rate_limited: false`). */
  readonly rateLimited: boolean;
  /** An administrator has locked the account: it may do nothing but log out. */
  readonly locked?: boolean;
  /** An administrator has suspended the account: http/restricted-calls.ts says what it may not do. */
  readonly suspended?: boolean;
  /** SHA-256 of the access token, hex: what logout deletes. Absent for an as_token. */
  readonly tokenHash?: string;
}
