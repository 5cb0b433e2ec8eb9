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
import type { DeliveryMemory } from './delivery-memory.ts';
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
  /** Of what this process has sent, and has just left out because of its age. */
  readonly memory: Pick<DeliveryMemory, 'transactions'>;
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
  const appservice = parts.registry.byId(appserviceId);
  const explained = await explainToAll(parts, appservice === undefined ? [] : [appservice], { roomId, event });
  const { position } = event;
  return (
    explained.get(appserviceId) ??
    say(
      'nothing-is-sent',
      'No application service of that id is registered.',
      [],
      position === null ? {} : { position },
    )
  );
}

/** Explains an event to each of these by their id: whoever was in the room is read once for all. */
export async function explainToAll(
  parts: ExplainParts,
  appservices: readonly Appservice[],
  { roomId, event }: { readonly roomId: string; readonly event: ExplainedEventRow },
): Promise<ReadonlyMap<string, Explanation>> {
  const { position } = event;
  if (position === null) {
    const text = 'The event was rejected or soft-failed, or is known only as history: nobody is sent it.';
    return new Map(appservices.map(({ id }) => [id, say('unknown-event', text, [])]));
  }
  const ids = appservices.map(({ id }) => id);
  const places = new Map((await whereaboutsOf(parts.db, ids, position)).map((at) => [at.appserviceId, at]));
  const members = await membersThen(parts, event, appservices);
  return new Map(
    appservices.map((appservice) => {
      const { id } = appservice;
      const reasons = reasonsFor(appservice, { roomId, event, members: members.get(id) ?? [] });
      const place = explainPlace(parts, appservice, { roomId, event, at: places.get(id), reasons });
      return [id, { ...place, position, reasons }];
    }),
  );
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
  const status = parts.status(appservice.id);
  const held = whatHolds(status, at);
  // One that connects by itself is followed from its first connection on, beginning at its registration.
  if (appservice.registration.url === null && at?.isFollowed !== true)
    return say(
      'nothing-is-sent',
      `It has no url and has never connected: what is of interest from its registration on is sent when it does${held}.`,
      reasons,
    );
  if (at !== undefined && at.reason !== null)
    return say('set-aside', `It refused the event for good (${at.reason}). A replay sends it again.`, reasons, {
      reason: at.reason,
      ...(at.setAsideTs === null ? {} : { setAsideTs: at.setAsideTs }),
    });
  if (at !== undefined && at.txnId !== null && (status?.acknowledgedTxnId ?? 0) < at.txnId)
    return say('in-flight', `It is in transaction ${at.txnId}, which is not accepted yet${held}.`, reasons, {
      txnId: at.txnId,
    });
  if (at?.inRest === true)
    return say('waiting', `It was in a transaction that was split; its part comes next${held}.`, reasons);
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
  const recent = parts.memory.transactions(appservice.id);
  const wasAccepted = recent.withPosition(position).some(({ outcome }) => outcome === 'accepted');
  if (!wasAccepted && (at?.wasTooOld === true || recent.wasTooOld(position)))
    return say('filtered', 'It was older than `pons.filters.max_age_ms` allows when its turn came.', reasons, {
      filter: 'max_age_ms',
    });
  if (filter !== undefined && !(isPassed && filter === 'max_age_ms'))
    return say('filtered', `\`pons.filters.${filter}\` of its registration leaves it out.`, reasons, { filter });
  if (!isPassed) return say('waiting', `Its turn has not come${held}.`, reasons);
  // Too old by now; what it was then is kept for the last ones.
  if (filter !== undefined && !wasAccepted)
    return say('acknowledged', 'It was sent, and accepted, unless it was too old when its turn came.', reasons);
  return say('acknowledged', 'It was sent, and accepted.', reasons);
}

/** Why nothing is sent at all, to follow a sentence. */
function whatHolds(status: DeliveryStatus | undefined, at: Whereabouts | undefined): string {
  if (status?.state === 'paused' || at?.paused === true) return ': the delivery is paused';
  if (status?.state === 'disconnected') return ': the application service is not connected, and has no url';
  return '';
}

const isOf = ({ namespaces, sender }: Appservice, userId: string): boolean =>
  userId === sender || namespaces.user(userId) !== 'outside';

function reasonsFor(
  appservice: Appservice,
  found: { readonly roomId: string; readonly event: ExplainedEventRow; readonly members: readonly string[] },
): string[] {
  const { roomId, event, members } = found;
  const { namespaces } = appservice;
  const reasons: string[] = [];
  if (isOf(appservice, event.sender)) reasons.push('sender');
  if (event.type === 'm.room.member' && event.stateKey !== null && isOf(appservice, event.stateKey))
    reasons.push('target');
  const alias = event.aliases.find((one) => namespaces.alias(one) !== 'outside');
  if (alias !== undefined) reasons.push(`alias: ${alias}`);
  if (namespaces.room(roomId) !== 'outside') reasons.push('room');
  if (members.length > 0)
    reasons.push(`members: ${members.slice(0, namedMax).join(', ')}${members.length > namedMax ? ', …' : ''}`);
  return reasons;
}

// In the state before the event, joined: some of each.
async function membersThen(
  { db, registry: { serverName } }: ExplainParts,
  { roomNid, stateVersion }: ExplainedEventRow,
  appservices: readonly Appservice[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map(appservices.map(({ id }) => [id, [] as string[]]));
  let looking = appservices;
  let after = '';
  while (looking.length > 0) {
    const page = await localMembersAt(db, { roomNid, stateVersion, serverName }, { after, limit: pageRows });
    const claimed = page.filter(({ userId }) => looking.some((appservice) => isOf(appservice, userId)));
    const texts = await eventJsons(
      db,
      roomNid,
      claimed.map(({ eventNid }) => eventNid),
    );
    const memberships = new Map(texts.map(({ eventNid, json }) => [eventNid, membershipOf(json)]));
    for (const { userId, eventNid } of claimed)
      if (memberships.get(eventNid) === 'join')
        for (const appservice of looking) if (isOf(appservice, userId)) found.get(appservice.id)?.push(userId);
    looking = looking.filter(({ id }) => (found.get(id)?.length ?? 0) <= namedMax);
    const last = page.at(-1);
    if (last === undefined || page.length < pageRows) break;
    after = last.userId;
  }
  return found;
}
