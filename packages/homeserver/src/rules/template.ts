// What another server drafts for us to sign: the template of a join, a leave or a knock. We sign nothing that we did not make ourselves,
// so the event is made anew from what we asked for; of the template only what places the event in the room is taken, and whatever
// differs from what we would have written means that nothing is signed. https://spec.matrix.org/v1.19/server-server-api/#joining-rooms

import {
  authEventsMax,
  depthMax,
  type EventReference,
  isEventId,
  isJsonObject,
  isUserId,
  type JsonObject,
  type JsonValue,
  type PduDraft,
  prevEventsMax,
  type RoomVersionRules,
  serverNameOf,
} from '@pons/spec';

/** What we asked the other server for. */
export interface TemplateRequest {
  readonly roomId: string;
  /** Whose membership it is. */
  readonly userId: string;
  readonly membership: 'join' | 'leave' | 'knock';
  readonly rules: RoomVersionRules;
  /** The server that was asked: a user of its may authorise a restricted join. */
  readonly residentServer: string;
  /** What our own user adds: names, a reason. */
  readonly content: JsonObject;
  /** Milliseconds; ours, not the template's. */
  readonly originServerTs: number;
}

/** The event to finish and sign, or the field that differs. */
export type TemplateVerdict =
  | { readonly outcome: 'ours'; readonly draft: PduDraft }
  | { readonly outcome: 'differs'; readonly field: string };

/** Members that we replace by our own or leave out: nobody's signature is to cover what they say. */
const replaced = new Set(['origin', 'origin_server_ts', 'event_id', 'unsigned', 'hashes', 'signatures', 'prev_state']);
const taken = ['prev_events', 'auth_events', 'depth'];
const authoriser = 'join_authorised_via_users_server';

/** The event that a template is of, made anew. */
export function eventOfTemplate(template: JsonObject, request: TemplateRequest): TemplateVerdict {
  const { roomId, userId, membership, rules, originServerTs } = request;
  const expected: Readonly<Record<string, JsonValue>> = {
    type: 'm.room.member',
    room_id: roomId,
    sender: userId,
    state_key: userId,
  };
  for (const [field, value] of Object.entries(expected)) if (own(template, field) !== value) return differs(field);
  for (const field of Object.keys(template)) {
    if (!Object.hasOwn(expected, field) && !replaced.has(field) && !taken.includes(field) && field !== 'content') {
      return differs(field);
    }
  }
  const content = own(template, 'content');
  if (!isJsonObject(content)) return differs('content');
  const foreign = Object.keys(content).find((key) => key !== 'membership' && key !== authoriser);
  if (foreign !== undefined) return differs(`content.${foreign}`);
  if (content['membership'] !== membership) return differs('content.membership');
  const vouching = content[authoriser];
  if (vouching !== undefined && !mayVouch(vouching, request)) return differs(`content.${authoriser}`);

  const { prev_events: prevEvents, auth_events: authEvents, depth } = template;
  if (!areReferences(prevEvents, prevEventsMax, rules) || prevEvents.length === 0) return differs('prev_events');
  if (!areReferences(authEvents, authEventsMax, rules)) return differs('auth_events');
  if (typeof depth !== 'number' || !Number.isInteger(depth) || depth < 0 || depth > depthMax) return differs('depth');
  return {
    outcome: 'ours',
    draft: {
      type: 'm.room.member',
      room_id: roomId,
      sender: userId,
      state_key: userId,
      content: { ...request.content, membership, ...(vouching === undefined ? {} : { [authoriser]: vouching }) },
      origin_server_ts: originServerTs,
      prev_events: prevEvents,
      auth_events: authEvents,
      depth,
    },
  };
}

function differs(field: string): TemplateVerdict {
  return { outcome: 'differs', field };
}

function own(object: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

function mayVouch(value: JsonValue, { membership, rules, residentServer }: TemplateRequest): boolean {
  if (membership !== 'join' || !rules.allowsRestrictedJoins || typeof value !== 'string') return false;
  return isUserId(value) && serverNameOf(value) === residentServer;
}

function areReferences(value: JsonValue | undefined, max: number, rules: RoomVersionRules): value is EventReference[] {
  if (!Array.isArray(value) || value.length > max) return false;
  const ids = value.map((each) => (rules.citesHashes ? idOfPair(each) : each));
  return ids.every((id) => typeof id === 'string' && isEventId(id)) && new Set(ids).size === ids.length;
}

function idOfPair(value: JsonValue): JsonValue | undefined {
  if (!Array.isArray(value) || value.length !== 2) return undefined;
  const [id, hashes] = value;
  const isHash = isJsonObject(hashes) && Object.keys(hashes).length === 1 && typeof hashes['sha256'] === 'string';
  return isHash ? id : undefined;
}
