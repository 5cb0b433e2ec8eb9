// Logins of the bridge as the kit would make them, recorded: what they emit and say of themselves can be waited for.

import type { Ctx, Failure, MatrixMedia, Message, RemoteEvent } from '@pons/appservice-sdk/bridge';
import { type IrcBridgeConfig, readIrcBridgeConfig } from '../src/config.ts';
import { ircNetwork } from '../src/connector.ts';
import { listenerLogin, type NewLogin, puppetLogin } from '../src/login.ts';
import { type Clock, systemClock } from '../src/platform/clock.ts';
import type { IrcLogin, IrcSession } from '../src/session.ts';
import { type Recorder, recorder } from '@pons/testkit/recorder';

/** A failed send, as `c.fail` makes it. */
export class Failed extends Error {
  readonly why: Failure;
  constructor(why: Failure, text: string) {
    super(text);
    this.why = why;
  }
}

/** One login that is connected. */
export interface Connected {
  session: IrcSession;
  events: Recorder<RemoteEvent>;
  statuses: string[];
  /** As the kit closes a login. */
  close(): Promise<void>;
}

/** A configuration for a server on this machine. */
export function configFor(server: { port: number }, more: object = {}): IrcBridgeConfig {
  return readIrcBridgeConfig({
    homeserver: { url: 'http://127.0.0.1:1', domain: 'example.org' },
    listen: { port: 0 },
    network: { name: 'Test', servers: [{ host: '127.0.0.1', port: server.port, tls: false }] },
    channels: { '#pons': { room: '#pons:example.org' } },
    flood: { burst: 200, lines_per_second: 200 },
    ...more,
  });
}

/** The bridge's network with a way to connect logins to it. */
export function bridgeOn(cfg: IrcBridgeConfig, clock: Clock = systemClock) {
  const network = ircNetwork(cfg, { clock, random: () => 0.5 });
  const kept = new Map<string, Uint8Array>();
  // Whatever any login logs or says of its state.
  const told = recorder<unknown>();
  const log = (...line: unknown[]): void => told.add(line);

  async function connect(login: NewLogin, relay: boolean): Promise<Connected> {
    const events = recorder<RemoteEvent>();
    const statuses: string[] = [];
    const ended = new AbortController();
    const made: IrcLogin = {
      ...login,
      cfg,
      signal: ended.signal,
      log: { debug: log, info: log, warn: log, error: log },
      relay,
      emit: (event) => Promise.resolve(events.add(event)),
      status: (status, why) => {
        told.add([status, why]);
        statuses.push(why === undefined ? status : `${status}: ${why}`);
      },
      save: () => Promise.resolve(),
      kv: {
        get: (key) => Promise.resolve(kept.get(`${login.id} ${key}`)),
        set: (key, value) => Promise.resolve(void (value && kept.set(`${login.id} ${key}`, value))),
      },
      share: () => Promise.reject(new Error('not used')),
      matrix: () => ({ call: () => Promise.reject(new Error('not used')) }),
    };
    const session = await network.connect(made);
    return {
      session,
      events,
      statuses,
      close: async () => {
        ended.abort();
        await network.close?.(session);
      },
    };
  }

  return {
    network,
    told,
    listener: () => connect(listenerLogin(cfg), true),
    puppet: async (mxid: string, name: string) => {
      const login = puppetLogin({ mxid, name }, cfg, 30);
      if (login === null) throw new Error('puppets are off');
      return await connect(login, false);
    },
  };
}

/** The context of one send. */
export function context(key: string): Ctx {
  return {
    key,
    attempt: 1,
    signal: AbortSignal.timeout(15_000),
    at: new Date(),
    raw: {},
    fail(why, text): never {
      throw new Failed(why, text);
    },
  };
}

/** A message of one paragraph. */
export function said(...p: NonNullable<Extract<NonNullable<Message['parts'][0]['blocks']>[0], { p: unknown }>>['p']) {
  const message: Message<MatrixMedia> = { parts: [{ style: 'text', blocks: [{ p }] }] };
  return message;
}
