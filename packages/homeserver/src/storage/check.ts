// `pons db check`, and the same at leisure in the background: whether the tables agree with one another (check-rules.ts), and with the
// texts of the events (check-events.ts). Reads only, each in one snapshot, so a running server may go on. What it finds is listed, never
// mended.

import { type CheckedRoom, type WalkOptions, walkRoom } from './check-events.ts';
import { type CheckRule, databaseRules, roomRules, thoroughRules } from './check-rules.ts';
import type { ConnectionTarget } from './connection.ts';
import { type Queryable, statement } from './database.ts';
import { openSession } from './session.ts';

/** Something that should not be. */
export interface Finding {
  /** What must hold. */
  readonly rule: string;
  /** Where it does not. */
  readonly where: string;
}

/** Findings listed for one rule. */
const findingsPerRuleMax = 20;
/** Rooms that are looked at together where somebody waits. */
const roomsPerStep = 200;
/** Without `deep`, one event in so many is hashed. */
const hashEvery = 20;

const begin = { name: 'check.begin', text: 'begin isolation level repeatable read read only' };
const commit = { name: 'check.commit', text: 'commit' };
const rooms = statement(
  'check.rooms',
  `select room_nid as "roomNid", room_id as "roomId", room_version as "roomVersion", extremities from rooms
    where room_nid > $1 order by room_nid limit $2`,
);

/** How thorough it is. */
export interface CheckOptions {
  readonly progress?: (text: string) => void;
  /** Hashes every event. */
  readonly deep?: boolean;
}

/**
 * Looks for what does not agree, in one snapshot and as fast as it goes.
 *
 * @returns nothing when all is well; at most 20 places for each rule
 */
export async function checkDatabase(connection: ConnectionTarget, options: CheckOptions = {}): Promise<Finding[]> {
  const session = await openSession(connection, () => {}, { limited: false });
  try {
    await session.query(begin);
    return await checkSnapshot(session, options);
  } finally {
    await session.close();
  }
}

/** The same in a transaction of the caller's. */
export async function checkSnapshot(db: Queryable, options: CheckOptions = {}): Promise<Finding[]> {
  const { progress = () => {}, deep = false } = options;
  const findings = new Findings();
  const walk = { hashEvery: deep ? 1 : hashEvery, pause: () => Promise.resolve() };
  for (const rule of [...databaseRules, ...thoroughRules]) {
    progress(rule.rule);
    await applyRule(db, rule, [], findings);
  }
  let checked = 0;
  for (let after = 0; ; ) {
    const some = await db.query<CheckedRoom>(rooms, [after, roomsPerStep]);
    await checkRooms(db, some, walk, findings);
    after = some.at(-1)?.roomNid ?? after;
    checked += some.length;
    progress(`${checked} rooms`);
    if (some.length < roomsPerStep) return findings.list;
  }
}

/**
 * The same at leisure: one room at a time, each in a snapshot of its own, without what reads all of the largest tables.
 *
 * @param pause  waits between two steps; false ends the check
 */
export async function checkAtLeisure(
  connection: ConnectionTarget,
  pause: () => Promise<boolean>,
): Promise<Finding[] | undefined> {
  const session = await openSession(connection, () => {}, { limited: false });
  const findings = new Findings();
  const walk = { hashEvery, pause: async () => void (await pause()) };
  try {
    for (const rule of databaseRules) await applyRule(session, rule, [], findings);
    for (let after = 0; ; ) {
      if (!(await pause())) return undefined;
      await session.query(begin);
      const one = await session.query<CheckedRoom>(rooms, [after, 1]);
      await checkRooms(session, one, walk, findings);
      await session.query(commit);
      const [room] = one;
      if (room === undefined) return findings.list;
      after = room.roomNid;
    }
  } finally {
    await session.close();
  }
}

async function checkRooms(
  db: Queryable,
  some: readonly CheckedRoom[],
  walk: WalkOptions,
  findings: Findings,
): Promise<void> {
  if (some.length === 0) return;
  const nids = some.map(({ roomNid }) => roomNid);
  for (const rule of roomRules) await applyRule(db, rule, [nids], findings);
  for (const room of some) {
    for (const [rule, places] of await walkRoom(db, room, walk)) for (const where of places) findings.add(rule, where);
  }
}

async function applyRule(
  db: Queryable,
  { rule, broken }: CheckRule,
  values: readonly number[][],
  findings: Findings,
): Promise<void> {
  const rows = await db.query<{ place: string }>(broken, [...values, findingsPerRuleMax]);
  for (const { place } of rows) findings.add(rule, place);
}

/** What was found, not more of one kind than somebody reads. */
class Findings {
  readonly #places = new Map<string, string[]>();

  add(rule: string, where: string): void {
    const places = this.#places.get(rule) ?? [];
    if (places.length < findingsPerRuleMax) places.push(where);
    this.#places.set(rule, places);
  }

  get list(): Finding[] {
    return [...this.#places].flatMap(([rule, places]) => places.map((where) => ({ rule, where })));
  }
}
