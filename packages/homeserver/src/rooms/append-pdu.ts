// Last step in the lane: a judged event becomes rows of the part, and the room moves on. Nothing is written here: the part goes to the
// door as one Commit, and the memory learns of it only when the door says so.
//
//   point      version   ──────────── counted by the door ────────────▶ version + 1
//              state     v ──(state event: closes the interval of its key at v + 1, opens its own)──▶ v + 1
//              loose     the events followed ──▶ gone, the new one in their place
//   event      (line, state_version) = the state BEFORE it: an ordinary event costs no row of state
//   member     room_members follows line 0; joined and invited are counted by the difference
//   redaction  takes effect in the same commit: the text is replaced, redacted_by set
//
// History that arrives late (import-batch.ts) takes a place of its own further back and moves nothing; so does an event of another server
// that follows something else than the end of the room, and what it comes to is added apart (receive/append-received.ts).
// Every event comes here, whoever made it; only what authorise-pdu.ts has judged is taken.
import {
  canonicalJson,
  citedIds,
  clampDepth,
  isEventId,
  isJsonObject,
  type JsonValue,
  type Pdu,
  redact,
  redactsOf,
} from '@pons/spec';
import { type StateContent, type StateValue, stateContent, stateKeyText } from './lane-memory.ts';
import type { JudgedPdu } from './authorise-pdu.ts';
import type { EventRow } from '../storage/commit.ts';
import type { Part } from './part.ts';
import type { StateChange } from './receive/event-states.ts';

/** Length of a relation's kind and of the event id it names. */
const relationCharsMax = 255;

/** What the rows say besides the event itself. */
export interface AppendContext {
  readonly eventNid: number;
  /** Name of this server: whose members are local. */
  readonly serverName: string;
  readonly transactionKey?: string;
  readonly trace?: string;
  /** The application service that makes it in bulk. */
  readonly bulkBy?: string;
  /** Given for what does not come at the end of the room: it stands where this says, and the room does not move on by itself. */
  readonly stands?: Standing;
}

/** Where an event of imported history stands, or one of another server that did not follow the end of the room. */
export interface Standing {
  /** Of history; what is news is ordered by its position. */
  readonly order?: { readonly major: number; readonly minor: number };
  /** The state before it. */
  readonly line: number;
  readonly stateVersion: number;
  /** State of that time: known, and shown to nobody by itself. */
  readonly outlier?: boolean;
  readonly rejected?: boolean;
  readonly softFailed?: boolean;
  /** Version of line 0 before it, of what is news. */
  readonly currentVersion?: number;
  /** It is stored already, as an outlier. */
  readonly isStored?: boolean;
  /** That of its auth events which has its own key. */
  readonly replaces?: string | undefined;
}

/** Adds an event to the part. @returns its place among the positions of the commit */
export function appendPdu(judged: JudgedPdu, part: Part, context: AppendContext): number {
  const { pdu, eventId, json } = judged;
  const { eventNid, stands } = context;
  const at = part.positions;
  const keyNid = pdu.state_key === undefined ? null : stateKeyNid(part, pdu.type, pdu.state_key);
  const isHidden = stands?.outlier === true || stands?.rejected === true || stands?.softFailed === true;
  const place = {
    eventNid,
    ...(isHidden ? {} : { at }),
    line: stands?.line ?? 0,
    stateVersion: stands?.stateVersion ?? part.point.stateVersion,
    ...(stands?.currentVersion === undefined || isHidden ? {} : { currentVersion: stands.currentVersion }),
    rejected: stands?.rejected ?? false,
    softFailed: stands?.softFailed ?? false,
  };
  if (stands?.isStored === true) {
    part.placed.push(place);
  } else {
    // Auth chains run through state events; what authorised a message stands in its text.
    const authEventIds = keyNid === null ? [] : citedIds(pdu.auth_events);
    part.events.push({
      ...place,
      eventId,
      ...(stands?.order === undefined ? {} : { order: stands.order }),
      type: pdu.type,
      sender: pdu.sender,
      keyNid,
      depth: clampDepth(pdu.depth),
      originServerTs: storableTs(pdu.origin_server_ts),
      outlier: stands?.outlier ?? false,
      authChain: null,
      authChainSeq: null,
      transactionKey: context.transactionKey ?? null,
      trace: context.trace ?? null,
      ...(context.bulkBy === undefined ? {} : { bulkBy: context.bulkBy }),
      ...(stands === undefined && pdu.state_key !== undefined ? { change: changeBy(part, pdu, pdu.state_key) } : {}),
      json,
      authEventIds,
    });
    if (authEventIds.length > 0) noteReplaced(part, judged, context);
  }
  if (isHidden) return at;
  part.positions += 1;
  if (stands === undefined) moveOn(judged, part, { keyNid, at, ...context });
  appendRelation(part, pdu, eventNid);
  if (pdu.type === 'm.room.redaction') appendRedaction(part, judged, at, context);
  return at;
}

// An event goes on the auth chain of the one that it replaces, if it cites that.
function noteReplaced(part: Part, { pdu, eventId }: JudgedPdu, { stands }: AppendContext): void {
  const current = stands === undefined ? part.value(pdu.type, pdu.state_key ?? '')?.eventId : stands.replaces;
  if (current !== undefined) part.replacedBy.set(eventId, current);
}

// Room versions before 6 let any number pass; a column holds integers.
function storableTs(ts: number): number {
  const whole = Math.trunc(ts);
  return Math.min(Math.max(whole, Number.MIN_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
}

// What readers show of the event before: content and sender.
function changeBy(part: Part, pdu: Pdu, stateKey: string): EventRow['change'] {
  const { type } = pdu;
  const replaced = part.value(type, stateKey);
  const membership =
    type === 'm.room.member'
      ? { membership: { is: wordOf(membershipOf(pdu)), was: wordOf(membershipOf(replaced?.event)) } }
      : {};
  if (replaced === undefined) return { stateKey, ...membership };
  const { eventNid, eventId, event } = replaced;
  const { content, sender } = event;
  const json = () => canonicalJson({ content, sender }, 'any');
  return { stateKey, ...membership, replaced: { eventNid, eventId, json } };
}

function moveOn(
  { pdu, eventId, json }: JudgedPdu,
  part: Part,
  { keyNid, at, eventNid, serverName }: AppendContext & { readonly keyNid: number | null; readonly at: number },
): void {
  const before = part.point;
  const followed = citedIds(pdu.prev_events);
  const loose = before.extremities.filter((extremity) => !followed.includes(extremity.eventId));
  part.point = {
    ...before,
    depth: Math.max(before.depth, clampDepth(pdu.depth)),
    extremities: [...loose, { eventNid, eventId, depth: clampDepth(pdu.depth) }],
  };
  if (keyNid === null) return;
  appendState(part, { keyNid, eventNid, eventId, event: stateContent(pdu), length: json.length }, at, serverName);
}

function stateKeyNid(part: Part, type: string, stateKey: string): number {
  const keyNid = part.inputs.keyNids.get(stateKeyText(type, stateKey));
  if (keyNid === undefined) throw new Error(`state key without a number: ${type}`);
  return keyNid;
}

function appendState(part: Part, value: StateValue, at: number, serverName: string): void {
  const { event, keyNid, eventNid } = value;
  const stateKey = event.state_key ?? '';
  const replaced = part.value(event.type, stateKey);
  const stateVersion = part.point.stateVersion + 1;
  const isFirst = replaced === undefined && part.isFirst(event.type, stateKey);
  part.state.push({ line: 0, keyNid, fromVersion: stateVersion, eventNid, ...(isFirst ? { isFirst } : {}) });
  part.setValue(event.type, stateKey, value);
  if (event.type !== 'm.room.member') {
    part.point = { ...part.point, stateVersion };
    return;
  }
  part.point = { ...part.point, stateVersion, ...counted(part, replaced?.event, event) };
  appendMember(part, value, at, { serverName, isFirst });
}

/** Changes the current state by what a merge of forks comes to, all at one version. `undefined`: the key is gone. */
export function appendStateDelta(part: Part, delta: readonly StateChange[], at: number, serverName: string): void {
  if (delta.length === 0) return;
  const stateVersion = part.point.stateVersion + 1;
  for (const { type, stateKey, keyNid, was, value } of delta) {
    part.state.push({ line: 0, keyNid, fromVersion: stateVersion, eventNid: value?.eventNid ?? null });
    part.setValue(type, stateKey, value);
    if (type !== 'm.room.member') continue;
    part.point = { ...part.point, ...counted(part, was, value?.event) };
    if (value === undefined) part.membersRemoved.push({ userId: stateKey, local: isLocal(stateKey, serverName), at });
    else appendMember(part, value, at, { serverName });
  }
  part.point = { ...part.point, stateVersion };
}

function counted({ point }: Part, before: StateContent | undefined, after: StateContent | undefined) {
  const was = membershipOf(before);
  const is = membershipOf(after);
  return {
    joined: point.joined + Number(is === 'join') - Number(was === 'join'),
    invited: point.invited + Number(is === 'invite') - Number(was === 'invite'),
  };
}

function membershipOf(event: Pick<StateContent, 'content'> | undefined): JsonValue | undefined {
  return event?.content['membership'];
}

function wordOf(membership: JsonValue | undefined): string {
  return typeof membership === 'string' ? membership : 'leave';
}

function appendMember(
  part: Part,
  { event, eventNid }: StateValue,
  at: number,
  { serverName, isFirst = false }: { readonly serverName: string; readonly isFirst?: boolean },
): void {
  const userId = event.state_key ?? '';
  const { membership, displayname, avatar_url } = event.content;
  part.members.push({
    userId,
    membership: wordOf(membership),
    eventNid,
    sender: event.sender,
    local: isLocal(userId, serverName),
    displayname: storable(displayname),
    avatarUrl: storable(avatar_url),
    at,
    ...(isFirst ? { isFirst } : {}),
  });
}

function isLocal(userId: string, serverName: string): boolean {
  return userId.slice(userId.indexOf(':') + 1) === serverName;
}

// PostgreSQL's text holds no U+0000; the event's own text keeps it escaped.
function storable(value: JsonValue | undefined): string | null {
  return typeof value === 'string' && !value.includes('\0') ? value : null;
}

function appendRelation(part: Part, pdu: Pdu, eventNid: number): void {
  const relation = pdu.content['m.relates_to'];
  if (!isJsonObject(relation)) return;
  const { rel_type, event_id, key } = relation;
  const relType = storable(rel_type);
  const relatesTo = storable(event_id);
  if (relType === null || relatesTo === null) return;
  // They are indexed: longer ones name nothing that there is.
  if (relType.length <= relationCharsMax && relatesTo.length <= relationCharsMax) {
    part.relations.push({ eventNid, relatesTo, relType, key: storable(key) });
  }
}

// The redacted event keeps its id and its place in the state; only its text changes.
function appendRedaction(part: Part, redaction: JudgedPdu, at: number, context: AppendContext): void {
  const { rules } = part.memory;
  const targetId = redactsOf(redaction.pdu, rules);
  const target = targetId === undefined ? undefined : part.inputs.targets.get(targetId);
  // Only from other servers, whose events come in any order: nobody here redacts what is not there.
  if (target === undefined && targetId !== undefined && isEventId(targetId) && !targetId.includes('\0')) {
    part.earlyRedactions.push({ redacts: targetId, eventNid: context.eventNid });
  }
  if (!redaction.redacts || targetId === undefined || target === undefined || target.redactedBy !== null) return;
  if (part.redactions.some((other) => other.eventNid === target.eventNid)) return;
  const event = redact(JSON.parse(target.json) as Pdu, rules);
  part.redactions.push({
    eventNid: target.eventNid,
    redactedBy: context.eventNid,
    json: canonicalJson(event),
  });
  if (event.state_key === undefined) return;
  const current = part.value(event.type, event.state_key);
  if (current?.eventNid !== target.eventNid) return;
  const stripped = { ...current, event: stateContent(event) };
  part.setValue(event.type, event.state_key, stripped);
  if (event.type === 'm.room.member') appendMember(part, stripped, at, { serverName: context.serverName });
}
