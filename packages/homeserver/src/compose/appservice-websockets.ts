// The websockets of application services, and how the processes of one database tell one another who holds which, and pass calls on.

import type { Transport } from '../appservice-delivery/call-appservice.ts';
import {
  type AppserviceWebsockets,
  createAppserviceWebsockets,
  type WebsocketParts,
} from '../appservice-delivery/websocket-connections.ts';
import { createForwarding } from '../appservice-delivery/websocket-forwarding.ts';
import { type ProcessChannel, WebsocketsElsewhere } from '../appservice-delivery/websockets-elsewhere.ts';
import type { Config } from '../platform/config/schema.ts';
import type { Database } from '../storage/database.ts';
import type { Ground } from './ground.ts';

const holdersChannel = 'pons_appservice_sockets';
const callsChannel = 'pons_appservice_calls';
/** Letters that tell this process from the others on its database. */
const PROCESS_ID_CHARS = 8;

/** The websockets of this process, and the way to those of all. */
export interface ComposedWebsockets {
  readonly websockets: AppserviceWebsockets;
  readonly transport: Transport;
}

/** Puts them together; nobody can connect yet. */
export function composeAppserviceWebsockets(
  config: Config,
  { clock, random, log }: Ground,
  { db, ...parts }: Pick<WebsocketParts, 'registry' | 'onChange'> & { readonly db: Database },
): ComposedWebsockets {
  if (config.database.kind !== 'server') {
    const websockets = createAppserviceWebsockets({ ...parts, clock, log });
    return { websockets, transport: websockets };
  }
  const processId = random.id(PROCESS_ID_CHARS);
  const elsewhere = new WebsocketsElsewhere({ clock, processId, channel: channelOf(db, holdersChannel) });
  const here = createAppserviceWebsockets({ ...parts, clock, log, elsewhere });
  const transport = createForwarding({
    clock,
    processId,
    channel: channelOf(db, callsChannel),
    registry: parts.registry,
    here,
    isElsewhere: (id) => elsewhere.holds(id),
  });
  const websockets: AppserviceWebsockets = {
    ...here,
    async start() {
      await transport.start();
      await here.start();
    },
    async stop() {
      await here.stop();
      await transport.stop();
    },
  };
  return { websockets, transport };
}

function channelOf(db: Database, name: string): ProcessChannel {
  return {
    tell(payload) {
      db.notify(name, payload).catch(() => {}); // the database is away: it is told again, or whoever waits gives up
    },
    listen: (heard) => db.listen(name, heard),
  };
}
