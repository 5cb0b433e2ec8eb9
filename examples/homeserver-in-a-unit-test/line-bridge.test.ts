// The tests of a bridge's author: a real homeserver for each test, the bridge of examples/line-bridge beside it, and the network on
// this side. `vitest run` runs it; nothing has to be installed or running.

import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { runBridge } from '@pons/appservice-sdk/bridge';
import { line } from '@pons/example-line-bridge/line.ts';
import { testBridge } from '@pons/pons/embed';
import { afterEach, beforeEach, expect, test } from 'vitest';

/** The network: whoever connects is on the line. */
const network = createServer();
let host: string;
let bridged: Awaited<ReturnType<typeof startBridge>>;

function startBridge() {
  return testBridge({
    registration: new URL('../line-bridge/registration.yaml', import.meta.url).pathname,
    bridge: (place) =>
      runBridge({
        ...place,
        network: line,
        config: {
          relay: { id: 'bridge', self: 'bridge', name: 'bridge', cred: { host, nick: 'bridge' } },
          portals: [{ chat: host, room: '#line:localhost', name: 'LineChat' }],
        },
      }),
  });
}

let socket: Socket;
beforeEach(async () => {
  await once(network.listen(0, '127.0.0.1'), 'listening');
  host = `127.0.0.1:${(network.address() as { port: number }).port}`;
  const connected = once(network, 'connection');
  bridged = await startBridge();
  [socket] = (await connected) as [Socket];
  await bridged.bridge.ready();
});
afterEach(async () => {
  await bridged.stop();
  network.close();
});

test('what somebody says on the line arrives in the room, from a user of their own', async () => {
  const alice = await bridged.user('alice');
  await alice.join('#line:localhost');
  socket.write('zoë: good morning\n');
  expect(await alice.hear('good morning')).toMatchObject({ sender: expect.stringMatching(/^@_line_zo.*:localhost$/) });
});

test('what is said in the room arrives on the line, with the name of who said it', async () => {
  const alice = await bridged.user('alice');
  const said = once(createInterface(socket), 'line');
  await alice.say(await alice.join('#line:localhost'), 'hello');
  expect(await said).toEqual(['bridge: alice: hello']);
});
