// A part in the making: what a lane adds to its room with one commit, event upon event. It stands between the lane's memory, which it
// reads and never touches, and the Commit, which it becomes. A proposal that is refused half-way is rewound, so the others go on.
import type {
  BatchEventRow,
  ClientTransactionRow,
  Commit,
  EventRow,
  MemberRow,
  RelationRow,
  RoomPart,
  StateRow,
} from '../storage/commit.ts';
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
}

/** The rows of one commit to one room, and where the room stands after them. */
export class Part {
  readonly memory: LaneMemory;
  readonly inputs: PartInputs;
  point: RoomPoint;
  positions = 0;
  readonly events: EventRow[] = [];
  readonly state: StateRow[] = [];
  readonly members: MemberRow[] = [];
  readonly relations: RelationRow[] = [];
  readonly redactions: { readonly eventNid: number; readonly redactedBy: number; readonly json: string }[] = [];
  readonly clientTransactions: ClientTransactionRow[] = [];
  readonly batchEvents: BatchEventRow[] = [];
  /** A new line of state for imported history, and where it goes in. */
  history: { readonly eventNid: number; readonly line: number; readonly baseVersion: number } | undefined;
  isHistory = false;
  readonly #aliases: { readonly alias: string; readonly creator: string }[] = [];
  readonly #aliasesRemoved: string[] = [];
  readonly #forgotten: string[] = [];
  #published: boolean | undefined;
  readonly #changed = new Map<
    string,
    { readonly type: string; readonly stateKey: string; readonly value: StateValue }
  >();
  readonly #undo: (() => void)[] = [];

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
    const remembered = this.memory.peek(key);
    if (remembered === 'unknown') throw new Error(`state key not read before the part was made: ${type}`);
    return remembered;
  }

  setValue(type: string, stateKey: string, value: StateValue): void {
    const key = stateKeyText(type, stateKey);
    const before = this.#changed.get(key);
    this.#undo.push(() => (before === undefined ? this.#changed.delete(key) : this.#changed.set(key, before)));
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
    while (this.#undo.length > mark.undo) this.#undo.pop()?.();
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
      // A row takes one change per statement: of a user who was invited and joined in this part, the last.
      members: [...new Map(this.members.map((row) => [row.userId, row])).values()],
      relations: this.relations,
      redactions: this.redactions,
      ...(this.#aliases.length === 0 ? {} : { aliases: this.#aliases }),
      ...(this.#aliasesRemoved.length === 0 ? {} : { aliasesRemoved: this.#aliasesRemoved }),
      ...(this.#forgotten.length === 0 ? {} : { forgotten: this.#forgotten }),
      ...(this.#published === undefined ? {} : { published: this.#published }),
      ...(this.batchEvents.length === 0 ? {} : { batchEvents: this.batchEvents }),
      ...(this.history === undefined
        ? {}
        : { lines: [{ line: this.history.line, baseVersion: this.history.baseVersion }], batchPoint: this.history }),
      ...(this.isHistory ? { isHistory: true } : {}),
    };
    return { room, clientTransactions: this.clientTransactions, positions: this.positions };
  }

  /** The commit is stored: the memory learns it. `last` is its last position. */
  adopt(last: number): void {
    for (const { type, stateKey, value } of this.#changed.values()) this.memory.remember(type, stateKey, value);
    this.memory.advance({ ...this.point, version: this.memory.point.version + 1 }, last);
  }

  #lists(): unknown[][] {
    return [
      this.events,
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
