// A part in the making: what a lane adds to its room with one commit, event upon event. It stands between the lane's memory, which it
// reads and never touches, and the Commit, which it becomes. A proposal that is refused half-way is rewound, so the others go on.
import type {
  AuthLinkRow,
  BatchEventRow,
  ClientTransactionRow,
  Commit,
  EventRow,
  MemberRemovalRow,
  MemberRow,
  PlacedEventRow,
  RelationRow,
  RoomPart,
  StateRow,
} from '../storage/commit.ts';
import type { ChainAssignment } from '../rules/auth-chain/assign-chains.ts';
import type { RedactionTargetRow } from '../storage/tables/events.ts';
import { type LaneMemory, type RoomPoint, type StateValue, stateKeyText } from './lane-memory.ts';
import type { RoomChange } from './proposal.ts';

/** A place to go back to. */
export interface PartMark {
  readonly point: RoomPoint;
  readonly lengths: readonly number[];
  readonly undo: number;
  readonly positions: number;
  readonly published: boolean | undefined;
}

/** What is to be read before a part can be made without waiting. */
export interface PartInputs {
  /** Number of each (type, state_key) that the drafts set, by stateKeyText. */
  readonly keyNids: ReadonlyMap<string, number>;
  /** Events that redactions point to, by event id. */
  readonly targets: ReadonlyMap<string, RedactionTargetRow>;
  /** Of the keys: those that no room has a value for. */
  readonly newKeys?: ReadonlySet<string>;
}

interface Changed {
  readonly type: string;
  readonly stateKey: string;
  readonly value: StateValue | undefined;
}

/** The rows of one commit to one room, and where the room stands after them. */
export class Part {
  readonly memory: LaneMemory;
  readonly inputs: PartInputs;
  point: RoomPoint;
  positions = 0;
  readonly events: EventRow[] = [];
  /** Outliers that get a place in the room. */
  readonly placed: PlacedEventRow[] = [];
  /** Of state events: that of its auth events which it replaces. */
  readonly replacedBy = new Map<string, string>();
  /** Of hidden events: the loose ends that they follow. */
  readonly followed = new Map<string, readonly string[]>();
  authLinks: readonly AuthLinkRow[] = [];
  /** Where its state events went on the auth-chain index. */
  chains: ChainAssignment | undefined;
  readonly state: StateRow[] = [];
  /** Forks of the room's state, and where they stand on line 0. */
  readonly newLines: { readonly line: number; readonly baseVersion: number }[] = [];
  readonly membersRemoved: MemberRemovalRow[] = [];
  /** Redactions of events that have not come yet. */
  readonly earlyRedactions: { readonly redacts: string; readonly eventNid: number }[] = [];
  readonly members: MemberRow[] = [];
  readonly relations: RelationRow[] = [];
  readonly redactions: { readonly eventNid: number; readonly redactedBy: number; readonly json: string }[] = [];
  readonly clientTransactions: ClientTransactionRow[] = [];
  readonly batchEvents: BatchEventRow[] = [];
  /** A new line of state for imported history, and where it goes in. */
  history: { readonly eventNid: number; readonly line: number; readonly baseVersion: number } | undefined;
  isHistory = false;
  /** Its memberships are not remembered: those of thousands who join together would push out what is in use. */
  isCrowd = false;
  readonly #aliases: { readonly alias: string; readonly creator: string }[] = [];
  readonly #aliasesRemoved: string[] = [];
  readonly #forgotten: string[] = [];
  #published: boolean | undefined;
  readonly #changed = new Map<string, Changed>();
  readonly #undo: { readonly key: string; readonly before: Changed | undefined }[] = [];

  constructor(memory: LaneMemory, inputs: PartInputs) {
    this.memory = memory;
    this.inputs = inputs;
    this.point = memory.point;
  }

  /** The value of a key after what was appended so far. */
  value(type: string, stateKey: string): StateValue | undefined {
    const key = stateKeyText(type, stateKey);
    const changed = this.#changed.get(key);
    if (changed !== undefined) return changed.value;
    if (this.inputs.newKeys?.has(key) === true) return undefined;
    const remembered = this.memory.peek(key);
    if (remembered === 'unknown') throw new Error(`state key not read before the part was made: ${type}`);
    return remembered;
  }

  /** The key never had a value in this room. */
  isFirst(type: string, stateKey: string): boolean {
    const key = stateKeyText(type, stateKey);
    return this.inputs.newKeys?.has(key) === true && !this.#changed.has(key);
  }

  setValue(type: string, stateKey: string, value: StateValue | undefined): void {
    const key = stateKeyText(type, stateKey);
    const before = this.#changed.get(key);
    this.#undo.push({ key, before });
    this.#changed.set(key, { type, stateKey, value });
  }

  /** Aliases, directory entry and forgetting: what is no event. */
  addChange(change: RoomChange): void {
    if (change.aliases !== undefined) this.#aliases.push(...change.aliases);
    if (change.aliasesRemoved !== undefined) this.#aliasesRemoved.push(...change.aliasesRemoved);
    if (change.forgotten !== undefined) this.#forgotten.push(...change.forgotten);
    if (change.published !== undefined) this.#published = change.published;
  }

  mark(): PartMark {
    return {
      point: this.point,
      lengths: this.#lists().map((list) => list.length),
      undo: this.#undo.length,
      positions: this.positions,
      published: this.#published,
    };
  }

  /** Takes back everything since the mark. */
  rewind(mark: PartMark): void {
    this.point = mark.point;
    this.positions = mark.positions;
    this.#published = mark.published;
    this.#lists().forEach((list, index) => {
      list.length = mark.lengths[index] ?? 0;
    });
    for (const { key, before } of this.#undo.splice(mark.undo).reverse()) {
      if (before === undefined) this.#changed.delete(key);
      else this.#changed.set(key, before);
    }
  }

  /** There is nothing to write: all of a batch was known. */
  get isEmpty(): boolean {
    return (
      this.history === undefined && this.#published === undefined && this.#lists().every((list) => list.length === 0)
    );
  }

  /** What goes to the door. */
  toCommit(create?: { readonly roomId: string; readonly roomVersion: string }): Commit {
    const { point } = this;
    const room: RoomPart = {
      roomNid: this.memory.roomNid,
      builtOn: this.memory.point.version,
      ...(create === undefined ? {} : { create }),
      stateVersion: point.stateVersion,
      extremities: point.extremities.map((extremity) => extremity.eventNid),
      depth: point.depth,
      joined: point.joined,
      invited: point.invited,
      nextLine: point.nextLine,
      events: this.events,
      state: this.state,
      ...this.#memberRows(),
      relations: this.relations,
      redactions: this.redactions,
      ...(this.#aliases.length === 0 ? {} : { aliases: this.#aliases }),
      ...(this.#aliasesRemoved.length === 0 ? {} : { aliasesRemoved: this.#aliasesRemoved }),
      ...(this.#forgotten.length === 0 ? {} : { forgotten: this.#forgotten }),
      ...(this.#published === undefined ? {} : { published: this.#published }),
      ...(this.batchEvents.length === 0 ? {} : { batchEvents: this.batchEvents }),
      ...(this.history === undefined ? {} : { batchPoint: this.history }),
      ...(this.history === undefined && this.newLines.length === 0 ? {} : { lines: this.#lines() }),
      ...(this.placed.length === 0 ? {} : { placed: this.placed }),
      ...(this.authLinks.length === 0 ? {} : { authLinks: this.authLinks }),
      ...(this.earlyRedactions.length === 0 ? {} : { earlyRedactions: this.earlyRedactions }),
      ...(this.isHistory ? { isHistory: true } : {}),
    };
    return { room, clientTransactions: this.clientTransactions, positions: this.positions };
  }

  /** The commit is stored: the memory learns it. `last` is its last position. */
  adopt(last: number): void {
    for (const { type, stateKey, value } of this.#changed.values()) {
      if (this.isCrowd && type === 'm.room.member') this.memory.drop(type, stateKey);
      else this.memory.remember(type, stateKey, value);
    }
    if (this.chains !== undefined) this.memory.chains.adopt(this.chains);
    for (const [eventId, ends] of this.followed) this.memory.hidden.set(eventId, ends);
    const isCopy = ({ line }: StateRow) => this.newLines.some((copy) => copy.line === line);
    const copied = this.newLines.length === 0 ? 0 : this.state.filter(isCopy).length;
    this.memory.noteForks(this.events.length, copied);
    this.memory.advance({ ...this.point, version: this.memory.point.version + 1 }, last);
  }

  /** Of a user who went, what is left. */
  #memberRows(): Pick<RoomPart, 'members' | 'membersRemoved'> {
    const members = this.#lastMembers();
    if (this.membersRemoved.length === 0) return { members };
    const removed = new Map(this.membersRemoved.map((row) => [row.userId, row]));
    const isGone = ({ userId }: { readonly userId: string }) =>
      removed.has(userId) && this.value('m.room.member', userId) === undefined;
    const membersRemoved = [...removed.values()].filter(isGone);
    return {
      members: members.filter((row) => !isGone(row)),
      ...(membersRemoved.length === 0 ? {} : { membersRemoved }),
    };
  }

  // A row takes one change per statement: of a user who was invited and joined in this part, the last.
  #lastMembers(): MemberRow[] {
    const last = new Map<string, MemberRow>();
    for (const row of this.members) {
      last.set(row.userId, last.get(row.userId)?.isFirst === true ? { ...row, isFirst: true } : row);
    }
    return [...last.values()];
  }

  #lines() {
    const { history, newLines } = this;
    return history === undefined ? newLines : [...newLines, { line: history.line, baseVersion: history.baseVersion }];
  }

  #lists(): unknown[][] {
    return [
      this.events,
      this.placed,
      this.newLines,
      this.membersRemoved,
      this.earlyRedactions,
      this.state,
      this.members,
      this.relations,
      this.redactions,
      this.clientTransactions,
      this.batchEvents,
      this.#aliases,
      this.#aliasesRemoved,
      this.#forgotten,
    ];
  }
}
