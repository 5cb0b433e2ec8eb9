// Runs the bridge of line.ts: one TCP chat, one room.
// node main.ts [registration.yaml [http://127.0.0.1:8008 [localhost [127.0.0.1:7000 [port]]]]]

import { OperatorError, runBridge } from '@pons/appservice-sdk/bridge';
import { line } from './line.ts';

const [
  registration = 'registration.yaml',
  homeserverUrl = 'http://127.0.0.1:8008',
  domain = 'localhost',
  host = '127.0.0.1:7000',
  port = '9001',
] = process.argv.slice(2);

/** What is yours to mend is a line that says how; a bug keeps its stack. */
function mend(error: unknown): never {
  if (!(error instanceof OperatorError)) throw error;
  console.error(error.message);
  process.exit(2);
}

const bridge = await runBridge({
  network: line,
  registration,
  homeserverUrl,
  domain,
  store: process.env['STORE'] ?? 'line-bridge.sqlite',
  config: {
    relay: { id: `bridge@${host}`, self: 'bridge', name: 'bridge', cred: { host, nick: 'bridge' } },
    portals: [{ chat: host, room: `#line:${domain}`, name: 'LineChat' }],
  },
  listen: { port: Number(port) },
}).catch(mend);
await bridge.ready().catch(mend);
console.log(`${host} is #line:${domain} (${bridge.roomOf(host)})`);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void bridge.stop());
