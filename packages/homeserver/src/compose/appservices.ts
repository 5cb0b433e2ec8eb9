// Application services: who they are, whom they may act as, and delivery to them.

import { formatComplaint } from '@pons/registration';
import { findAccount } from '../accounts/users.ts';
import type { Ask } from '../appservice-delivery/ask-appservices.ts';
import { createAskForKeys } from '../appservice-delivery/ask-for-keys.ts';
import { createCallAppservice } from '../appservice-delivery/call-appservice.ts';
import { type AppserviceDelivery, createDelivery, type DeliveryLeases } from '../appservice-delivery/delivery.ts';
import { createDeliveryMemory, type DeliveryMemory } from '../appservice-delivery/delivery-memory.ts';
import { createQueryAlias } from '../appservice-delivery/query-alias.ts';
import { createQueryUser } from '../appservice-delivery/query-user.ts';
import { createThirdParty, type ThirdParty } from '../appservice-delivery/third-party.ts';
import type { AppserviceWebsockets } from '../appservice-delivery/websocket-connections.ts';
import { WhoWaits } from '../appservice-delivery/who-waits.ts';
import { type ExclusiveNamespaces, exclusiveNamespaces } from '../appservices/exclusive-namespaces.ts';
import {
  createRegistrationLoader,
  type LoadReport,
  type RegistrationLoader,
} from '../appservices/load-registrations.ts';
import { createMasquerading, type Masquerading } from '../appservices/masquerade.ts';
import { type AppserviceRegistry, createRegistry } from '../appservices/registry.ts';
import type { ProxiedKeys } from '../e2ee/proxied-keys.ts';
import type { Config } from '../platform/config/schema.ts';
import type { Log } from '../platform/telemetry/log.ts';
import type { Database } from '../storage/database.ts';
import { registrationPlaces } from './registration-places.ts';
import { observeAppservices } from './appservice-metrics.ts';
import { composeAppserviceWebsockets } from './appservice-websockets.ts';
import type { Ground } from './ground.ts';
import type { Stream } from './stream.ts';

/** The application services of this process. */
export interface Appservices {
  readonly registry: AppserviceRegistry;
  readonly loader: RegistrationLoader;
  readonly masquerading: Masquerading;
  readonly namespaces: ExclusiveNamespaces;
  /** Whether one may delete rooms that it made. */
  readonly deletesRooms: (appserviceId: string) => boolean;
  readonly delivery: AppserviceDelivery;
  /** Of the deliveries, for operators. */
  readonly memory: DeliveryMemory;
  readonly websockets: AppserviceWebsockets;
  readonly thirdParty: ThirdParty;
  readonly call: ReturnType<typeof createCallAppservice>;
  readonly queryAlias: Ask;
  readonly queryUser: Ask;
  /** Keys that they keep for themselves. */
  readonly keys: ProxiedKeys;
}

/** Somebody waits for the answer to a question: shorter than a delivery may take. */
const QUESTION_DEADLINE_MS = 10_000;
/** A lookup goes on without whoever is slower than that. */
const LOOKUP_DEADLINE_MS = 5_000;

/** What they stand on. */
export interface AppservicesOptions {
  readonly db: Database;
  readonly leases: DeliveryLeases;
  readonly invalidations: Stream['invalidations'];
}

/** Puts them together; nothing is loaded or sent yet. */
export function composeAppservices(
  config: Config,
  ground: Ground,
  { db, leases, invalidations }: AppservicesOptions,
): Appservices {
  const { clock, random, log, tracing } = ground;
  const { requestTimeoutMs: timeoutMs, allowPrivateAddresses: allowPrivate } = config.appservices;
  const registry = createRegistry(config.serverName, () => clock.now());
  const { websockets, transport } = composeAppserviceWebsockets(config, ground, {
    db,
    registry,
    onChange: (id) => delivery.waysChanged(id),
  });
  const { wayTo } = websockets;
  const call = createCallAppservice({ fetch: ground.outbound.fetch, clock, allowPrivate, transport });
  const memory = createDeliveryMemory(() => clock.now());
  const delivery = createDelivery({
    db,
    registry,
    leases,
    clock,
    random,
    log,
    tracing,
    call,
    memory,
    wayTo,
    timeoutMs,
  });
  observeAppservices(ground.metrics.registry, () =>
    registry.all().flatMap(({ id }) => {
      const status = delivery.status(id);
      return status === undefined ? [] : [[id, status] as const];
    }),
  );
  const deadlineMs = Math.min(timeoutMs, QUESTION_DEADLINE_MS);
  const questions = { registry, call, clock, whoWaits: new WhoWaits(), deadlineMs };
  return {
    registry,
    loader: createRegistrationLoader({
      registry,
      places: registrationPlaces(config),
      db,
      clock,
      report: logReports(log),
      changed: (ids) => invalidations.invalidate(db, 'appservices', ids),
    }),
    masquerading: createMasquerading(db, {
      isCurrent: () => invalidations.isCurrent(),
      monotonicMs: () => clock.monotonicMs(),
    }),
    namespaces: exclusiveNamespaces(registry),
    deletesRooms: (appserviceId) => registry.byId(appserviceId)?.registration.pons.deleteRooms ?? false,
    delivery,
    memory,
    websockets,
    thirdParty: createThirdParty({ ...questions, log, deadlineMs: Math.min(timeoutMs, LOOKUP_DEADLINE_MS) }),
    call,
    queryAlias: createQueryAlias(questions),
    queryUser: createQueryUser({
      ...questions,
      log,
      hasAccount: async (userId) => (await findAccount(db, userId)) !== undefined,
    }),
    keys: createAskForKeys({ ...questions, deadlineMs: Math.min(timeoutMs, LOOKUP_DEADLINE_MS) }),
  };
}

// A load that finds what the one before it found says nothing: any change of any application service makes every process look.
function logReports(log: Log): (report: LoadReport) => void {
  let before = '';
  return (report) => {
    const { loaded, complaints, warnings } = report;
    const now = JSON.stringify(report);
    if (now === before) return;
    before = now;
    for (const complaint of complaints) log.error({}, `registration refused: ${formatComplaint(complaint)}`);
    for (const warning of warnings) log.warn(warning, 'registration');
    log.info({ appservices: loaded }, 'registrations loaded');
  };
}
