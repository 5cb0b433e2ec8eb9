// Importing events in a batch: history before a room's first message, or what was missed at its end. For application services, which may
// bring events of users in their namespaces, each with its own time. The same batch again makes nothing and answers the same ids: an
// event is known by the id that the application service gives it, or by its contents where it gives none (docs/bridging).
import { hash } from 'node:crypto';
import { canonicalJson, isJsonObject, type JsonObject, MatrixError } from '@pons/spec';
import { knownUsers, membershipContent } from '../accounts/ghosts.ts';
import { type ReceiptsParts, setReadMarkers } from '../ephemeral/receipts.ts';
import type { Requester } from '../platform/requester.ts';
import { refusalFor } from '../platform/restricted-account.ts';
import { membershipIn } from '../rooms/membership.ts';
import type { BatchEvent } from '../rooms/proposal.ts';
import { viewJoinedRoom } from '../rooms/room-view.ts';
import { checkEventKeys, checkRemoteId } from './check-event.ts';
import type { RoomActionParts } from './room-action-parts.ts';

/** Events of one batch: about a second of work for everybody else who writes. */
const batchEventsMax = 1_000;

/** What importing needs of the house. */
export interface BatchSendParts extends Pick<RoomActionParts, 'db' | 'lanes' | 'speaksFor'> {
  readonly receipts: ReceiptsParts;
}

/** A batch. */
export interface BatchSendRequest {
  readonly roomId: string;
  /** At the end of the room instead of before its first message. */
  readonly forward: boolean;
  /** At the end of the room while that has no message. */
  readonly forwardIfNoMessages: boolean;
  /** Whether the last event, of what goes in forward, is news to people. */
  readonly sendNotification: boolean;
  /** Who has read all of it, if the application service speaks for them. */
  readonly markReadBy: string | undefined;
  /** The oldest first. */
  readonly events: readonly ImportedEvent[];
  readonly trace?: string | undefined;
}

/** One event of it. */
export interface ImportedEvent {
  readonly type: string;
  readonly sender: string;
  readonly content: JsonObject;
  readonly originServerTs: number;
  /** What the application service calls it. */
  readonly remoteId?: string | undefined;
  /** Id or name of the event that an m.room.redaction redacts. */
  readonly redacts?: string | undefined;
}

/**
 * Imports a batch of events.
 *
 * @returns their ids, in their order
 * @throws MatrixError M_FORBIDDEN for anybody but application services, outside the namespaces, or where the rules refuse;
 *   M_TOO_LARGE, M_INVALID_PARAM, M_BAD_JSON, M_NOT_FOUND for a redaction of nothing
 */
export async function batchSend(
  parts: BatchSendParts,
  requester: Requester,
  request: BatchSendRequest,
): Promise<string[]> {
  const { appserviceId, userId: host } = requester;
  if (appserviceId === undefined) throw new MatrixError('M_FORBIDDEN', 'Only application services import events.');
  const { roomId, events, trace } = request;
  if (events.length > batchEventsMax) {
    throw new MatrixError('M_TOO_LARGE', `A batch has at most ${batchEventsMax} events: send several.`);
  }
  const { room } = await viewJoinedRoom(parts.db, roomId, host);
  const memberships = await membershipsOf(parts, appserviceId, events);
  const result = await parts.lanes.propose({
    roomId,
    drafts: [],
    batch: {
      appserviceId,
      host,
      direction: request.forward ? 'forward' : request.forwardIfNoMessages ? 'forwardIfNoMessages' : 'backward',
      notify: request.sendNotification,
      events: namedEvents(events),
      memberships,
    },
    ...(trace === undefined ? {} : { trace }),
  });
  const eventIds = result.events.map(({ eventId }) => eventId);
  const last = eventIds.at(-1);
  if (last !== undefined && request.markReadBy !== undefined) {
    const reader = { appserviceId, roomId, roomNid: room.roomNid, userId: request.markReadBy };
    await markRead(parts, reader, last);
  }
  return eventIds;
}

// Bridges name the person for whom they import, whether that person lets them speak for them or not. Who does not has read nothing by their
// word, and who is not in the room (yet) has no receipts there.
async function markRead(
  { db, receipts, speaksFor }: BatchSendParts,
  reader: { readonly appserviceId: string; readonly roomId: string; readonly roomNid: number; readonly userId: string },
  eventId: string,
): Promise<void> {
  const { appserviceId, roomId, roomNid, userId } = reader;
  if (!(await speaksFor(appserviceId, userId))) return;
  if ((await membershipIn(db, roomId, userId))?.membership !== 'join') return;
  await setReadMarkers(receipts, { userId, roomNid }, [{ type: 'm.read', eventId }]);
}

async function membershipsOf(
  { db, speaksFor }: BatchSendParts,
  appserviceId: string,
  events: readonly ImportedEvent[],
): Promise<ReadonlyMap<string, JsonObject>> {
  const senders = [...new Set(events.map(({ sender }) => sender))];
  for (const sender of senders) {
    if (await speaksFor(appserviceId, sender)) continue;
    throw new MatrixError(
      'M_FORBIDDEN',
      `${sender.slice(0, 255)} is outside the namespaces of this application service`,
    );
  }
  const accounts = await knownUsers(db, senders);
  return new Map(
    senders.map((sender) => {
      const known = accounts.get(sender);
      if (known === undefined) {
        throw new MatrixError('M_FORBIDDEN', `${sender.slice(0, 255)} is not registered: register it first`);
      }
      const refusal = refusalFor(sender, known);
      if (refusal !== undefined) throw refusal;
      return [sender, membershipContent(known)];
    }),
  );
}

function namedEvents(events: readonly ImportedEvent[]): BatchEvent[] {
  const seen = new Map<string, number>();
  return events.map((event) => {
    const { type, sender, content, originServerTs, redacts } = event;
    checkEventKeys(type);
    if (type === 'm.room.redaction' && redacts === undefined) {
      throw new MatrixError('M_BAD_JSON', 'redacts must be the id of an event.');
    }
    const { redacts: _written, ...rest } = content;
    const draft = { type, sender, originServerTs, content: redacts === undefined ? content : rest };
    return {
      remoteIds: remoteIdsOf(event, seen),
      draft: redacts === undefined ? draft : { ...draft, redacts },
    };
  });
}

// The same reaction of the same user to the same event is one, whatever it is called: bridges give reactions a new id each time.
function remoteIdsOf({ remoteId, ...event }: ImportedEvent, seen: Map<string, number>): string[] {
  const relation = event.content['m.relates_to'];
  if (isJsonObject(relation) && relation['rel_type'] === 'm.annotation') {
    const { event_id: to = null, key = null } = relation;
    const own = digest({ sender: event.sender, type: event.type, to, key });
    return remoteId === undefined ? [own] : [checkRemoteId(remoteId), own];
  }
  if (remoteId !== undefined) return [checkRemoteId(remoteId)];
  const { redacts = null, ...described } = event;
  const contents = digest({ ...described, redacts });
  // Two events alike in one batch are two.
  const nth = (seen.get(contents) ?? 0) + 1;
  seen.set(contents, nth);
  return [`${contents}:${nth}`];
}

function digest(described: JsonObject): string {
  return `sha256:${hash('sha256', canonicalJson(described), 'base64url')}`;
}
