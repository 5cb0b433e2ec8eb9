// What the one door takes: everything that must become visible together, as rows. Domains build a Commit in memory; group-commit.ts
// writes many of them in one statement and gives each its positions. Nothing here decides anything.

import type { Queryable } from './database.ts';

/** Rows that are written together, or not at all. */
export interface Commit {
  /** Needs a lane; refused when the room has moved on. */
  readonly room?: RoomPart;
  /** A duplicate key answers the stored response instead of writing anything. */
  readonly clientTransactions?: readonly ClientTransactionRow[];
  readonly accountData?: readonly AccountDataRow[];
  readonly receipts?: readonly ReceiptRow[];
  readonly ephemeralEvents?: readonly EphemeralEventRow[];
  readonly toDevice?: readonly ToDeviceRow[];
  readonly deviceListChanges?: readonly DeviceListChangeRow[];
  readonly keys?: KeyRows;
  readonly profileChanges?: readonly UserRow[];
  /** How many positions it takes; each positioned row names its place among them (`at`, 0-based). */
  readonly positions: number;
}

/** What a lane adds to its room. */
export interface RoomPart {
  readonly roomNid: number;
  /** rooms.version that this was built on; -1: the room is new and `create` is given. */
  readonly builtOn: number;
  readonly create?: { readonly roomId: string; readonly roomVersion: string };
  /** rooms.state_version after it. */
  readonly stateVersion: number;
  /** event_nid of the forward extremities after it. */
  readonly extremities: readonly number[];
  readonly depth: number;
  readonly joined: number;
  readonly invited: number;
  readonly nextLine: number;
  readonly events: readonly EventRow[];
  /** Outliers that get a place in the room. */
  readonly placed?: readonly PlacedEventRow[];
  readonly authLinks?: readonly AuthLinkRow[];
  /** Changes of state intervals: closes the open interval of (line, key) at fromVersion and opens this one. */
  readonly state: readonly StateRow[];
  readonly lines?: readonly { readonly line: number; readonly baseVersion: number }[];
  readonly members: readonly MemberRow[];
  /** Users of whom the state says nothing any more. */
  readonly membersRemoved?: readonly MemberRemovalRow[];
  readonly relations: readonly RelationRow[];
  /** The redacted event's JSON replaces the one stored. */
  readonly redactions: readonly { readonly eventNid: number; readonly redactedBy: number; readonly json: string }[];
  /** Redactions of events that have not come yet. */
  readonly earlyRedactions?: readonly { readonly redacts: string; readonly eventNid: number }[];
  readonly aliases?: readonly { readonly alias: string; readonly creator: string }[];
  readonly aliasesRemoved?: readonly string[];
  readonly published?: boolean;
  /** Users who forget the room; any later change of their membership takes it back. */
  readonly forgotten?: readonly string[];
  /** Names that an application service gave to events of its batches. */
  readonly batchEvents?: readonly BatchEventRow[];
  /** Where imported history of this room goes in, set by the first that comes. */
  readonly batchPoint?: { readonly eventNid: number; readonly line: number };
  /** All of it is history that arrives late: nobody who waits for news of the room is woken. */
  readonly isHistory?: boolean;
}

export interface BatchEventRow {
  readonly appserviceId: string;
  readonly remoteId: string;
  readonly eventId: string;
}

export interface EventRow {
  readonly eventNid: number;
  readonly eventId: string;
  /** Place among the positions of the Commit; undefined: takes none (outlier, rejected, soft-failed). */
  readonly at?: number;
  /** Given for history that arrives late; live events are ordered by their position. */
  readonly order?: { readonly major: number; readonly minor: number };
  readonly type: string;
  readonly sender: string;
  readonly keyNid: number | null;
  readonly depth: number;
  readonly originServerTs: number;
  readonly line: number;
  readonly stateVersion: number;
  readonly outlier: boolean;
  readonly rejected: boolean;
  readonly softFailed: boolean;
  /** Where it is put on the auth-chain index, once the rest of its part is made. */
  authChain: number | null;
  authChainSeq: number | null;
  readonly transactionKey: string | null;
  readonly trace: string | null;
  /** Version of line 0 before it, where it did not come at the end of the room. */
  readonly currentVersion?: number;
  /** The application service that made it in bulk: it is not told of it. */
  readonly bulkBy?: string;
  /** Of a state event: what it changed, so that a reader in this process need not read it back. */
  readonly change?: {
    readonly stateKey: string;
    /** Of m.room.member: the membership, and the one before it; `leave` for none. */
    readonly membership?: { readonly is: string; readonly was: string };
    /** The event that it replaced. */
    readonly replaced?: { readonly eventNid: number; readonly eventId: string; readonly json: () => string };
  };
  readonly json: string;
  /** Of state events; a message's stand in its text. */
  readonly authEventIds: readonly string[];
}

/** Where an event stands that was an outlier. */
export type PlacedEventRow = Pick<
  EventRow,
  'eventNid' | 'at' | 'line' | 'stateVersion' | 'currentVersion' | 'rejected' | 'softFailed'
>;

/** An event of one auth chain cites one of another. */
export interface AuthLinkRow {
  readonly fromChain: number;
  readonly fromSeq: number;
  readonly toChain: number;
  readonly toSeq: number;
}

export interface StateRow {
  readonly line: number;
  readonly keyNid: number;
  readonly fromVersion: number;
  readonly eventNid: number | null;
  /** The key never had a value in this room: no interval is to be closed. */
  readonly isFirst?: true;
}

/** A user of whom a merge of forks left nothing in the state. `at`: since which of the Commit's positions. */
export type MemberRemovalRow = Pick<MemberRow, 'userId' | 'local' | 'at'>;

export interface MemberRow {
  readonly userId: string;
  readonly membership: string;
  readonly eventNid: number;
  readonly sender: string;
  readonly local: boolean;
  readonly displayname: string | null;
  readonly avatarUrl: string | null;
  readonly at: number;
  /** The user never was a member of the room, in any way. */
  readonly isFirst?: true;
}

export interface RelationRow {
  readonly eventNid: number;
  readonly relatesTo: string;
  readonly relType: string;
  readonly key: string | null;
}

export interface ClientTransactionRow {
  readonly userId: string;
  readonly deviceId: string;
  readonly endpoint: string;
  readonly roomNid: number;
  readonly txnId: string;
  readonly response: string;
  readonly createdTs: number;
}

export interface AccountDataRow {
  readonly userId: string;
  readonly roomNid: number;
  readonly type: string;
  readonly json: string;
  readonly at: number;
}

export interface ReceiptRow {
  readonly roomNid: number;
  readonly userId: string;
  readonly type: string;
  readonly threadId: string;
  readonly eventId: string;
  readonly ts: number;
  readonly at: number;
}

export interface EphemeralEventRow {
  readonly roomNid: number;
  readonly userId: string;
  readonly deviceId: string;
  readonly txnId: string;
  readonly type: string;
  /** As it is shown. */
  readonly json: string;
  readonly expiresTs: number;
  readonly at: number;
}

export interface ToDeviceRow {
  readonly userId: string;
  readonly deviceId: string;
  readonly json: string;
  readonly at: number;
}

export interface UserRow {
  readonly userId: string;
  readonly at: number;
}

export interface DeviceListChangeRow extends UserRow {
  /** Only this user hears of it; absent: everybody who shares a room. */
  readonly onlyFor?: string;
  /** Rooms whose members wait to hear of it. */
  readonly roomNids?: readonly number[];
}

/** What users publish for encryption, and the devices it belongs to; goes with the device-list change that tells of it. */
export interface KeyRows {
  readonly deviceKeys?: readonly { readonly userId: string; readonly deviceId: string; readonly json: string }[];
  readonly crossSigningKeys?: readonly {
    readonly userId: string;
    readonly usage: string;
    readonly publicKey: string;
    readonly json: string;
  }[];
  readonly signatures?: readonly KeySignatureRow[];
  /** Keys that are gone, or other ones now: signatures of them and by them go. */
  readonly signaturesRemoved?: readonly { readonly userId: string; readonly keyId: string }[];
  readonly deviceNames?: readonly {
    readonly userId: string;
    readonly deviceId: string;
    readonly displayName: string;
  }[];
  /** With their tokens and keys. */
  readonly devicesRemoved?: readonly { readonly userId: string; readonly deviceId: string }[];
}

/** A signature that came after the key which it signs. */
export interface KeySignatureRow {
  /** Whose key is signed. */
  readonly userId: string;
  /** Device id, or the public key of a master key. */
  readonly keyId: string;
  readonly signer: string;
  /** `ed25519:…` */
  readonly signedBy: string;
  readonly signature: string;
}

/** What became of a Commit. */
export type CommitOutcome =
  /** Written; row `at` n has position `first + n`. */
  | { readonly outcome: 'stored'; readonly first: number }
  /** The room has moved on: refresh the lane and rebuild. */
  | { readonly outcome: 'refused' }
  /** This client transaction was done before: its stored response, by index into clientTransactions. */
  | { readonly outcome: 'duplicate'; readonly index: number; readonly response: string };

/** The one door. Waits for nothing but the database; the caller is answered after the commit. */
export interface Door {
  /** @throws StorageError when the rows themselves cannot be stored; then nothing of this Commit is */
  commit(commit: Commit): Promise<CommitOutcome>;
  /**
   * Writes what `build` answers while no other writer can come in between, so it cannot be refused. Everybody waits meanwhile: the
   * last resort of a room that others have changed each time before.
   *
   * @param build  reads by `tx` alone; undefined: nothing to write
   * @throws StorageError as commit does; what `build` throws
   */
  readonly commitAlone: (build: (tx: Queryable) => Promise<Commit | undefined>) => Promise<CommitOutcome | undefined>;
}
