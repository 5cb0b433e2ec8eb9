// What the parts of a running bridge share. run-bridge.ts puts it together; everything else gets it as its first argument.

import type { AppService } from '../appservice.ts';
import type { Clock } from '../client/clock.ts';
import type { Log } from '../log.ts';
import type { Sqlite } from '../store/sqlite.ts';
import type { TokenWatch } from './lost-token.ts';
import type { AnyNetwork, BridgeConfig } from './options.ts';
import type { Logins } from './people/login.ts';
import type { Lanes } from './portals/portal-lane.ts';
import type { RemoteIds } from './remote-ids.ts';
import type { Messages } from './store/messages.ts';
import type { Portals } from './store/portals.ts';

/** A running bridge, seen from inside. */
export interface Bridge {
  readonly network: AnyNetwork;
  /** What the network's own configuration was parsed to. */
  readonly cfg: unknown;
  readonly config: BridgeConfig<unknown>;
  readonly appservice: AppService;
  readonly domain: string;
  readonly ids: RemoteIds;
  readonly sqlite: Sqlite;
  readonly portals: Portals;
  readonly messages: Messages;
  readonly logins: Logins;
  readonly lanes: Lanes;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  /** Whether the homeserver still takes our as_token. */
  readonly token: TokenWatch;
  /** Aborts when the bridge stops. */
  readonly signal: AbortSignal;
  /** Shares the outcome of work with the same key that is under way. */
  once<T>(key: string, task: () => Promise<T>): Promise<T>;
  /** A link for people without a Matrix account to a file on the homeserver. */
  mediaLink(mxc: string, ttlMs: number): string;
}
