// Whether what the server has stored of a room is what another server would accept: each event by form, hash, signature, ID, references
// and the numbered rules against its auth events, with nothing believed that the room itself did not say.
// https://spec.matrix.org/v1.19/server-server-api/#checks-performed-on-receipt-of-a-pdu

import { citedIds, type EventReference, type Pdu, type RoomVersionRules } from '@pons/spec';
import {
  contentHashMatches,
  eventIdOf,
  referenceHash,
  requiredSigners,
  roomIdOf,
  type FindVerifyKey,
  verifyPdu,
} from '@pons/spec/crypto';
import { judgeAuthEvents } from '../../src/rules/auth-rules/auth-events.ts';
import { authorise } from '../../src/rules/authorise.ts';
import { checkEventFormat } from '../../src/rules/event-format.ts';

/** An event as it is stored. */
export interface StoredEvent {
  readonly eventId: string;
  readonly json: string;
  /** Redacted: its content no longer fits its hash. */
  readonly redacted: boolean;
}

/** What is wrong with the events of a room, in words; each after those it cites. */
export function auditRoom(
  events: readonly StoredEvent[],
  {
    roomId,
    rules,
    findKey,
  }: { readonly roomId: string; readonly rules: RoomVersionRules; readonly findKey: FindVerifyKey },
): string[] {
  const known = new Map<string, Pdu>();
  return events.flatMap(({ eventId, json, redacted }) => {
    const format = checkEventFormat(JSON.parse(json), rules);
    if (format.outcome === 'invalid') return [`${eventId}: ${format.field} ${format.reason}`];
    const { pdu } = format;
    const found: string[] = [];
    const say = (what: string) => found.push(`${eventId} (${pdu.type}): ${what}`);
    if (eventIdOf(pdu, rules) !== eventId) say('has another ID');
    if (contentHashMatches(pdu, rules) === redacted) say(redacted ? 'is redacted and whole' : 'does not fit its hash');
    if ((pdu.room_id ?? roomIdOf(pdu, rules)) !== roomId) say('is of another room');
    for (const server of requiredSigners(pdu, rules)) {
      if (server === undefined || verifyPdu(pdu, rules, server, findKey).outcome !== 'verified')
        say(`is not signed by ${server}`);
    }
    for (const reference of [...pdu.prev_events, ...pdu.auth_events]) {
      const problem = problemOf(reference, known, rules);
      if (problem !== undefined) say(problem);
    }
    const verdict = verdictOn(pdu, { known, rules, roomId });
    if (verdict !== 'allowed') say(`is against rule ${verdict}`);
    known.set(eventId, pdu);
    return found;
  });
}

function problemOf(
  reference: EventReference,
  known: ReadonlyMap<string, Pdu>,
  rules: RoomVersionRules,
): string | undefined {
  const [id = ''] = citedIds([reference]);
  const cited = known.get(id);
  if (cited === undefined) return `cites ${id}, which is not before it`;
  if (typeof reference === 'string') return rules.citesHashes ? `cites ${id} without its hash` : undefined;
  return reference[1].sha256 === referenceHash(cited, rules) ? undefined : `cites ${id} with another hash`;
}

function verdictOn(
  pdu: Pdu,
  {
    known,
    rules,
    roomId,
  }: { readonly known: ReadonlyMap<string, Pdu>; readonly rules: RoomVersionRules; readonly roomId: string },
): string {
  const cited = citedIds(pdu.auth_events).flatMap((id) => known.get(id) ?? []);
  const selection = judgeAuthEvents(
    pdu,
    roomId,
    cited.map((event) => ({ event, rejected: false })),
    rules,
  );
  if (selection.outcome === 'rejected') return selection.rule;
  const create = `$${roomId.slice(1)}`;
  const ids = [...(rules.roomIdIsCreateEvent ? [create] : []), ...citedIds(pdu.auth_events)];
  const state = (type: string, stateKey: string) => {
    const eventId = ids.find((id) => known.get(id)?.type === type && known.get(id)?.state_key === stateKey);
    const event = known.get(eventId ?? '');
    return eventId === undefined || event === undefined ? undefined : { eventId, event };
  };
  const verdict = authorise({ event: pdu, rules, state, isSignedBy: (server) => pdu.signatures[server] !== undefined });
  return verdict.outcome === 'allowed' ? 'allowed' : verdict.rule;
}
