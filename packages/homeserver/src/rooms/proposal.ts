// What an action hands to a room's lane: events to be built, authorised and appended together, changes of the room's aliases and
// directory entry, and the client transaction that asked for them. The lane answers after the commit.

import type { JsonObject, MatrixError } from '@pons/spec';
import type { Received, ReceiveOutcome } from './receive/receive-outcome.ts';

/** One event that somebody wants to make. Its place in the room, hashes and signature are the lane's business. */
export interface EventDraft {
  readonly type: string;
  /** Given: a state event. */
  readonly stateKey?: string;
  readonly sender: string;
  readonly content: JsonObject;
  /** Milliseconds; the clock's time when absent. Given by application services (timestamp massaging). */
  readonly originServerTs?: number;
  /** Event id that an m.room.redaction redacts. */
  readonly redacts?: string;
}

/** What one commit does to a room. */
export interface RoomChange {
  /** All or nothing; may be none. */
  readonly drafts: readonly EventDraft[];
  /** Aliases of this server that name the room from now on. Taken ones are refused with M_ROOM_IN_USE. */
  readonly aliases?: readonly { readonly alias: string; readonly creator: string }[];
  readonly aliasesRemoved?: readonly string[];
  /** Whether the directory lists the room from now on. */
  readonly published?: boolean;
  /** Users who forget the room, having left it. */
  readonly forgotten?: readonly string[];
  /** W3C traceparent of the request. */
  readonly trace?: string;
}

/** A change of a room that exists. */
export interface Proposal extends RoomChange {
  readonly roomId: string;
  /** Events that an application service imports; `drafts` is empty then. The answer has one entry for each of them. */
  readonly batch?: Batch;
  /** Users who join together; `drafts` is empty then. The answer has the events that it took, and who was refused. */
  readonly joins?: Joins;
  /** An event of another server; `drafts` is empty then, and the answer says what became of it. */
  readonly received?: Received;
  /** The same key again answers the first response and makes nothing. */
  readonly clientTransaction?: ClientTransactionKey;
  /** The application service's own name for the only draft; one that is taken is a unique violation of the database. */
  readonly named?: EventName;
}

/** What an application service calls an event of a room. */
export interface EventName {
  readonly appserviceId: string;
  readonly remoteId: string;
}

/** Users of an application service that come in together, each as if alone: who may not is named, and the others join. */
export interface Joins {
  readonly appserviceId: string;
  /** Who asks for it: invites those who may not join by themselves. */
  readonly host: string;
  /** Content of each one's membership. Who is in the room with this content already is left alone. */
  readonly memberships: ReadonlyMap<string, JsonObject>;
  /** Milliseconds; the clock's time when absent. */
  readonly originServerTs?: number;
}

/** Events that an application service imports. */
export interface Batch {
  readonly appserviceId: string;
  /** Who asks for it: invites senders who were not in the room. */
  readonly host: string;
  /** Before the room's first message, after everything, or after everything only while there is no message. */
  readonly direction: 'backward' | 'forward' | 'forwardIfNoMessages';
  /** Whether the last of them is news to people, of what goes in forward. */
  readonly notify: boolean;
  /** In their order, the oldest first. */
  readonly events: readonly BatchEvent[];
  /** Content of a sender's membership, for those who were not in the room. */
  readonly memberships: ReadonlyMap<string, JsonObject>;
}

/** One of them. */
export interface BatchEvent {
  /** Names for it: where one is known, it is the event that came under that name. */
  readonly remoteIds: readonly string[];
  /** Not a state event, with its time. Ids of events may be names. */
  readonly draft: EventDraft & { readonly originServerTs: number };
}

/** A room to be made. The first draft is m.room.create. */
export interface NewRoom extends RoomChange {
  readonly roomVersion: string;
  /** Its id, chosen by who makes it; of no use since room version 12, where the create event decides. Absent: a new one. */
  readonly roomId?: string;
}

/** Scope of a transaction id: user, device, endpoint (and the room of the proposal). */
export interface ClientTransactionKey {
  readonly userId: string;
  /** '' for a requester without a device. */
  readonly deviceId: string;
  /** Operation of the endpoint descriptor, e.g. `sendMessage`. */
  readonly endpoint: string;
  readonly txnId: string;
}

/** What the lane answers: the events in the order of the drafts. Rejections are thrown as MatrixError M_FORBIDDEN. */
export interface ProposalResult {
  readonly events: readonly { readonly eventId: string; readonly position: number }[];
  /** Of users who join together: who may not, and why. */
  readonly refused?: ReadonlyMap<string, MatrixError>;
  /** Of an event of another server. */
  readonly received?: ReceiveOutcome;
}
