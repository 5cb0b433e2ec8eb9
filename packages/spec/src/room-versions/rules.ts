// What distinguishes room versions, as named facts. The rest of the code asks for a fact, never for a version number, so a new room
// version is a new row in versions.ts and, if it brings something new, a new fact here.
// https://spec.matrix.org/v1.19/rooms/

/** The facts of one room version. */
export interface RoomVersionRules {
  readonly version: string;
  /** The algorithm that resolves forks: 1, 2 or 2.1 (starts from no state, adds the conflicted state subgraph). https://spec.matrix.org/v1.19/rooms/v12/#state-resolution */
  readonly stateResolution: 1 | 2 | 2.1;
  /** How an event gets its ID: chosen by its server, or its reference hash in standard or URL-safe base64. https://spec.matrix.org/v1.19/rooms/v4/#event-ids */
  readonly eventIds: 'chosen' | 'base64' | 'base64url';
  /** prev_events and auth_events are pairs of ID and hash, not IDs. https://spec.matrix.org/v1.19/rooms/v3/#event-format */
  readonly citesHashes: boolean;
  /** The server that an event's ID names must have signed it too. https://spec.matrix.org/v1.19/rooms/v3/#authorisation-rules */
  readonly eventIdServerSigns: boolean;
  /** Signing keys must be valid at origin_server_ts. https://spec.matrix.org/v1.19/rooms/v5/#signing-key-validity-period */
  readonly enforcesKeyValidity: boolean;
  /** Events must be canonical JSON; before, numbers of any kind are let pass. https://spec.matrix.org/v1.19/rooms/v6/#canonical-json */
  readonly strictCanonicalJson: boolean;
  /** Changes of `notifications` in power levels are authorised. https://spec.matrix.org/v1.19/rooms/v6/#authorisation-rules */
  readonly authorisesNotificationLevels: boolean;
  /** m.room.aliases has an authorisation rule of its own and keeps `aliases` when redacted. https://spec.matrix.org/v1.19/rooms/v1/#authorisation-rules */
  readonly authorisesAliases: boolean;
  /** m.room.redaction has an authorisation rule of its own, and takes effect wherever that allows it. https://spec.matrix.org/v1.19/rooms/v1/#authorisation-rules */
  readonly authorisesRedactions: boolean;
  /** Membership and join rule `knock`. https://spec.matrix.org/v1.19/rooms/v7/#authorisation-rules */
  readonly allowsKnocking: boolean;
  /** Join rule `restricted`; redacted join rules keep `allow`. https://spec.matrix.org/v1.19/rooms/v8/#authorisation-rules */
  readonly allowsRestrictedJoins: boolean;
  /** Redacted memberships keep `join_authorised_via_users_server`. https://spec.matrix.org/v1.19/rooms/v9/#redactions */
  readonly redactionKeepsJoinAuthoriser: boolean;
  /** Join rule `knock_restricted`. https://spec.matrix.org/v1.19/rooms/v10/#authorisation-rules */
  readonly allowsKnockRestricted: boolean;
  /** Power levels are integers, never strings or fractions. https://spec.matrix.org/v1.19/rooms/v10/#values-in-mroompower_levels-events-must-be-integers */
  readonly integerPowerLevels: boolean;
  /** The creator is the sender of m.room.create; `content.creator` is gone. https://spec.matrix.org/v1.19/rooms/v11/#remove-the-creator-property-of-mroomcreate-events */
  readonly creatorIsSender: boolean;
  /** `redacts` stands in the content of m.room.redaction. https://spec.matrix.org/v1.19/rooms/v11/#moving-the-redacts-property-of-mroomredaction-events-to-a-content-property */
  readonly redactsInContent: boolean;
  /** The redaction algorithm of version 11. https://spec.matrix.org/v1.19/rooms/v11/#redactions */
  readonly redactionOfVersion11: boolean;
  /** The room ID is the create event's ID with `!`; the create event has no room_id and is no auth event. https://spec.matrix.org/v1.19/rooms/v12/#event-format */
  readonly roomIdIsCreateEvent: boolean;
  /** Creators, additional ones included, have infinite power and are not in power levels. https://spec.matrix.org/v1.19/rooms/v12/#authorisation-rules */
  readonly creatorsHaveInfinitePower: boolean;
}
