// Appending a batch of imported events to a part: forward at the end of the room like anybody's, or as history further back. What came
// before under the same name is answered with its id and not made again. Senders who were not in the room are let in first: forward
// they join now, in history they count as members of that time, in its line alone.
import { MatrixError, type Pdu } from '@pons/spec';
import type { BatchPointRow } from '../storage/tables/batches.ts';
import { appendPdu, type AppendContext } from './append-pdu.ts';
import { authorisePdu, type JudgedPdu } from './authorise-pdu.ts';
import type { BatchGround, HistoryGround } from './batch-ground.ts';
import { buildPdu } from './build-pdu.ts';
import { stateContent, stateKeyText } from './lane-memory.ts';
import type { MadeProposal, Making } from './make-part.ts';
import type { Part } from './part.ts';
import type { Batch, BatchEvent, EventDraft, Proposal } from './proposal.ts';
import { withRelatedIds } from './remote-ids.ts';

/**
 * Adds a batch to the part. The result names every event of it in order; those that were known have no place in the commit.
 *
 * @throws MatrixError when one of them may not be
 */
export function appendBatch(part: Part, proposal: Proposal, ground: BatchGround, making: Making): MadeProposal {
  const { batch, trace } = proposal;
  if (batch === undefined) throw new Error('a proposal without a batch');
  const writer = new BatchWriter(part, batch, ground, making, trace);
  return { result: batch.events.map((event, index) => writer.add(event, index)) };
}

class BatchWriter {
  readonly #part: Part;
  readonly #batch: Batch;
  readonly #ground: BatchGround;
  readonly #making: Making;
  readonly #trace: string | undefined;
  /** The line of the history's state; made with the first event that stands on it. */
  #line: number | undefined;
  /** Events of this batch may be redacted by it, which takes their texts. */
  readonly #redacts: boolean;

  constructor(part: Part, batch: Batch, ground: BatchGround, making: Making, trace: string | undefined) {
    this.#part = part;
    this.#batch = batch;
    this.#ground = ground;
    this.#making = making;
    this.#trace = trace;
    this.#redacts = batch.events.some(({ draft }) => draft.redacts !== undefined);
    part.isHistory = ground.history !== undefined;
  }

  add({ remoteIds, draft }: BatchEvent, index: number): { readonly eventId: string; readonly at: number } {
    const { ids } = this.#ground;
    const name = remoteIds.find((one) => ids.has(one));
    const known = name === undefined ? undefined : ids.get(name);
    const made = known === undefined ? this.#make(draft, index) : { eventId: known, at: 0 };
    for (const remoteId of remoteIds) {
      if (ids.has(remoteId)) continue;
      ids.set(remoteId, made.eventId);
      this.#part.batchEvents.push({ appserviceId: this.#batch.appserviceId, remoteId, eventId: made.eventId });
    }
    return made;
  }

  #make(draft: BatchEvent['draft'], index: number) {
    const { ids, targets, history } = this.#ground;
    this.#letIn(draft.sender, draft.originServerTs);
    const redacts = draft.redacts === undefined ? undefined : (ids.get(draft.redacts) ?? draft.redacts);
    const content = withRelatedIds(draft.content, (id) => ids.get(id));
    if (history !== undefined && redacts !== undefined) refuseState(targets.get(redacts)?.json);
    const judged = this.#judge({ ...draft, content, ...(redacts === undefined ? {} : { redacts }) });
    const { eventId, json, pdu } = judged;
    const isNews = this.#batch.notify && index === this.#batch.events.length - 1;
    const context = this.#context(history === undefined && isNews);
    const at = appendPdu(judged, this.#part, {
      ...context,
      ...(history === undefined ? {} : { stands: this.#late(history, index, false) }),
    });
    history?.follow(eventId, pdu.depth);
    if (this.#redacts) {
      targets.set(eventId, {
        eventNid: context.eventNid,
        eventId,
        sender: pdu.sender,
        redactedBy: null,
        hidden: false,
        json,
      });
    }
    return { eventId, at };
  }

  #judge(draft: EventDraft): JudgedPdu {
    const { now, signer } = this.#making;
    const ground = this.#ground.history ?? this.#part;
    return authorisePdu(buildPdu(draft, ground, now, signer), ground, signer.serverName);
  }

  #context(isNews: boolean): AppendContext {
    const eventNid = this.#making.nids.pop();
    if (eventNid === undefined) throw new Error('an event without a number');
    return {
      eventNid,
      serverName: this.#making.signer.serverName,
      ...(this.#trace === undefined ? {} : { trace: this.#trace }),
      ...(isNews ? {} : { bulkBy: this.#batch.appserviceId }),
    };
  }

  #late({ place }: HistoryGround, index: number, outlier: boolean) {
    const minor = place.lowestMinor - this.#batch.events.length + index;
    return {
      order: { major: place.orderMajor, minor },
      line: outlier ? 0 : this.#lineOf(place),
      stateVersion: place.stateVersion,
      outlier,
    };
  }

  // Whoever may join does; the others are invited by who asks for the batch, if that user may.
  #letIn(sender: string, originServerTs: number): void {
    const member = (this.#ground.history ?? this.#part).value('m.room.member', sender);
    if (member?.event.content['membership'] === 'join') return;
    const content = this.#batch.memberships.get(sender) ?? { membership: 'join' };
    const join = { type: 'm.room.member', stateKey: sender, sender, content, originServerTs };
    try {
      this.#addMember(join);
    } catch (error) {
      if (!(error instanceof MatrixError) || error.errcode !== 'M_FORBIDDEN') throw error;
      this.#addMember({ ...join, sender: this.#batch.host, content: { ...content, membership: 'invite' } });
      this.#addMember(join);
    }
  }

  #addMember(draft: EventDraft & { readonly stateKey: string }): void {
    const judged = this.#judge(draft);
    const { history } = this.#ground;
    const context = this.#context(false);
    if (history === undefined) {
      appendPdu(judged, this.#part, context);
      return;
    }
    // Not in the chain of the history: state of that time, which its events cite and nobody is shown.
    appendPdu(judged, this.#part, { ...context, stands: this.#late(history, 0, true) });
    const { eventId, json, pdu } = judged;
    const keyNid = this.#part.inputs.keyNids.get(stateKeyText(draft.type, draft.stateKey));
    if (keyNid === undefined) throw new Error('a member without a number');
    const row = {
      line: this.#lineOf(history.place),
      keyNid,
      fromVersion: history.place.stateVersion,
      eventNid: context.eventNid,
    };
    const before = this.#part.state.findIndex((one) => one.line === row.line && one.keyNid === keyNid);
    // An invitation and the join that takes it up: what counts is the last.
    if (before === -1) this.#part.state.push(row);
    else this.#part.state[before] = row;
    history.setValue({ keyNid, eventNid: context.eventNid, eventId, event: stateContent(pdu), length: json.length });
  }

  #lineOf(place: BatchPointRow): number {
    if (this.#line !== undefined) return this.#line;
    this.#line = place.line ?? this.#part.point.nextLine;
    if (place.line === null) {
      this.#part.point = { ...this.#part.point, nextLine: this.#line + 1 };
      this.#part.history = { eventNid: place.eventNid, line: this.#line, baseVersion: place.stateVersion };
    }
    return this.#line;
  }
}

function refuseState(json: string | undefined): void {
  if (json !== undefined && (JSON.parse(json) as Pdu).state_key !== undefined) {
    throw new MatrixError(
      'M_INVALID_PARAM',
      'A batch of history redacts no state events: send that redaction by itself.',
    );
  }
}
