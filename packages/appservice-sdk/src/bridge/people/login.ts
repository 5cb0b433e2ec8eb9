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
  session: { readonly promise: Promise<unknown>; readonly abort: AbortController } | undefined;
  held: number;
  lastUsedTs: number;
  cancelRecovery: (() => void) | undefined;
  /** Wakes the listener's loop when its connection is gone. */
  lost: (() => void) | undefined;
}

/** No login is connected yet. */
export function createLogins(parts: LoginParts): Logins {
  const entries = new Map<string, Entry>();
  const connected = new Set<Entry>();
  const byMxid = new Map<string, Promise<Entry | undefined>>();
  const recentVoices = new Map<UserId, number>();
  const shared = createShared();
  const stopping = new AbortController();

  const drop = (entry: Entry): void => {
    const { session } = entry;
    if (!session) return;
    entry.session = undefined;
    connected.delete(entry);
    entry.cancelRecovery?.();
    recentVoices.set(entry.login.self, parts.clock.now() + ECHO_AFTER_CLOSE_MS);
    session.abort.abort();
    session.promise
      .then((opened) => parts.network.close?.(opened))
      .catch((error: unknown) =>
        parts.log.debug('closing a connection failed', { login: entry.login.id, error: String(error) }),
      );
    shared.leave(entry.login.id);
    entry.lost?.();
  };

  const add = (account: Account, about: { mxid?: string; relay: boolean }): Entry => {
    const entry: Entry = {
      ...makeLogin(account, about.relay, about.mxid),
      session: undefined,
      held: 0,
      lastUsedTs: 0,
      cancelRecovery: undefined,
      lost: undefined,
      mxid: about.mxid,
      relay: about.relay,
    };
    entries.set(account.id, entry);
    return entry;
  };

  const makeLogin = (
    account: Account,
    relay: boolean,
    mxid: string | undefined,
  ): { login: Login<unknown, unknown> } => {
    const given = JSON.stringify(account.cred);
    const row = parts.sqlite.get<{ given: string; cred: string }>(
      'select given, cred from logins where login_id = ?',
      account.id,
    );
    const login: Login<unknown, unknown> = {
      id: account.id,
      self: account.self,
      // What the network saved holds until the configuration gives something else.
      cred: row && row.given === given ? (JSON.parse(row.cred) as unknown) : account.cred,
      cfg: parts.cfg,
      get signal() {
        return entries.get(account.id)?.session?.abort.signal ?? stopping.signal;
      },
      log: parts.log,
      relay,
      emit: (event) => parts.emit(login, event),
      status: (status, why) => onStatus(account.id, status, why),
      async save(cred) {
        login.cred = cred;
        await remember(parts.sqlite, { id: account.id, mxid, given, cred: JSON.stringify(cred) });
      },
      kv: loginValues(parts.sqlite, account.id),
      share: (key, open) => shared.join(key, account.id, open),
      matrix: (as) => parts.matrix(as),
    };
    return { login };
  };

  const onStatus = (
    id: LoginId,
    status: 'connecting' | 'connected' | 'unstable' | 'logged-out',
    why?: string,
  ): void => {
    const entry = entries.get(id);
    if (!entry) return;
    parts.log.info('login status', { login: id, status, why });
    if (status === 'connecting') return;
    entry.cancelRecovery?.();
    entry.cancelRecovery = undefined;
    if (status === 'logged-out') drop(entry);
    if (status === 'unstable') entry.cancelRecovery = parts.clock.after(RECOVER_MS, () => drop(entry));
  };

  const makeRoom = (): void => {
    const automatic = [...connected].filter((entry) => !entry.relay);
    if (automatic.length < parts.connectedMax) return;
    const idle = automatic.filter((entry) => entry.held === 0).toSorted((a, b) => a.lastUsedTs - b.lastUsedTs)[0];
    if (idle) drop(idle);
  };

  const connect = (entry: Entry): Promise<unknown> => {
    entry.lastUsedTs = parts.clock.now();
    if (entry.session) return entry.session.promise;
    if (!entry.relay) makeRoom();
    const abort = new AbortController();
    // The network hears of the session's end by login.signal, which must be this session's before connect is called.
    const opening = Promise.resolve().then(() => parts.network.connect(entry.login));
    const promise = withinTime(opening, abort.signal);
    entry.session = { promise, abort };
    connected.add(entry);
    promise.catch(() => {
      if (entry.session?.promise === promise) drop(entry);
    });
    return promise;
  };

  const withinTime = (opening: Promise<unknown>, signal: AbortSignal): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const fail = (text: string) => (): void => reject(new SendFailure('try-again', text));
      const cancel = parts.clock.after(CONNECT_TIMEOUT_MS, fail(`${parts.network.name} does not answer`));
      signal.addEventListener('abort', fail('the connection was closed'), { once: true });
      opening.then(resolve, reject).finally(cancel);
    });

  const keepRelay = async (entry: Entry, ready: () => void): Promise<void> => {
    for (let attempt = 2; !stopping.signal.aborted; attempt++) {
      const lost = new Promise<void>((resolve) => (entry.lost = resolve));
      try {
        await connect(entry);
        ready();
        const sinceTs = parts.clock.now();
        await lost;
        // One that is thrown out as soon as it is in must not knock without pause.
        if (parts.clock.now() - sinceTs > RECOVER_MS) attempt = 1;
      } catch (error) {
        parts.log.warn('the listener cannot connect', { login: entry.login.id, error: String(error) });
      }
      await sleep(parts.clock, backoffMs(attempt, parts.random(), RECONNECT_WAIT_MAX_MS), stopping.signal);
    }
  };

  const automatic = async (mxid: string, name: () => Promise<string>): Promise<Entry | undefined> => {
    if (!parts.network.autoLogin) return undefined;
    const account = await parts.network.autoLogin({ mxid, name: await name() }, parts.cfg);
    if (!account) return undefined;
    const entry = add(account, { mxid, relay: false });
    const given = JSON.stringify(account.cred);
    await remember(parts.sqlite, { id: account.id, mxid, given, cred: JSON.stringify(entry.login.cred) });
    return entry;
  };

  const live = (user: UserId): Entry | undefined => connected.values().find((entry) => entry.login.self === user);
  const connectedOf = (mxid: string): Entry | undefined => connected.values().find((entry) => entry.mxid === mxid);
  const relay = parts.relay ? add(parts.relay, { relay: true }) : undefined;
  return {
    relay: () => relay,
    ofMatrixUser(mxid, name) {
      let found = byMxid.get(mxid);
      if (!found) {
        byMxid.set(mxid, (found = automatic(mxid, name)));
        // Asked again at the next message.
        found.then(
          (entry) => !entry && byMxid.delete(mxid),
          () => byMxid.delete(mxid),
        );
      }
      return found;
    },
    byId: (id) => entries.get(id),
    ownerOf: (id) =>
      parts.sqlite.get<{ mxid: string | null }>('select mxid from logins where login_id = ?', id)?.mxid ?? undefined,
    session: (entry) => connect(entry as Entry),
    openSession: (entry) => (entry as Entry).session?.promise,
    hold(entry) {
      (entry as Entry).held++;
      return () => void (entry as Entry).held--;
    },
    isOurVoice(user) {
      if (live(user)) return true;
      const until = recentVoices.get(user);
      if (until !== undefined && until < parts.clock.now()) recentVoices.delete(user);
      return until !== undefined && until >= parts.clock.now();
    },
    matrixUserOf: (user) => live(user)?.mxid,
    remoteUserOf: (mxid) => connectedOf(mxid)?.login.self,
    connectedOf,
    async start() {
      if (!relay) return;
      await new Promise<void>((resolve) => {
        void keepRelay(relay, resolve);
      });
    },
    async close() {
      stopping.abort();
      for (const entry of entries.values()) drop(entry);
    },
  };
}

function remember(
  sqlite: Sqlite,
  row: { id: LoginId; mxid: string | undefined; given: string; cred: string },
): Promise<number> {
  const sql = 'insert or replace into logins (login_id, mxid, given, cred) values (?, ?, ?, ?)';
  return sqlite.write(() => sqlite.run(sql, row.id, row.mxid ?? null, row.given, row.cred));
}

function loginValues(sqlite: Sqlite, loginId: LoginId): Login<unknown, unknown>['kv'] {
  return {
    async get(key) {
      return sqlite.get<{ value: Uint8Array }>(
        'select value from login_values where login_id = ? and key = ?',
        loginId,
        key,
      )?.value;
    },
    async set(key, value) {
      await sqlite.write(() =>
        value === null
          ? sqlite.run('delete from login_values where login_id = ? and key = ?', loginId, key)
          : sqlite.run(
              'insert or replace into login_values (login_id, key, value) values (?, ?, ?)',
              loginId,
              key,
              value,
            ),
      );
    },
  };
}

/** What several logins use together: opened by the first, closed with the last. */
function createShared() {
  const open = new Map<string, { promise: Promise<unknown>; abort: AbortController; users: Set<LoginId> }>();
  return {
    join<T>(key: string, user: LoginId, make: (signal: AbortSignal) => Promise<T>): Promise<T> {
      let one = open.get(key);
      if (!one) {
        const abort = new AbortController();
        open.set(key, (one = { promise: make(abort.signal), abort, users: new Set() }));
        one.promise.catch(() => open.delete(key));
      }
      one.users.add(user);
      return one.promise as Promise<T>;
    },
    leave(user: LoginId): void {
      for (const [key, one] of open) {
        if (!one.users.delete(user) || one.users.size > 0) continue;
        open.delete(key);
        one.abort.abort();
      }
    },
  };
}
