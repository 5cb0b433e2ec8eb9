// The websockets of application services, and how the processes of one database tell one another who holds which.

import {
  type AppserviceWebsockets,
  createAppserviceWebsockets,
  type WebsocketParts,
} from '../appservice-delivery/websocket-connections.ts';
import { WebsocketsElsewhere } from '../appservice-delivery/websockets-elsewhere.ts';
import type { Config } from '../platform/config/schema.ts';
import type { Database } from '../storage/database.ts';
import type { Ground } from './ground.ts';

const channel = 'pons_appservice_sockets';
/** Letters that tell this process from the others on its database. */
const PROCESS_ID_CHARS = 8;

/** Puts them together; nobody can connect yet. */
export function composeAppserviceWebsockets(
  config: Config,
  { clock, random, log }: Ground,
  { db, ...parts }: Pick<WebsocketParts, 'registry' | 'onChange'> & { readonly db: Database },
): AppserviceWebsockets {
  if (config.database.kind !== 'server') return createAppserviceWebsockets({ ...parts, clock, log });
  const elsewhere = new WebsocketsElsewhere({
    clock,
    processId: random.id(PROCESS_ID_CHARS),
    channel: {
      tell(payload) {
        db.notify(channel, payload).catch(() => {}); // the database is away: it is told again
      },
      listen: (heard) => db.listen(channel, heard),
    },
  });
  return createAppserviceWebsockets({ ...parts, clock, log, elsewhere });
}
