// An event of ours in a room with more loose ends than one event may follow: it follows the deepest 20, and stands on what those alone come
// to, as every other server will work it out; so it may not be judged by the room as a whole only. Each such event leaves 19 loose ends
// fewer, and a room heals as people speak. Elsewhere our events stand at the end of the room, and nothing here is asked.
// https://spec.matrix.org/v1.19/server-server-api/#pdus
import { citedIds } from '@pons/spec';
import { authStateKeys } from '../../rules/auth-events.ts';
import { citedByNumber, citedEvents } from '../../storage/tables/forks.ts';
import { type RedactionTargetRow, redactionTargets } from '../../storage/tables/events.ts';
import { authorisePdu } from '../authorise-pdu.ts';
import { buildPdu, type EventGround, previousExtremities } from '../build-pdu.ts';
import { type Making, readInputs } from '../make-part.ts';
import type { EventDraft } from '../proposal.ts';
import { EventStates, lookupAt, placeFor, type Planning, stateAfterAll, unlessTorn } from './event-states.ts';
import { currentOf, type ReceivedPlan } from './plan-received.ts';

/**
 * Builds and judges an event of ours that ties loose ends.
 *
 * @returns undefined where they differ in too much to be worked out: then it stands on the room as it is, and there are fewer after it
 * @throws MatrixError M_FORBIDDEN when the rules refuse it, by what it follows or by the room as a whole
 */
export async function planTie(
  planning: Planning,
  draft: EventDraft,
  { now, signer }: Pick<Making, 'now' | 'signer'>,
): Promise<ReceivedPlan | undefined> {
  const { db, part } = planning;
  const { memory, point } = part;
  const { roomNid, rules, roomId } = memory;
  const targets = new Map<string, RedactionTargetRow>(await readInputs(db, memory, [{ drafts: [draft] }]));
  const followed = previousExtremities(point.extremities);
  const rows = await citedByNumber(
    db,
    roomNid,
    followed.map(({ eventNid }) => eventNid),
  );
  const before = await unlessTorn(stateAfterAll(planning, rows));
  if (before === undefined) return undefined;
  const keys = authStateKeys(subjectOf(draft), rules).map(([type, stateKey]) => ({ type, stateKey }));
  const lookup = await lookupAt(planning, before, keys);
  for (const [type, stateKey] of rules.citesHashes ? authStateKeys(subjectOf(draft), rules) : []) {
    const eventId = lookup(type, stateKey)?.eventId;
    for (const row of eventId === undefined ? [] : await redactionTargets(db, roomNid, [eventId]))
      targets.set(eventId ?? '', row);
  }
  const ground: EventGround = {
    memory: { rules, roomId },
    point: { depth: point.depth, extremities: followed },
    inputs: { targets },
    events: [],
    value: lookup,
  };
  const judged = authorisePdu(buildPdu(draft, ground, now, signer), ground, signer.serverName);
  authorisePdu(judged, { ...ground, value: currentOf(part) }, signer.serverName);
  const cited = await citedEvents(db, roomNid, citedIds(judged.pdu.auth_events));
  const states = new EventStates(planning, judged, new Map([...rows, ...cited].map((row) => [row.eventId, row])));
  const realised = await unlessTorn(placeFor(planning, before));
  const loose = point.extremities.filter((one) => !followed.includes(one));
  const merge = realised === undefined ? undefined : await unlessTorn(states.merge(before, loose));
  if (realised === undefined || merge === undefined) return undefined;
  const stands = {
    line: realised.place.line,
    stateVersion: realised.place.version,
    currentVersion: point.stateVersion,
    replaces: states.replaces,
  };
  return { judged, eventNid: states.eventNid, stands, realised, targets, merge };
}

function subjectOf({ type, stateKey, sender, content }: EventDraft) {
  return stateKey === undefined ? { type, sender, content } : { type, state_key: stateKey, sender, content };
}
