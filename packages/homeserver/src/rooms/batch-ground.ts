// What a batch of imported events stands on, read before its part is made: which of them are known, where they go in, and, for history,
// the state of that time.
//
//   the room      create … joins … E ──────▶ first message ──▶ … now      line 0, goes on as ever
//   history                         └▶ oldest … newest                    a line of its own on the state before the first message
//
// Each batch of history is a chain after E, standing before the batches that came earlier; nothing follows it. Its line is the room's
// state at that place and, over it, the members of that time. https://spec.matrix.org/v1.19/server-server-api/#pdus
import { citedIds, MatrixError, type Pdu } from '@pons/spec';
import { authStateKeys } from '../rules/auth-events.ts';
import type { Queryable } from '../storage/database.ts';
import { type BatchPointRow, batchEvents, batchPoint } from '../storage/tables/batches.ts';
import { type RedactionTargetRow, redactionTargets } from '../storage/tables/events.ts';
import { keyValuesAt } from '../storage/tables/room-state.ts';
import type { EventGround } from './build-pdu.ts';
import { type LaneMemory, type StateKey, type StateValue, stateContent, stateKeyText } from './lane-memory.ts';
import type { Batch, EventDraft } from './proposal.ts';
import { relatedIds } from './remote-ids.ts';

/** What was read for a batch. */
export interface BatchGround {
  /** Event ids by the names under which they came; grows while the batch is made. */
  readonly ids: Map<string, string>;
  /** Events to be redacted, by event id; grows likewise. */
  readonly targets: Map<string, RedactionTargetRow>;
  /** Absent: the events go to the end of the room. */
  readonly history?: HistoryGround;
}

/** The place in a room's past where history goes in. */
export class HistoryGround implements EventGround {
  readonly memory: LaneMemory;
  readonly inputs: { readonly targets: ReadonlyMap<string, RedactionTargetRow> };
  readonly place: BatchPointRow;
  /** None that anything cites by its hash: that is done in room versions 1 and 2 alone, which take no batches. */
  readonly events: EventGround['events'] = [];
  point: EventGround['point'];
  readonly #values: Map<string, StateValue>;

  constructor(
    memory: LaneMemory,
    place: BatchPointRow,
    targets: ReadonlyMap<string, RedactionTargetRow>,
    values: Map<string, StateValue>,
  ) {
    this.memory = memory;
    this.place = place;
    this.inputs = { targets };
    this.#values = values;
    const { prev_events: before, depth } = JSON.parse(place.json) as Pdu;
    this.point = { depth: depth - 1, extremities: citedIds(before).map((eventId) => ({ eventId, depth: depth - 1 })) };
  }

  value(type: string, stateKey: string): StateValue | undefined {
    return this.#values.get(stateKeyText(type, stateKey));
  }

  /** Somebody was there then. */
  setValue(value: StateValue): void {
    this.#values.set(stateKeyText(value.event.type, value.event.state_key ?? ''), value);
  }

  /** The next event follows this one. */
  follow(eventId: string, depth: number): void {
    this.point = { depth, extremities: [{ eventId, depth }] };
  }
}

/**
 * Reads what a batch needs of its room, state of now into the memory.
 *
 * @throws MatrixError M_UNSUPPORTED_ROOM_VERSION
 */
export async function readBatch(db: Queryable, memory: LaneMemory, batch: Batch): Promise<BatchGround> {
  const { roomNid, rules } = memory;
  if (rules.citesHashes) {
    throw new MatrixError('M_UNSUPPORTED_ROOM_VERSION', 'Batches go into rooms of version 3 and later.');
  }
  const { appserviceId, direction, events } = batch;
  const names = new Set(events.flatMap(({ remoteIds, draft }) => [...remoteIds, ...pointedTo(draft)]));
  const ids = await batchEvents(db, { roomNid, appserviceId }, [...names]);
  const fresh = events.filter(({ remoteIds }) => !remoteIds.some((name) => ids.has(name))).map(({ draft }) => draft);
  const redacted = fresh.flatMap(({ redacts }) => (redacts === undefined ? [] : [ids.get(redacts) ?? redacts]));
  const targets = new Map<string, RedactionTargetRow>();
  for (const target of await redactionTargets(db, roomNid, redacted)) targets.set(target.eventId, target);
  const place = direction === 'forward' ? undefined : await batchPoint(db, roomNid);
  const needed = neededKeys(memory, batch, fresh);
  if (place === undefined) {
    for (const target of targets.values()) {
      const { type, state_key: stateKey } = JSON.parse(target.json) as Pdu;
      if (stateKey !== undefined) needed.push({ type, stateKey });
    }
    await memory.load(db, needed);
    return { ids, targets };
  }
  refuseForeign(fresh, ids, targets);
  const at = { line: place.line ?? 0, version: place.stateVersion };
  const values = new Map<string, StateValue>();
  for (const row of await keyValuesAt(db, roomNid, [at], needed)) {
    const event = stateContent(JSON.parse(row.json) as Pdu);
    values.set(stateKeyText(row.type, row.stateKey), { ...row, event, length: row.json.length });
  }
  return { ids, targets, history: new HistoryGround(memory, place, targets, values) };
}

// History is authorised by the power levels of that time. What was said since is not for those who had the power then.
function refuseForeign(
  fresh: readonly EventDraft[],
  ids: ReadonlyMap<string, string>,
  targets: ReadonlyMap<string, RedactionTargetRow>,
): void {
  for (const { redacts, sender } of fresh) {
    const target = redacts === undefined || ids.has(redacts) ? undefined : targets.get(redacts);
    if (target === undefined || target.sender === sender) continue;
    throw new MatrixError(
      'M_FORBIDDEN',
      'A batch of history redacts what was imported, by its name, and the own events of a sender.',
    );
  }
}

function pointedTo({ redacts, content }: EventDraft): string[] {
  return [...(redacts === undefined ? [] : [redacts]), ...relatedIds(content)];
}

// Of a membership as well: a sender who was not there joins first, perhaps invited.
function neededKeys({ rules }: LaneMemory, { host }: Batch, fresh: readonly EventDraft[]): StateKey[] {
  const needed = new Map<string, StateKey>();
  const content = { membership: 'invite' };
  for (const sender of new Set([host, ...fresh.map((draft) => draft.sender)])) {
    const subject = { type: 'm.room.member', sender: host, state_key: sender, content };
    for (const [type, stateKey] of authStateKeys(subject, rules))
      needed.set(stateKeyText(type, stateKey), { type, stateKey });
  }
  return [...needed.values()];
}
