// The application service of a program: matrix-appservice's class, so that what was written for it runs unchanged, on a listener of our
// own. Acknowledged means durable: a transaction is a row before the homeserver gets its 200, and is handed to the listeners from there.
// Options beyond matrix-appservice's give it users who act (intents), lookups, and a place for its memory.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type Server, createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type Registration, compileNamespaces } from '@pons/registration';
import { AppService as MatrixAppService, AppserviceHttpError } from 'matrix-appservice';
import { type Call, createCall, systemClock, systemRandom } from './client/call.ts';
import type { Clock } from './client/clock.ts';
import { withRetry } from './client/retry.ts';
import { Intent } from './intent/intent.ts';
import { type IntentOutside, createOnce } from './intent/outside.ts';
import { type Log, logToStderr } from './log.ts';
import { type Dispatcher, createDispatcher } from './receive/dispatch.ts';
import { createListener } from './receive/listener.ts';
import type { ReadBody } from './receive/read-body.ts';
import { type Errcode, MatrixError } from '@pons/spec';
import { type ThirdPartyLookups, lookUpThirdParty } from './receive/third-party.ts';
import { type MatrixEvent, incomingTransaction, readTransaction } from './receive/transaction.ts';
import { readRegistration } from './registration/load.ts';
import { openStore } from './store/sqlite-store.ts';
import type { Store } from './store/store.ts';

/** A homeserver's largest transaction: 100 events of 64 KiB, their ephemeral data, and room for the rest. */
const BODY_BYTES_MAX = 16 * 1024 * 1024;
/** How long stop waits for listeners that are at work. */
const STOP_WAIT_MS = 10_000;
/** What the homeserver is asked to wait when too many transactions are unhandled. */
const FULL_RETRY_MS = 5_000;

/** What an application service is made of; `homeserverToken` and `httpMaxSizeBytes` are matrix-appservice's own. */
export interface AppServiceOptions {
  /** The hs_token; taken from `registration` when that is given. */
  readonly homeserverToken?: string;
  readonly httpMaxSizeBytes?: number;
  /** Gives the tokens and says which users are ours: read already, or the path of its file. */
  readonly registration?: Registration | string;
  /** Where the homeserver's client-server API is. */
  readonly homeserverUrl?: string;
  /** The homeserver's name, as in its users' ids. */
  readonly domain?: string;
  /** The SQLite file of its memory, or a store. Default: `appservice-<hash of the hs_token>.sqlite` in the working directory. */
  readonly store?: string | Store;
  readonly thirdParty?: ThirdPartyLookups;
  readonly log?: Log;
  readonly clock?: Clock;
  readonly random?: () => number;
  /** Does the calls to the homeserver; default: HTTP to `homeserverUrl`. */
  readonly call?: Call;
}

/** An application service. Events are emitted as matrix-appservice does; `to_device` and `to_device_type:…` are new. */
export class AppService extends MatrixAppService {
  readonly #options: AppServiceOptions;
  readonly #log: Log;
  readonly #clock: Clock;
  #hsToken: string;
  #store: Store | undefined;
  #dispatcher: Dispatcher | undefined;
  #outside: IntentOutside | undefined;
  #server: Server | undefined;
  readonly #stopping = new AbortController();
  #intents = new Map<string, Intent>();
  readonly #registration: Registration | undefined;
  readonly #ours: (userId: string) => boolean;

  constructor(options: AppServiceOptions) {
    const registration =
      typeof options.registration === 'string' ? readRegistration(options.registration) : options.registration;
    const hsToken = options.homeserverToken ?? registration?.hsToken ?? '';
    super({ homeserverToken: hsToken, httpMaxSizeBytes: options.httpMaxSizeBytes ?? BODY_BYTES_MAX });
    this.#options = options;
    this.#hsToken = hsToken;
    this.#log = options.log ?? logToStderr();
    this.#clock = options.clock ?? systemClock;
    this.#registration = registration;
    const namespaces =
      registration && options.domain !== undefined ? compileNamespaces(registration, options.domain) : undefined;
    this.#ours = (userId) => namespaces !== undefined && namespaces.user(userId) !== 'outside';
  }

  override on(
    event:
      | 'event'
      | 'ephemeral'
      | 'to_device'
      | `type:${string}`
      | `ephemeral_type:${string}`
      | `to_device_type:${string}`,
    listener: (event: MatrixEvent) => unknown,
  ): this;
  override on(event: 'http-log', listener: (line: string) => unknown): this;
  override on(event: string, listener: (event: Record<string, unknown>) => unknown): this;
  /** Listens to events. What an async listener returns is waited for before the transaction counts as handled. */
  override on(event: string, listener: (value: never) => unknown): this {
    return super.on(event, listener as (event: Record<string, unknown>) => void);
  }

  /** The registration's own user. */
  get bot(): Intent {
    return this.intent(this.#outsideOf().botUserId);
  }

  /** A user of ours who acts: a full id, or a localpart. */
  intent(user: string): Intent {
    const outside = this.#outsideOf();
    const userId = user.startsWith('@') ? user : `@${user}:${outside.domain}`;
    let intent = this.#intents.get(userId);
    if (!intent) {
      // An intent is small and holds nothing: the map only saves making it again, and may be emptied at any time.
      if (this.#intents.size >= 10_000) this.#intents.clear();
      this.#intents.set(userId, (intent = new Intent(outside, userId)));
    }
    return intent;
  }

  /** Whether the user is the bot or in the registration's namespaces: what they do came from us. */
  isOurs(userId: string): boolean {
    return this.#ours(userId);
  }

  /** Whether our user is known to be in the room. */
  knowsJoined(userId: string, roomId: string): boolean {
    return this.#storeOf().isJoined(userId, roomId);
  }

  /** Begins to listen, and hands out what was received before and not finished. */
  override listen(port: number, hostname?: string, backlog?: number, callback?: () => void): Promise<void> | undefined {
    const server = makeServer(this.#listener());
    this.#server = server;
    const begin = (): void => {
      const store = this.#storeOf();
      const dispatcher = this.#dispatcherOf();
      for (const row of store.unfinished()) dispatcher.add(row);
    };
    const listening = new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(
        { port, ...(hostname === undefined ? {} : { host: hostname }), ...(backlog === undefined ? {} : { backlog }) },
        () => {
          begin();
          resolve();
        },
      );
    });
    if (!callback) return listening;
    // matrix-appservice's other form is told by callback; an error is the server's own event there.
    server.once('listening', callback);
    listening.catch((error: unknown) => void server.emit('error', error));
    return undefined;
  }

  /** The port that it listens on. */
  get port(): number {
    const address = this.#server?.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** Whether it accepts requests. */
  get listening(): boolean {
    return this.#server?.listening ?? false;
  }

  /** Stops listening and retrying, waits up to 10 s for listeners at work, and closes the store it opened. */
  override async close(): Promise<void> {
    const server = this.#server;
    if (!server) throw new TypeError('close() is called after listen()');
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
    const dispatcher = this.#dispatcher;
    dispatcher?.stop();
    this.#stopping.abort();
    let cancel: (() => void) | undefined;
    const enough = new Promise<void>((resolve) => (cancel = this.#clock.after(STOP_WAIT_MS, resolve)));
    await Promise.race([dispatcher?.idle(), enough]);
    cancel?.();
    server.closeAllConnections();
    await closed;
    if (typeof this.#options.store !== 'object') this.#store?.close();
  }

  /** Resolves when every event received so far has been handled. */
  async idle(): Promise<void> {
    await this.#dispatcher?.idle();
  }

  override setHomeserverToken(hsToken: string): void {
    super.setHomeserverToken(hsToken);
    this.#hsToken = hsToken;
  }

  #listener() {
    const { expressApp } = this;
    return createListener({
      hsToken: () => this.#hsToken,
      bodyBytesMax: this.#options.httpMaxSizeBytes ?? BODY_BYTES_MAX,
      transaction: (txnId, body) => this.#receive(txnId, body),
      user: (userId) => this.#query('onUserQuery', userId),
      alias: (alias) => this.#query('onAliasQuery', alias),
      thirdParty: (path, query) => lookUpThirdParty(this.#options.thirdParty ?? {}, path, query),
      requestLine: (line) => void this.emit('http-log', line),
      other: (request, response, notFound) => void expressApp(request as never, response as never, notFound),
      log: this.#log,
    });
  }

  async #receive(txnId: string, body: ReadBody): Promise<void> {
    const transaction = readTransaction(body.json);
    const incoming = incomingTransaction({ txnId, bytes: body.bytes, transaction, receivedTs: this.#clock.now() });
    const received = await this.#storeOf().receive(incoming);
    if (received.outcome === 'full')
      throw new MatrixError('M_LIMIT_EXCEEDED', 'too many transactions are unhandled', {
        fields: { retry_after_ms: FULL_RETRY_MS },
      });
    if (received.outcome === 'stored') this.#dispatcherOf().add(received.row);
  }

  /** Asks the program, which says yes by its callback or its promise; one that does not override the query knows nobody. */
  async #query(name: 'onUserQuery' | 'onAliasQuery', id: string): Promise<void> {
    if (this[name] === MatrixAppService.prototype[name])
      throw new MatrixError('M_NOT_FOUND', 'nobody of that name is known here');
    try {
      await new Promise<void>((resolve, reject) => {
        this[name](id, resolve)?.then(resolve, reject);
      });
    } catch (error) {
      // A program may answer codes of its own, which the registry of codes does not know.
      if (error instanceof AppserviceHttpError)
        throw new MatrixError(error.errcode as Errcode, error.error, { status: error.status });
      throw error;
    }
  }

  #storeOf(): Store {
    if (this.#store) return this.#store;
    const { store } = this.#options;
    const name = createHash('sha256').update(this.#hsToken).digest('hex').slice(0, 8);
    return (this.#store = typeof store === 'object' ? store : openStore(store ?? `appservice-${name}.sqlite`));
  }

  #dispatcherOf(): Dispatcher {
    return (this.#dispatcher ??= createDispatcher({
      emitter: this,
      store: this.#storeOf(),
      clock: this.#clock,
      log: this.#log,
      before: (event) => this.#noteMembership(event),
    }));
  }

  #outsideOf(): IntentOutside {
    if (this.#outside) return this.#outside;
    const { homeserverUrl, domain, call } = this.#options;
    const registration = this.#registration;
    if (!registration || domain === undefined || (homeserverUrl === undefined && !call)) {
      throw new TypeError('an AppService whose users act needs registration, homeserverUrl and domain');
    }
    const random = this.#options.random ?? systemRandom;
    return (this.#outside = {
      call: withRetry(call ?? createCall(homeserverUrl ?? '', registration.asToken), {
        clock: this.#clock,
        random,
        signal: this.#stopping.signal,
      }),
      store: this.#storeOf(),
      clock: this.#clock,
      random,
      log: this.#log,
      domain,
      botUserId: `@${registration.senderLocalpart}:${domain}`,
      once: createOnce(),
    });
  }

  /** Keeps in step what is remembered of our users' rooms: somebody else may have removed them. */
  async #noteMembership(event: MatrixEvent): Promise<void> {
    if (event.type !== 'm.room.member' || event.state_key === undefined || !this.isOurs(event.state_key)) return;
    await this.#storeOf().setJoined(event.state_key, event.room_id, event.content['membership'] === 'join');
  }
}

/** Plain HTTP, or TLS when matrix-appservice's two environment variables name key and certificate. */
function makeServer(listener: ReturnType<typeof createListener>): Server {
  const { MATRIX_AS_TLS_KEY: key, MATRIX_AS_TLS_CERT: cert } = process.env;
  if (key === undefined && cert === undefined) return createServer(listener);
  if (key === undefined || cert === undefined)
    throw new TypeError('MATRIX_AS_TLS_KEY and MATRIX_AS_TLS_CERT are set together or not at all');
  return createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) }, listener);
}
