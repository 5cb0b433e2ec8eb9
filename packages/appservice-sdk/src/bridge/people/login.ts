// Logins and their connections. The listener of the configuration is connected as long as the bridge runs; a login made by autoLogin is
// connected when its Matrix user first speaks, and the one idle longest is closed when there are too many. A connection that the network
// calls unstable has half a minute to recover; then it is closed, and opened again: at once for the listener, at the next need for others.

import { type Clock, sleep } from '../../client/clock.ts';
import { backoffMs } from '../../client/retry.ts';
import type { Log } from '../../log.ts';
import type { Sqlite } from '../../store/sqlite.ts';
import type { Login, LoginId, RemoteEvent, UserId } from '../network.ts';
import type { AnyNetwork } from '../options.ts';
import { SendFailure } from '../send-failure.ts';
import { loginValues, ownerOfLogin, rememberLogin, savedCred } from './login-rows.ts';
import { createShared } from './shared-connections.ts';

/** A network that takes longer to connect has failed. */
const CONNECT_TIMEOUT_MS = 60_000;
/** How long an unstable connection may try to recover by itself. */
const RECOVER_MS = 30_000;
const RECONNECT_WAIT_MAX_MS = 5 * 60_000;
/** What a closed login said may still come back from the network for so long. */
const ECHO_AFTER_CLOSE_MS = 60_000;

/** An account on the network, as autoLogin and the configuration give it. */
export interface Account {
  readonly id: LoginId;
  readonly self: UserId;
  readonly name: string;
  readonly cred: unknown;
}

/** A login of this process. */
export interface LoginEntry {
  readonly login: Login<unknown, unknown>;
  /** Whose it is; the listener is nobody's. */
  readonly mxid: string | undefined;
  readonly relay: boolean;
}

/** All logins of this process. */
export interface Logins {
  /** The listener, when there is one. */
  relay(): LoginEntry | undefined;
  /** The login of a Matrix user, made by autoLogin when there is none; `undefined`: they are relayed. */
  ofMatrixUser(mxid: string, name: () => Promise<string>): Promise<LoginEntry | undefined>;
  byId(id: LoginId): LoginEntry | undefined;
  /** Whose login it is, also if it was not used in this run. */
  ownerOf(id: LoginId): string | undefined;
  /** The connection, opened when there is none. Fails as a send does. */
  session(entry: LoginEntry): Promise<unknown>;
  /** The connection, if it is open. */
  openSession(entry: LoginEntry): Promise<unknown> | undefined;
  /** Work that must not be closed away; call the answer at its end. */
  hold(entry: LoginEntry): () => void;
  /** Whether what this remote user says was said through the bridge. */
  isOurVoice(user: UserId): boolean;
  /** The Matrix user who is connected as this remote user. */
  matrixUserOf(user: UserId): string | undefined;
  /** The remote user as whom this Matrix user is connected. */
  remoteUserOf(mxid: string): UserId | undefined;
  connectedOf(mxid: string): LoginEntry | undefined;
  /** Connects the listener and keeps it connected; resolves at the first success. */
  start(): Promise<void>;
  close(): Promise<void>;
}

/** What logins work with. */
export interface LoginParts {
  readonly network: AnyNetwork;
  readonly cfg: unknown;
  readonly relay: Account | undefined;
  readonly connectedMax: number;
  readonly sqlite: Sqlite;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  emit(login: Login<unknown, unknown>, event: RemoteEvent): Promise<void>;
  matrix(as?: UserId): { call(method: string, path: string, body?: unknown): Promise<unknown> };
}

interface Entry extends LoginEntry {
  session: Session | undefined;
  held: number;
  lastUsedTs: number;
  cancelRecovery: (() => void) | undefined;
  /** Wakes the listener's loop when its connection is gone. */
  lost: (() => void) | undefined;
}

interface Session {
  readonly promise: Promise<unknown>;
  readonly abort: AbortController;
  /** Set once the network has let us in: before, whoever has our name there is somebody else. */
  opened: boolean;
}

/** No login is connected yet. */
export function createLogins(parts: LoginParts): Logins {
  return new LoginPool(parts);
}

class LoginPool implements Logins {
  readonly #parts: LoginParts;
  readonly #entries = new Map<LoginId, Entry>();
  readonly #connected = new Set<Entry>();
  readonly #byMxid = new Map<string, Promise<Entry | undefined>>();
  readonly #recentVoices = new Map<UserId, number>();
  readonly #shared = createShared();
  readonly #stopping = new AbortController();
  readonly #relay: Entry | undefined;

  constructor(parts: LoginParts) {
    this.#parts = parts;
    this.#relay = parts.relay && this.#add(parts.relay, undefined);
  }

  relay(): LoginEntry | undefined {
    return this.#relay;
  }

  byId(id: LoginId): LoginEntry | undefined {
    return this.#entries.get(id);
  }

  ownerOf(id: LoginId): string | undefined {
    return ownerOfLogin(this.#parts.sqlite, id);
  }

  ofMatrixUser(mxid: string, name: () => Promise<string>): Promise<LoginEntry | undefined> {
    let found = this.#byMxid.get(mxid);
    if (!found) {
      found = this.#automatic(mxid, name);
      this.#byMxid.set(mxid, found);
      const askAgain = (): boolean => this.#byMxid.delete(mxid);
      found.then((entry) => !entry && askAgain(), askAgain);
    }
    return found;
  }

  session(login: LoginEntry): Promise<unknown> {
    const entry = login as Entry;
    entry.lastUsedTs = this.#parts.clock.now();
    if (entry.session) return entry.session.promise;
    if (!entry.relay) this.#makeRoom();
    return this.#connect(entry);
  }

  openSession(login: LoginEntry): Promise<unknown> | undefined {
    return (login as Entry).session?.promise;
  }

  hold(login: LoginEntry): () => void {
    const entry = login as Entry;
    entry.held++;
    return () => void entry.held--;
  }

  isOurVoice(user: UserId): boolean {
    if (this.#live(user)) return true;
    const until = this.#recentVoices.get(user);
    if (until === undefined) return false;
    if (until >= this.#parts.clock.now()) return true;
    this.#recentVoices.delete(user);
    return false;
  }

  matrixUserOf(user: UserId): string | undefined {
    return this.#live(user)?.mxid;
  }

  remoteUserOf(mxid: string): UserId | undefined {
    return this.connectedOf(mxid)?.login.self;
  }

  connectedOf(mxid: string): LoginEntry | undefined {
    return this.#connected.values().find((entry) => entry.mxid === mxid);
  }

  async start(): Promise<void> {
    const relay = this.#relay;
    if (relay) await new Promise<void>((resolve) => void this.#keep(relay, resolve));
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    for (const entry of this.#connected) this.#drop(entry);
  }

  #live(user: UserId): Entry | undefined {
    return this.#connected.values().find((entry) => entry.session?.opened && entry.login.self === user);
  }

  async #automatic(mxid: string, name: () => Promise<string>): Promise<Entry | undefined> {
    const { network, cfg, sqlite } = this.#parts;
    const account = await network.autoLogin?.({ mxid, name: await name() }, cfg);
    if (!account) return undefined;
    const entry = this.#add(account, mxid);
    await rememberLogin(sqlite, { id: account.id, mxid, given: account.cred, cred: entry.login.cred });
    return entry;
  }

  #add(account: Account, mxid: string | undefined): Entry {
    const login = this.#makeLogin(account, mxid);
    const relay = mxid === undefined;
    const entry: Entry = {
      login,
      mxid,
      relay,
      session: undefined,
      held: 0,
      lastUsedTs: 0,
      cancelRecovery: undefined,
      lost: undefined,
    };
    this.#entries.set(account.id, entry);
    return entry;
  }

  #makeLogin(account: Account, mxid: string | undefined): Login<unknown, unknown> {
    const { sqlite, cfg, log } = this.#parts;
    const { id, self, cred: given } = account;
    const signal = (): AbortSignal => this.#entries.get(id)?.session?.abort.signal ?? this.#stopping.signal;
    const login: Login<unknown, unknown> = {
      id,
      self,
      // What the network saved holds until the configuration gives something else.
      cred: savedCred(sqlite, id, given),
      cfg,
      get signal() {
        return signal();
      },
      log,
      relay: mxid === undefined,
      emit: (event) => this.#parts.emit(login, event),
      status: (status, why) => this.#onStatus(id, status, why),
      async save(cred) {
        login.cred = cred;
        await rememberLogin(sqlite, { id, mxid, given, cred });
      },
      kv: loginValues(sqlite, id),
      share: (key, open) => this.#shared.join(key, id, open),
      matrix: (as) => this.#parts.matrix(as),
    };
    return login;
  }

  #onStatus(id: LoginId, status: 'connecting' | 'connected' | 'unstable' | 'logged-out', why?: string): void {
    const entry = this.#entries.get(id);
    if (!entry) return;
    this.#parts.log.info('login status', { login: id, status, why });
    if (status === 'connecting') return;
    entry.cancelRecovery?.();
    entry.cancelRecovery = undefined;
    if (status === 'logged-out') this.#drop(entry);
    if (status === 'unstable') entry.cancelRecovery = this.#parts.clock.after(RECOVER_MS, () => this.#drop(entry));
  }

  #connect(entry: Entry): Promise<unknown> {
    const abort = new AbortController();
    // The network hears of the session's end by login.signal, which must be this session's before connect is called.
    const opening = Promise.resolve().then(() => this.#parts.network.connect(entry.login));
    const session: Session = { promise: this.#withinTime(opening, abort.signal), abort, opened: false };
    entry.session = session;
    this.#connected.add(entry);
    session.promise.then(
      () => (session.opened = true),
      () => entry.session === session && this.#drop(entry),
    );
    return session.promise;
  }

  #withinTime(opening: Promise<unknown>, signal: AbortSignal): Promise<unknown> {
    const { clock, network } = this.#parts;
    return new Promise((resolve, reject) => {
      const fail = (text: string) => (): void => reject(new SendFailure('try-again', text));
      const cancel = clock.after(CONNECT_TIMEOUT_MS, fail(`${network.name} does not answer`));
      signal.addEventListener('abort', fail('the connection was closed'), { once: true });
      opening.then(resolve, reject).finally(cancel);
    });
  }

  /** Closes the connection that was idle longest, when there are as many as there may be and one is idle. */
  #makeRoom(): void {
    const automatic = [...this.#connected].filter((entry) => !entry.relay);
    if (automatic.length < this.#parts.connectedMax) return;
    const [idle] = automatic.filter((entry) => entry.held === 0).toSorted((a, b) => a.lastUsedTs - b.lastUsedTs);
    if (idle) this.#drop(idle);
  }

  #drop(entry: Entry): void {
    const { session } = entry;
    if (!session) return;
    const { clock, network, log } = this.#parts;
    entry.session = undefined;
    this.#connected.delete(entry);
    entry.cancelRecovery?.();
    if (session.opened) this.#recentVoices.set(entry.login.self, clock.now() + ECHO_AFTER_CLOSE_MS);
    session.abort.abort();
    session.promise
      .then((opened) => network.close?.(opened))
      .catch((error: unknown) =>
        log.debug('closing a connection failed', { login: entry.login.id, error: String(error) }),
      );
    this.#shared.leave(entry.login.id);
    entry.lost?.();
  }

  /** Keeps the listener connected until the bridge stops. */
  async #keep(entry: Entry, ready: () => void): Promise<void> {
    const { clock, random, log } = this.#parts;
    const { signal } = this.#stopping;
    for (let attempt = 2; !signal.aborted; attempt++) {
      const lost = new Promise<void>((resolve) => (entry.lost = resolve));
      try {
        await this.session(entry);
        ready();
        const sinceTs = clock.now();
        await lost;
        // One that is thrown out as soon as it is in must not knock without pause.
        if (clock.now() - sinceTs > RECOVER_MS) attempt = 1;
      } catch (error) {
        log.warn('the listener cannot connect', { login: entry.login.id, error: String(error) });
      }
      await sleep(clock, backoffMs(attempt, random(), RECONNECT_WAIT_MAX_MS), signal);
    }
  }
}
