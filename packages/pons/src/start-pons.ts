// Homeserver and bridges in one process: the homeserver listens, then its bridges start; stopping goes the other way round. Below
// `pons serve`, the quick start and testBridge, and the door of @pons/pons/embed for programs that bring Pons along.

import {
  assertStartable,
  type Config,
  createHomeserver,
  type Homeserver,
  type HomeserverOptions,
  type Log,
} from '@pons/homeserver';

/** Where the homeserver is, for the bridges beside it. */
export interface HomeserverPlace {
  /** Base URL of its first listener, such as `http://127.0.0.1:8008`. */
  readonly url: string;
  readonly serverName: string;
  /** The homeserver's log. */
  readonly log: Log;
}

/** A bridge that runs: what runBridge and startIrcBridge give is one. */
export interface RunningBeside {
  stop(): Promise<unknown>;
}

/** What startPons takes. */
export interface StartPonsOptions {
  /** From `loadConfig` (a file) or `configFrom` (an object). */
  readonly config: Config;
  /** Each is started when the homeserver listens, one after the other. */
  readonly bridges?: readonly ((homeserver: HomeserverPlace) => Promise<RunningBeside>)[];
  /** Log, console, WebSockets of the homeserver. */
  readonly homeserver?: HomeserverOptions;
}

/** What runs. */
export interface Pons extends HomeserverPlace {
  readonly homeserver: Homeserver;
  readonly listeners: Awaited<ReturnType<Homeserver['listen']>>;
  /** Stops the bridges, the last one first, then the homeserver. */
  stop(): Promise<void>;
}

/**
 * Starts all of it; what has been started is stopped again when the next part cannot.
 *
 * @throws OperatorError with one line per mistake in the configuration or the surroundings; what a bridge throws
 */
export async function startPons({ config, bridges = [], homeserver: options = {} }: StartPonsOptions): Promise<Pons> {
  // A database that is made and migrated only to hear of a taken port would be too much of a mistake's trace.
  await assertStartable(config);
  const homeserver = await createHomeserver(config, options);
  const running: RunningBeside[] = [homeserver];
  async function stop(): Promise<void> {
    // Bridges first: they still have something to say to the homeserver. A part that cannot stop does not keep the others from it.
    const failures: unknown[] = [];
    for (const one of running.splice(0).toReversed()) await one.stop().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  }
  try {
    const listeners = await homeserver.listen();
    const place = { url: listeners[0]?.url ?? '', serverName: config.serverName, log: homeserver.log };
    for (const start of bridges) running.push(await start(place));
    return { ...place, homeserver, listeners, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
