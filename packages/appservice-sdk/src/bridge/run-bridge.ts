// Puts a bridge together and runs it: store, application service, logins, the two ways, and the configured portals. The only file of the
// kit that constructs; everything else is given its parts.

import { AppService } from '../appservice.ts';
import { createCall, systemClock, systemRandom } from '../client/call.ts';
import { type Clock, sleep } from '../client/clock.ts';
import { backoffMs } from '../client/retry.ts';
import { createOnce } from '../intent/outside.ts';
import { type Log, logToStderr } from '../log.ts';
import { MatrixError } from '@pons/spec';
import type { MatrixEvent } from '../receive/transaction.ts';
import { readRegistration } from '../registration/load.ts';
import { OperatorError } from '../operator-error.ts';
import type { Sqlite } from '../store/sqlite.ts';
import { sqliteStore } from '../store/sqlite-store.ts';
import type { Bridge } from './bridge.ts';
import { receiveEphemeral, receiveFromMatrix } from './from-matrix/receive.ts';
import { type Inbox, createInbox } from './inbox.ts';
import { serveMediaLinks } from './matrix-media.ts';
import { watchToken } from './lost-token.ts';
import { type Meeting, meetHomeserver } from './meet-homeserver.ts';
import { listenOn, openStoreFile } from './open-ground.ts';
import type { AnyNetwork, BridgeConfig, BridgeOptions, RunningBridge } from './options.ts';
import { createOutbox } from './outbox.ts';
import { createLogins } from './people/login.ts';
import { findPortal } from './portals/find-portal.ts';
import { reconcileMembers } from './portals/members.ts';
import { createLanes } from './portals/portal-lane.ts';
import { chatColumns, remoteIds } from './remote-ids.ts';
import { openMessages } from './store/messages.ts';
import { openPortals } from './store/portals.ts';
import { BRIDGE_STEPS } from './store/schema.ts';

/** How long stop waits for what is in flight. */
const STOP_WAIT_MS = 10_000;
const RETRY_WAIT_MAX_MS = 60_000;

/**
 * Runs a bridge between one network and one homeserver. Resolves when it listens; the homeserver and the network may come later, and what
 * the homeserver then refuses for good rejects `ready()`.
 *
 * @throws {OperatorError} for a registration, a store or a port that cannot be used; what the network's `config.parse` throws
 */
export async function runBridge<S, Cred, Cfg>(options: BridgeOptions<S, Cred, Cfg>): Promise<RunningBridge> {
  const log = options.log ?? logToStderr();
  const clock = options.clock ?? systemClock;
  const stopping = new AbortController();
  const opened = Promise.withResolvers<void>();
  stopping.signal.addEventListener('abort', () => opened.resolve(), { once: true });
  const network = options.network as unknown as AnyNetwork;
  const config = (options.config ?? {}) as BridgeConfig<unknown>;
  const cfg = network.config ? network.config.parse(config.network) : config.network;
  const { homeserverUrl, domain } = options;
  const registration =
    typeof options.registration === 'string' ? readRegistration(options.registration) : options.registration;
  const registrationName = typeof options.registration === 'string' ? options.registration : 'its registration';
  const sqlite = openStoreFile(options.store);
  const appservice = new BridgeAppService({
    registration,
    homeserverUrl,
    domain,
    store: sqliteStore(sqlite),
    log,
    clock,
  });
  const bind = options.listen.bind ?? '127.0.0.1';
  const publicUrl = (): string => config.publicUrl?.replace(/\/+$/, '') ?? `http://${bind}:${appservice.port}`;
  // Logins exist before the inbox that takes what they emit.
  const later: { inbox?: Inbox } = {};
  const emit: Inbox['accept'] = async (login, event) => await later.inbox?.accept(login, event);
  const bridge = compose({
    emit,
    network,
    cfg,
    config,
    appservice,
    sqlite,
    clock,
    log,
    token: watchToken(log, homeserverUrl, registrationName),
    domain,
    signal: stopping.signal,
    opened: opened.promise,
    publicUrl,
    secret: registration.hsToken,
  });
  appservice.knows = (mxid) => bridge.ids.userOf(mxid) !== undefined;

  const outbox = createOutbox(bridge);
  const inbox = createInbox(bridge, outbox);
  later.inbox = inbox;
  appservice.on('event', (event: MatrixEvent) => receiveFromMatrix(bridge, outbox, event));
  const typing = new Map<string, Set<string>>();
  appservice.on('ephemeral', (event: MatrixEvent) => receiveEphemeral(bridge, typing, event));

  // What the last run left, before anything new is accepted: that would be taken up twice.
  outbox.resume();
  inbox.resume();
  await listenOn({ bind, port: options.listen.port }, () => appservice.listen(options.listen.port, bind)).catch(
    async (error: unknown) => {
      stopping.abort();
      await bridge.lanes.idle();
      sqlite.close();
      throw error;
    },
  );
  const meeting = meetHomeserver({
    call: createCall(homeserverUrl, registration.asToken),
    homeserverUrl,
    domain,
    registration,
    registrationName,
    listening: `${bind}:${appservice.port}`,
    clock,
    random: systemRandom,
    log,
    signal: stopping.signal,
  });
  const ready = begin(bridge, meeting, opened.resolve);
  let askedFor = false;
  ready.catch((error: unknown) => {
    // Whoever asked is told; a line for the operator is not said twice.
    if (!(askedFor && error instanceof OperatorError)) log.error('the bridge is not ready', { error: String(error) });
  });
  return {
    port: appservice.port,
    met: () => ((askedFor = true), meeting.met),
    ready: () => ((askedFor = true), ready),
    roomOf: (chat) => bridge.portals.of(chat)?.roomId,
    async stop() {
      stopping.abort();
      await appservice.close();
      await bridge.logins.close();
      await withinTime(clock, bridge.lanes.idle());
      sqlite.close();
    },
  };
}

/** Says yes to the homeserver when somebody asks for a ghost, which is registered by that. */
class BridgeAppService extends AppService {
  knows: (mxid: string) => boolean = () => false;

  override onUserQuery(userId: string): Promise<void> {
    if (!this.knows(userId)) return Promise.reject(new MatrixError('M_NOT_FOUND', 'nobody of that name is known here'));
    return this.intent(userId).ensureRegistered();
  }
}

interface Parts {
  readonly network: AnyNetwork;
  readonly cfg: unknown;
  readonly config: BridgeConfig<unknown>;
  readonly appservice: AppService;
  readonly sqlite: Sqlite;
  readonly clock: Clock;
  readonly log: Log;
  readonly token: Bridge['token'];
  readonly domain: string;
  readonly signal: AbortSignal;
  /** Resolves when the lanes may begin. */
  readonly opened: Promise<void>;
  readonly publicUrl: () => string;
  readonly emit: Inbox['accept'];
  readonly secret: string;
}

function compose(parts: Parts): Bridge {
  const { network, config, appservice, sqlite, clock, log, domain, cfg } = parts;
  sqlite.migrate('bridge', BRIDGE_STEPS);
  const templates = {
    ghost: config.ghosts?.localpart ?? `_${network.id}_{user}`,
    alias: config.aliases ?? `_${network.id}_{chat}`,
  };
  const ids = remoteIds(templates, domain);
  const bridge: Bridge = {
    network,
    cfg,
    config,
    appservice,
    domain,
    ids,
    sqlite,
    portals: openPortals(sqlite),
    messages: openMessages(sqlite),
    logins: createLogins({
      network,
      cfg,
      relay: config.relay,
      connectedMax: config.connectedMax ?? 200,
      sqlite,
      clock,
      random: systemRandom,
      log,
      emit: parts.emit,
      matrix: (as) => matrixCalls(appservice, as === undefined ? undefined : ids.ghostOf(as)),
    }),
    lanes: createLanes(parts.opened),
    clock,
    random: systemRandom,
    log,
    token: parts.token,
    signal: parts.signal,
    once: createOnce(),
    mediaLink: serveMediaLinks(appservice, parts.secret, { clock, publicUrl: () => parts.publicUrl() }),
  };
  return bridge;
}

/** Connects the listener, opens the lanes, and gives every configured chat its room. */
async function begin(bridge: Bridge, { tried, met }: Meeting, open: () => void): Promise<void> {
  // While the homeserver is away, the network is heard all the same; while it refuses us, nothing is.
  await tried;
  if (bridge.signal.aborted) return;
  const connected = bridge.logins.start();
  open();
  await Promise.all([connected, met]);
  for (const { chat } of bridge.config.portals ?? []) {
    for (let attempt = 2; !bridge.signal.aborted; attempt++) {
      try {
        await findPortal(bridge, chat);
        break;
      } catch (error) {
        if (!bridge.token.mayPass(error)) {
          bridge.log.error('a chat cannot get its room', { chat: chatColumns(chat).id, error: String(error) });
          break;
        }
        bridge.log.warn('a chat has no room yet', { error: String(error) });
        await sleep(bridge.clock, backoffMs(attempt, bridge.random(), RETRY_WAIT_MAX_MS), bridge.signal);
      }
    }
  }
  for (const portal of bridge.portals.all()) void reconcileMembers(bridge, portal);
}

function matrixCalls(appservice: AppService, ghost: string | undefined) {
  const intent = ghost === undefined ? appservice.bot : appservice.intent(ghost);
  return {
    call: (method: string, path: string, body?: unknown): Promise<unknown> =>
      intent.call({ method: method as 'GET', path, ...(body === undefined ? {} : { body }) }),
  };
}

async function withinTime(clock: Clock, task: Promise<void>): Promise<void> {
  let cancel: (() => void) | undefined;
  await Promise.race([task, new Promise<void>((resolve) => (cancel = clock.after(STOP_WAIT_MS, resolve)))]);
  cancel?.();
}
