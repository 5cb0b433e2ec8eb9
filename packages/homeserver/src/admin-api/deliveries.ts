// Deliveries as they go, for operators: the last transactions of an application service with their bodies (contents hidden), its lag over
// the last minutes, a ping, and an event's way to every application service.

import { type JsonObject, MatrixError } from '@pons/spec';
import { ponsEndpoints } from '@pons/spec/endpoints';
import type { DeliveryMemory } from '../appservice-delivery/delivery-memory.ts';
import type { Journey } from '../appservice-delivery/journey.ts';
import { pingAppservice, type PingParts } from '../appservice-delivery/ping.ts';
import type { RecentTransaction } from '../appservice-delivery/recent-transactions.ts';
import { shownBody } from '../appservice-delivery/show-transaction.ts';
import type { AppserviceRegistry } from '../appservices/registry.ts';
import type { ApiRequest, Route } from '../http/route.ts';
import { explanationJson } from './appservices.ts';
import { knownAppservice } from './appservices-registry.ts';

/** What the routes need of the house. */
export interface DeliveryAdminParts {
  readonly registry: AppserviceRegistry;
  readonly memory: DeliveryMemory;
  readonly ping: PingParts;
  /** undefined: this server does not have the event. */
  readonly journey: (roomId: string, eventId: string) => Promise<Journey | undefined>;
}

/** GET …/transactions, …/transactions/{txnId}, …/lag, POST …/ping, GET /_pons/admin/v1/journey */
export function deliveryAdminRoutes({ registry, memory, ping, journey }: DeliveryAdminParts): Route[] {
  const named = ({ path }: ApiRequest) => knownAppservice(registry, path['appserviceId']);
  return [
    {
      endpoint: ponsEndpoints.listTransactions,
      handle(request) {
        const all = memory.transactions(named(request).id).list().reverse();
        return Promise.resolve({ json: { transactions: all.map(transactionJson) } });
      },
    },
    {
      endpoint: ponsEndpoints.getTransaction,
      handle(request) {
        const { id } = named(request);
        const one = memory.transactions(id).find(Number(request.path['txnId']));
        if (one === undefined)
          throw new MatrixError('M_NOT_FOUND', 'This process does not remember a transaction of that id.');
        const body = one.body === undefined ? null : shownBody(one.body);
        return Promise.resolve({ json: { ...transactionJson(one), body } });
      },
    },
    {
      endpoint: ponsEndpoints.getLag,
      handle(request) {
        const samples = memory.lag(named(request).id).map(({ ts, lagMs, waitingEvents, deliveredEvents }) => ({
          ts,
          lag_ms: lagMs,
          waiting_events: waitingEvents,
          delivered_events: deliveredEvents,
        }));
        return Promise.resolve({ json: { samples } });
      },
    },
    {
      endpoint: ponsEndpoints.pingNow,
      handle: async (request) => ({ json: { duration_ms: await pingAppservice(ping, named(request)) } }),
    },
    {
      endpoint: ponsEndpoints.getJourney,
      async handle({ query }) {
        const [roomId, eventId] = [query.get('room_id') ?? '', query.get('event_id') ?? ''];
        const found = await journey(roomId, eventId);
        if (found === undefined)
          throw new MatrixError('M_NOT_FOUND', 'This server does not have that event in that room.');
        return { json: { room_id: roomId, event_id: eventId, ...journeyJson(found) } };
      },
    },
  ];
}

function transactionJson({ body, ...one }: RecentTransaction): JsonObject {
  return {
    txn_id: one.txnId,
    outcome: one.outcome,
    events: one.events,
    items: one.positions.length,
    bytes: one.bytes,
    has_body: body !== undefined,
    attempts: one.attempts,
    frozen_ts: one.frozenTs,
    first_sent_ts: one.firstSentTs,
    last_sent_ts: one.lastSentTs,
    answered_ts: one.answeredTs ?? null,
    reason: one.reason ?? null,
  };
}

function journeyJson({ event, committedTs, stops }: Journey): JsonObject {
  return {
    type: event.type,
    sender: event.sender,
    position: event.position,
    origin_server_ts: event.originServerTs,
    committed_ts: committedTs ?? null,
    trace: event.trace,
    appservices: stops.map(({ appserviceId, explanation, sentHere, transactions }) => ({
      id: appserviceId,
      ...explanationJson(explanation),
      sent_here: sentHere,
      transactions: transactions.map(transactionJson),
    })),
  };
}
