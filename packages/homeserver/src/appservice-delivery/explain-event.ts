// Why an event was or was not sent to an application service, for an operator who asks: the reasons of interest as they were when the
// event happened (its room's state then, not now), the filters of the registration, and where it is in the delivery.

import type { Appservice, AppserviceRegistry } from '../appservices/registry.ts';
import type { Clock } from '../platform/clock.ts';
import type { Queryable } from '../storage/database.ts';
import {
  eventJsons,
  type ExplainedEventRow,
  explainedEvent,
  localMembersAt,
  type Whereabouts,
  whereaboutsOf,
} from '../storage/tables/appservice-explain.ts';
import type { DeliveryStatus } from './delivery-state.ts';
import { compileFilter } from './filter-events.ts';
import { membershipOf } from './client-event-text.ts';

/** Where an event stands with an application service. */
export type ExplanationVerdict =
  /** There is no such event here, or it takes no part in the stream (rejected, soft-failed). */
  | 'unknown-event'
  /** The application service is not registered, or wants nothing sent (`url: null`, and it never connected). */
  | 'nothing-is-sent'
  /** None of its namespaces has to do with the event. */
  | 'not-interested'
  /** Its registration's `pons.filters` leave it out; `filter` says which. */
  | 'filtered'
  /** It happened before the application service was first seen. */
  | 'before-registration'
  /** The application service refused it for good; `reason` and `setAsideTs`. */
  | 'set-aside'
  /** In transaction `txnId`, which is being sent or tried again. */
  | 'in-flight'
  /** Its turn has not come. */
  | 'waiting'
  /** Sent, and accepted. */
  | 'acknowledged';

/** The answer. */
export interface Explanation {
  readonly verdict: ExplanationVerdict;
  /** One sentence for people. */
  readonly text: string;
  /** Place of the event in the stream. */
  readonly position?: number;
  /** Why it is of interest: `sender`, `target`, `members: @a:x, @b:x (2)`, `alias: #a:x`, `room`. */
  readonly reasons: readonly string[];
  readonly filter?: string;
  readonly txnId?: number;
  readonly reason?: string;
  readonly setAsideTs?: number;
}

export interface ExplainParts {
  readonly db: Queryable;
  readonly clock: Clock;
  readonly registry: AppserviceRegistry;
  /** undefined: another process sends for it. */
  readonly status: (appserviceId: string) => DeliveryStatus | undefined;
}

/** Members looked at together, and how many are named. */
const pageRows = 1000;
const namedMax = 3;

/** Explains an event; for one that is not known too. */
export async function explainEvent(
  parts: ExplainParts,
  appserviceId: string,
  { roomId, eventId }: { readonly roomId: string; readonly eventId: string },
): Promise<Explanation> {
  const event = await explainedEvent(parts.db, roomId, eventId);
  if (event === undefined) return say('unknown-event', 'This server does not have that event in that room.', []);
  const { position } = event;
  if (position === null)
    return say(
      'unknown-event',
      'The event was rejected or soft-failed, or is known only as history: nobody is sent it.',
      [],
    );
  const appservice = parts.registry.byId(appserviceId);
  if (appservice === undefined)
    return say('nothing-is-sent', 'No application service of that id is registered.', [], { position });
  const reasons = await reasonsFor(parts, appservice, { roomId, event });
  const at = await whereaboutsOf(parts.db, appserviceId, position);
  return { ...explainPlace(parts, appservice, { roomId, event, at, reasons }), position, reasons };
}

function say(
  verdict: ExplanationVerdict,
  text: string,
  reasons: readonly string[],
  more: Partial<Explanation> = {},
): Explanation {
  return { verdict, text, reasons, ...more };
}

interface Found {
  readonly roomId: string;
  readonly event: ExplainedEventRow;
  readonly at: Whereabouts | undefined;
  readonly reasons: readonly string[];
}

// What the tables say of the event itself comes first: it is there, whatever should have been.
function explainPlace(parts: ExplainParts, appservice: Appservice, { roomId, event, at, reasons }: Found): Explanation {
  const position = event.position ?? 0;
  // One that connects by itself has a cursor from its first connection on.
  if (appservice.registration.url === null && at === undefined)
    return say('nothing-is-sent', 'Its registration says `url: null`: it is sent nothing.', reasons);
  if (at !== undefined && at.reason !== null)
    return say('set-aside', `It refused the event for good (${at.reason}). A replay sends it again.`, reasons, {
      reason: at.reason,
      ...(at.setAsideTs === null ? {} : { setAsideTs: at.setAsideTs }),
    });
  const status = parts.status(appservice.id);
  if (at !== undefined && at.txnId !== null && (status?.acknowledgedTxnId ?? 0) < at.txnId)
    return say('in-flight', `It is in transaction ${at.txnId}, which is not accepted yet.`, reasons, {
      txnId: at.txnId,
    });
  if (at?.inRest === true)
    return say('waiting', 'It was in a transaction that was split; its part comes next.', reasons);
  if (at !== undefined && position <= at.beganAt && !at.inReplay)
    return say('before-registration', 'It happened before the application service was first seen.', reasons);
  if (reasons.length === 0)
    return say(
      'not-interested',
      'Nothing in it, and nobody in the room at that time, is in a namespace of it.',
      reasons,
    );
  if (event.bulkBy === appservice.id)
    return say('filtered', 'It made the event itself, in bulk, and is not told.', reasons, { filter: 'bulk' });
  const isPassed = at !== undefined && position <= at.position && !at.inReplay;
  const filter = compileFilter(appservice)?.({ ...event, roomId }, parts.clock.now());
  // How old it was when its turn came is not known any more.
  if (filter !== undefined && !(isPassed && filter === 'max_age_ms'))
    return say('filtered', `\`pons.filters.${filter}\` of its registration leaves it out.`, reasons, { filter });
  if (!isPassed) return say('waiting', 'Its turn has not come.', reasons);
  if (filter !== undefined)
    return say('acknowledged', 'It was sent, and accepted, unless it was too old when its turn came.', reasons);
  return say('acknowledged', 'It was sent, and accepted.', reasons);
}

async function reasonsFor(
  parts: ExplainParts,
  { namespaces, sender }: Appservice,
  { roomId, event }: { readonly roomId: string; readonly event: ExplainedEventRow },
): Promise<string[]> {
  const reasons: string[] = [];
  const isOurs = (userId: string) => userId === sender || namespaces.user(userId) !== 'outside';
  if (isOurs(event.sender)) reasons.push('sender');
  if (event.type === 'm.room.member' && event.stateKey !== null && isOurs(event.stateKey)) reasons.push('target');
  const alias = event.aliases.find((one) => namespaces.alias(one) !== 'outside');
  if (alias !== undefined) reasons.push(`alias: ${alias}`);
  if (namespaces.room(roomId) !== 'outside') reasons.push('room');
  const names = await membersThen(parts, event, isOurs);
  if (names.length > 0)
    reasons.push(`members: ${names.slice(0, namedMax).join(', ')}${names.length > namedMax ? ', …' : ''}`);
  return reasons;
}

// In the state before the event, joined or invited.
async function membersThen(
  { db, registry: { serverName } }: ExplainParts,
  { roomNid, stateVersion }: ExplainedEventRow,
  isOurs: (userId: string) => boolean,
): Promise<string[]> {
  const found: string[] = [];
  let after = '';
  while (found.length <= namedMax) {
    const page = await localMembersAt(db, { roomNid, stateVersion, serverName }, { after, limit: pageRows });
    const ours = page.filter(({ userId }) => isOurs(userId));
    const texts = await eventJsons(
      db,
      roomNid,
      ours.map(({ eventNid }) => eventNid),
    );
    const memberships = new Map(texts.map(({ eventNid, json }) => [eventNid, membershipOf(json)]));
    for (const { userId, eventNid } of ours)
      if (['join', 'invite'].includes(memberships.get(eventNid) ?? '')) found.push(userId);
    const last = page.at(-1);
    if (last === undefined || page.length < pageRows) break;
    after = last.userId;
  }
  return found;
}
