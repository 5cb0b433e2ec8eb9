// Puts the IRC network and its configuration into the kit's hands. Called by main.ts for a bridge of its own, and in-process by whoever
// runs homeserver and bridge together.

import path from 'node:path';
import { type Log, type RunningBridge, runBridge } from '@pons/appservice-sdk/bridge';
import type { Registration } from '@pons/registration';
import { readIrcBridgeConfig } from './config.ts';
import { ircNetwork } from './connector.ts';
import { channelIdOf } from './ids.ts';
import { listenerLogin } from './login.ts';
import { type Clock, type Random, systemClock, systemRandom } from './platform/clock.ts';
import { ISUPPORT_DEFAULTS } from './protocol/isupport.ts';

/** What a bridge is started with besides its configuration. */
export interface StartOptions {
  /** Instead of the file that the configuration names. */
  registration?: Registration;
  /** Where relative paths of the configuration begin. Default: the process's folder. */
  folder?: string;
  log?: Log;
  clock?: Clock;
  random?: Random;
}

/** An IRC bridge that runs. */
export interface IrcBridge extends RunningBridge {
  /** The room of a channel, once there is one. */
  roomOfChannel(channel: string): string | undefined;
}

/**
 * Starts the bridge. Resolves when it listens for the homeserver; `ready()` then waits for IRC and the rooms.
 *
 * @param file what a configuration file holds, as parsed YAML (config.ts lists the keys)
 * @throws {ConfigMistakes} with every mistake in it; also what opening the store or the port throws
 */
export async function startIrcBridge(file: object, options: StartOptions = {}): Promise<IrcBridge> {
  const { clock = systemClock, random = systemRandom, folder = '.' } = options;
  const config = readIrcBridgeConfig(file);
  const bridge = await runBridge({
    network: ircNetwork(config, { clock, random }),
    registration: options.registration ?? path.resolve(folder, config.registration),
    homeserverUrl: config.homeserver.url,
    domain: config.homeserver.domain,
    store: config.store === ':memory:' ? config.store : path.resolve(folder, config.store),
    listen: config.listen,
    clock,
    ...(options.log === undefined ? {} : { log: options.log }),
    config: {
      relay: listenerLogin(config),
      // Until the network says how names fold, they fold as on most; only names with []\^ could differ (session.ts warns).
      portals: config.channels.flatMap(({ name, room }) =>
        room === undefined ? [] : [{ chat: channelIdOf(name, ISUPPORT_DEFAULTS), room, name }],
      ),
      ghosts: config.ghosts,
      connectedMax: config.puppets.max,
      ...(config.publicUrl === undefined ? {} : { publicUrl: config.publicUrl }),
    },
  });
  return { ...bridge, roomOfChannel: (channel) => bridge.roomOf(channelIdOf(channel, ISUPPORT_DEFAULTS)) };
}
