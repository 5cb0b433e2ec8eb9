// @pons/pons/embed as authors of bridges and of programs meet it: testBridge's homeservers are apart from one another, what fails to
// start leaves nothing behind, startPons stops in the right order.

import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { type BridgePlace, configFrom, startPons, testBridge } from '../src/embed.ts';

const folder = mkdtempSync(join(tmpdir(), 'pons-embed-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The least that is a bridge: it remembers the events that it was sent. */
async function listener(place: BridgePlace) {
  const bodies: string[] = [];
  let heard = () => {};
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk) => {
      text += String(chunk);
    });
    request.on('end', () => {
      const { events = [] } = JSON.parse(text || '{}') as { events?: { content: { body?: string } }[] };
      bodies.push(...events.flatMap(({ content }) => content.body ?? []));
      response.setHeader('content-type', 'application/json').end('{}');
      heard();
    });
  });
  await new Promise<void>((resolve) => server.listen(place.listen.port, place.listen.bind, resolve));
  return {
    place,
    async hears(body: string): Promise<void> {
      while (!bodies.includes(body)) await new Promise<void>((resolve) => (heard = resolve));
    },
    stop: () => new Promise((resolve) => (server.close(resolve), server.closeAllConnections())),
  };
}
const registration = { id: 'x', namespaces: { users: [], aliases: [], rooms: [{ exclusive: false, regex: '!.*' }] } };

test('every test has a homeserver of its own; what is said reaches the bridge, and a person hears another', async () => {
  const [one, two] = await Promise.all([
    testBridge({ registration, bridge: listener }),
    testBridge({ registration, bridge: listener }),
  ]);
  const [alice, bob] = [await one.user('alice'), await one.user('bob')];
  expect(await one.user('alice')).toBe(alice);
  const { room_id: roomId } = await alice.call<{ room_id: string }>('POST', '/_matrix/client/v3/createRoom', {
    preset: 'public_chat',
  });
  await bob.join(roomId);
  await alice.say(roomId, 'first');
  await alice.say(roomId, 'second');
  expect(await bob.hear('second')).toEqual({ roomId, sender: alice.userId, body: 'second' });
  expect(await bob.hear('first')).toMatchObject({ body: 'first' });
  await one.bridge.hears('second');
  await expect(bob.hear('never', 20)).rejects.toThrow('did not hear "never" in 20 ms');
  await expect((await two.user('eve')).join(roomId)).rejects.toThrow('M_');
  await Promise.all([one.stop(), two.stop()]);
  expect(existsSync(one.bridge.place.registration)).toBe(false);
});

test('a bridge that cannot start takes the homeserver with it and says why', async () => {
  let url = '';
  const broken = (place: BridgePlace) => {
    url = place.homeserverUrl;
    return Promise.reject(new Error('the network is unknown'));
  };
  const before = readdirSync(tmpdir()).filter((name) => name.startsWith('pons-bridge-'));
  await expect(testBridge({ registration, bridge: broken })).rejects.toThrow('the network is unknown');
  await expect(fetch(`${url}/_matrix/client/versions`)).rejects.toThrow('fetch failed');
  expect(readdirSync(tmpdir()).filter((name) => name.startsWith('pons-bridge-') && !before.includes(name))).toEqual([]);
});

test('startPons starts bridges when the homeserver answers, and stops the last one first and the homeserver last', async () => {
  const seen: string[] = [];
  const beside = (name: string) => async (homeserver: { url: string }) => {
    const ask = async () => (await fetch(`${homeserver.url}/_matrix/client/versions`)).status;
    seen.push(`${name} starts ${await ask()}`);
    return { stop: async () => seen.push(`${name} stops ${await ask()}`) };
  };
  const values = { server_name: 'localhost', listeners: [{ port: 0 }], telemetry: { log: { level: 'error' } } };
  const pons = await startPons({ config: configFrom(values, folder), bridges: [beside('a'), beside('b')] });
  expect(pons.serverName).toBe('localhost');
  await pons.stop();
  expect(seen).toEqual(['a starts 200', 'b starts 200', 'b stops 200', 'a stops 200']);
});
