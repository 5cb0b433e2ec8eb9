// Application services for operators: each with its queue, lag and last error; pause and resume; what was set aside, and sending it again.

import type { Complaint } from '@pons/registration';
import { type JsonObject, MatrixError } from '@pons/spec';
import { ponsEndpoints } from '@pons/spec/endpoints';
import type { Explanation } from '../appservice-delivery/explain-event.ts';
import type { DeliveryStatus } from '../appservice-delivery/delivery-state.ts';
import type { DeliveryOperations } from '../appservice-delivery/operate.ts';
import { shownEvent } from '../appservice-delivery/show-transaction.ts';
import type { ReplayRequest } from '../appservice-delivery/replay-events.ts';
import type { Appservice, AppserviceRegistry } from '../appservices/registry.ts';
import type { ApiRequest, Route } from '../http/route.ts';
import { knownAppservice, registrationJson } from './appservices-registry.ts';

/** What the routes need of the house. */
export interface AppserviceAdminParts {
  readonly registry: AppserviceRegistry;
  /** undefined: not sent for by this process. */
  readonly status: (appserviceId: string) => DeliveryStatus | undefined;
  /** Whether it has connected to this process by websocket. */
  readonly isConnected: (appserviceId: string) => boolean;
  readonly operations: DeliveryOperations;
  /** Registration files that are refused as they are now. */
  readonly refused: () => readonly Complaint[];
  /** Ids of application services that were removed and left users behind. */
  readonly removed: () => Promise<readonly string[]>;
}

const setAsideShown = 100;
const positionsMax = 1000;

/** GET /_pons/admin/v1/appservices and what is below it. */
export function appserviceAdminRoutes(parts: AppserviceAdminParts): Route[] {
  const named = (request: ApiRequest) => knownAppservice(parts.registry, request.path['appserviceId']);
  return [
    {
      endpoint: ponsEndpoints.listAppservices,
      async handle() {
        const tables = await tablesOf(parts);
        const refused = parts.refused().map(({ file, line, path, reason }) => ({ file, line, path, reason }));
        return {
          json: {
            appservices: parts.registry.all().map((one) => shape(one, parts, tables)),
            refused,
            removed: [...(await parts.removed())],
          },
        };
      },
    },
    {
      endpoint: ponsEndpoints.getAppservice,
      async handle(request) {
        const appservice = named(request);
        const status = shape(appservice, parts, await tablesOf(parts));
        return { json: { ...status, registration: registrationJson(appservice) } };
      },
    },
    {
      endpoint: ponsEndpoints.pauseAppservice,
      handle: (request) => pause(parts, named(request), true),
    },
    {
      endpoint: ponsEndpoints.resumeAppservice,
      handle: (request) => pause(parts, named(request), false),
    },
    {
      endpoint: ponsEndpoints.explainEvent,
      async handle(request) {
        const { query, path } = request;
        const [room, event] = [query.get('room') ?? '', query.get('event') ?? ''];
        // An application service that is gone can be asked about too.
        const explained = await parts.operations.explain(path['appserviceId'] ?? '', room, event);
        return { json: explanationJson(explained) };
      },
    },
    {
      endpoint: ponsEndpoints.replayEvents,
      async handle(request) {
        const replay = await parts.operations.replay(named(request).id, replayOf(request.body));
        if (replay === undefined) throw nothingDelivered();
        return { json: { after_position: replay.after ?? null, up_to_position: replay.upTo ?? null } };
      },
    },
    {
      endpoint: ponsEndpoints.listSetAside,
      async handle(request) {
        const after = Number(request.query.get('after') ?? 0);
        if (!Number.isSafeInteger(after) || after < 0)
          throw new MatrixError('M_INVALID_PARAM', 'after must be a position');
        const events = await parts.operations.listSetAside(named(request).id, { after, limit: setAsideShown });
        return {
          json: {
            set_aside: events.map((one) => ({
              position: one.position,
              reason: one.reason,
              set_aside_ts: one.createdTs,
              replaying: one.replay,
              event: one.event === undefined ? null : shownEvent(one.event),
            })),
          },
        };
      },
    },
    {
      endpoint: ponsEndpoints.replaySetAside,
      async handle(request) {
        return { json: { replaying: await parts.operations.askReplay(named(request).id, positionsOf(request.body)) } };
      },
    },
  ];
}

async function pause(parts: AppserviceAdminParts, { id }: Appservice, paused: boolean) {
  if (!(await parts.operations.setPaused(id, paused))) throw nothingDelivered();
  return { json: {} };
}

function nothingDelivered(): MatrixError {
  return new MatrixError('M_NOT_FOUND', 'Nothing is delivered to that application service.');
}

function replayOf({ after_position: position, since_ts: ts }: JsonObject): ReplayRequest {
  if (typeof position === 'number' && position >= 0 && ts === undefined) return { what: 'after-position', position };
  if (typeof ts === 'number' && position === undefined) return { what: 'since-time', ts };
  throw new MatrixError('M_INVALID_PARAM', 'give either after_position or since_ts (milliseconds since 1970)');
}

/** An explanation on the wire. */
export function explanationJson({ setAsideTs, txnId, ...plain }: Explanation): JsonObject {
  return {
    ...plain,
    reasons: [...plain.reasons],
    ...(txnId === undefined ? {} : { txn_id: txnId }),
    ...(setAsideTs === undefined ? {} : { set_aside_ts: setAsideTs }),
  };
}

function positionsOf(body: JsonObject): readonly number[] | undefined {
  const { positions } = body;
  if (positions === undefined) return undefined;
  if (Array.isArray(positions) && positions.length <= positionsMax) {
    const numbers = positions.filter((position): position is number => Number.isSafeInteger(position));
    if (numbers.length === positions.length) return numbers;
  }
  throw new MatrixError('M_INVALID_PARAM', `positions must be a list of at most ${positionsMax} positions`);
}

/** What the tables say of all of them. */
interface Tables {
  readonly aside: ReadonlyMap<string, number>;
  readonly cursors: Awaited<ReturnType<DeliveryOperations['cursorStates']>>;
}

async function tablesOf({ operations }: AppserviceAdminParts): Promise<Tables> {
  const [aside, cursors] = await Promise.all([operations.countSetAside(), operations.cursorStates()]);
  return { aside, cursors };
}

// One that connects by itself and never has is followed by nobody; its operator may have paused it all the same.
function stateElsewhere({ id, registration }: Appservice, { cursors }: Tables): string {
  const cursor = cursors.get(id);
  if (registration.url !== null || cursor?.isFollowed === true) return 'elsewhere';
  return cursor?.paused === true ? 'paused' : 'disconnected';
}

function shape(appservice: Appservice, parts: AppserviceAdminParts, tables: Tables): JsonObject {
  const { id, registration, sender, source } = appservice;
  const status = parts.status(id);
  return {
    id,
    url: registration.url,
    sender,
    source: 'file' in source ? source.file : 'database',
    websocket: parts.isConnected(id),
    status: status?.state ?? stateElsewhere(appservice, tables),
    queue_depth: status?.waitingEvents ?? 0,
    queue_bytes: status?.waitingBytes ?? 0,
    oldest_unacknowledged_ms:
      status?.oldestUnacknowledgedMs === undefined ? null : Math.round(status.oldestUnacknowledgedMs),
    in_flight: status?.inFlight === undefined ? 0 : 1,
    in_flight_txn_id: status?.inFlight ?? null,
    retries: status?.retries ?? 0,
    acknowledged_position: status?.acknowledgedPosition ?? 0,
    acknowledged_txn_id: status?.acknowledgedTxnId ?? 0,
    read_position: status?.readPosition ?? 0,
    delivered_events: status?.deliveredEvents ?? 0,
    delivered_transactions: status?.deliveredTransactions ?? 0,
    delivered_bytes: status?.deliveredBytes ?? 0,
    set_aside: tables.aside.get(id) ?? 0,
    last_error: status?.lastError?.reason ?? null,
    last_error_ts: status?.lastError?.ts ?? null,
  };
}
