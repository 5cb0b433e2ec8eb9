// Many users of an application service joining a room in one part: what a netjoin of IRC is. Each stands for itself, so one who may not
// join is named and the others come in; who may not join by themselves is invited by who asks for it, if that user may.
import { setImmediate as othersTurn } from 'node:timers/promises';
import { canonicalJson, type JsonObject, MatrixError } from '@pons/spec';
import { authStateKeys } from '../rules/auth-events.ts';
import type { Queryable } from '../storage/database.ts';
import { appendPdu } from './append-pdu.ts';
import { authorisePdu } from './authorise-pdu.ts';
import { buildPdu } from './build-pdu.ts';
import { type LaneMemory, type StateKey, stateKeyText } from './lane-memory.ts';
import type { MadeProposal, Making } from './make-part.ts';
import type { Part } from './part.ts';
import type { EventDraft, Joins, Proposal } from './proposal.ts';

/** Users of one proposal. With 250 each costs 3 % more; with 1,000 what waits to be stored is more than the young generation holds. */
export const joinsMax = 500;

/** Joins that are made in one turn of the event loop: 5 ms. */
const joinsPerTurn = 100;

/** Who joins with more others than this is not remembered by the lane. */
const crowdMin = 100;

/** Reads the state that joining needs into the memory, but for keys that no room has. */
export async function readJoins(
  db: Queryable,
  memory: LaneMemory,
  joins: Joins,
  newKeys: ReadonlySet<string>,
): Promise<void> {
  const { host, memberships } = joins;
  const type = 'm.room.member';
  // What one invitation needs, and of all others nothing but the member.
  const invitation = { type, sender: host, state_key: host, content: { membership: 'invite' } };
  const needed: StateKey[] = authStateKeys(invitation, memory.rules).map(([key, stateKey]) => ({
    type: key,
    stateKey,
  }));
  for (const userId of memberships.keys()) if (userId !== host) needed.push({ type, stateKey: userId });
  await memory.load(
    db,
    needed.filter((key) => !newKeys.has(stateKeyText(key.type, key.stateKey))),
  );
}

/** Adds the joins to the part. Others have their turn meanwhile; the room is the lane's until the part is stored. */
export async function appendJoins(part: Part, proposal: Proposal, joins: Joins, making: Making): Promise<MadeProposal> {
  const result: { readonly eventId: string; readonly at: number }[] = [];
  const refused = new Map<string, MatrixError>();
  part.isCrowd = joins.memberships.size > crowdMin;
  const { originServerTs } = joins;
  const dated = originServerTs === undefined ? undefined : { originServerTs };
  let turn = 0;
  for (const [userId, content] of joins.memberships) {
    turn += 1;
    if (turn % joinsPerTurn === 0) await othersTurn();
    if (isSo(part, userId, content)) continue;
    const join: EventDraft = { type: 'm.room.member', stateKey: userId, sender: userId, content, ...dated };
    const add = (draft: EventDraft) => append(part, draft, { proposal, joins, making });
    try {
      result.push(add(join));
    } catch (error) {
      const refusal = whyNot(error);
      // Nothing of the join is in the part; an invitation without it must not stay there either.
      const mark = part.mark();
      try {
        if (refusal.errcode !== 'M_FORBIDDEN') throw refusal;
        const invitation = add({ ...join, sender: joins.host, content: { ...content, membership: 'invite' } });
        result.push(invitation, add(join));
      } catch (other) {
        whyNot(other);
        part.rewind(mark);
        refused.set(userId, refusal);
      }
    }
  }
  return { result, refused };
}

function append(
  part: Part,
  draft: EventDraft,
  { proposal, joins, making }: { readonly proposal: Proposal; readonly joins: Joins; readonly making: Making },
) {
  const { now, signer, nids } = making;
  const judged = authorisePdu(buildPdu(draft, part, now, signer), part, signer.serverName);
  const eventNid = nids.pop();
  if (eventNid === undefined) throw new Error('an event without a number');
  const at = appendPdu(judged, part, {
    eventNid,
    serverName: signer.serverName,
    bulkBy: joins.appserviceId,
    ...(proposal.trace === undefined ? {} : { trace: proposal.trace }),
  });
  return { eventId: judged.eventId, at };
}

function isSo(part: Part, userId: string, content: JsonObject): boolean {
  const now = part.value('m.room.member', userId)?.event.content;
  return now?.['membership'] === 'join' && canonicalJson(now) === canonicalJson(content);
}

function whyNot(error: unknown): MatrixError {
  if (error instanceof MatrixError) return error;
  throw error;
}
