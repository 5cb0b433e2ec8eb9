// The as_token ends while the bridge runs: nothing of the network or of the room is lost by that, and the operator is told once.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import { type RecordingHomeserver, recordingHomeserver } from '../testing/recording-homeserver.ts';
import { testRegistration } from '../testing/test-registration.ts';
import { defineNetwork, text } from './define-network.ts';
import type { Login, To } from './network.ts';
import type { RunningBridge } from './options.ts';
import { runBridge } from './run-bridge.ts';

const folder = mkdtempSync(join(tmpdir(), 'pons-lost-token-'));
afterAll(() => rmSync(folder, { recursive: true }));

let homeserver: RecordingHomeserver;
let files = 0;
let errors: string[] = [];
const running: RunningBridge[] = [];
beforeEach(async () => {
  errors = [];
  homeserver = await recordingHomeserver();
});
afterEach(async () => {
  for (const bridge of running.splice(0)) await bridge.stop();
  await homeserver.close();
});

async function start(
  store = join(folder, `${files++}.sqlite`),
  message: To<object>['message'] = async () => ({ id: 'm' }),
) {
  let listener: Login<object, unknown> | undefined;
  const network = defineNetwork<object, object>({
    id: 'x',
    name: 'X',
    login: {},
    connect: async (login) => ((listener = login), {}),
    to: { message },
  });
  const bridge = await runBridge({
    network,
    registration: testRegistration(),
    homeserverUrl: homeserver.url,
    domain: 'example.org',
    store,
    config: {
      relay: { id: 'listener', self: 'pons', name: 'pons', cred: {} },
      portals: [{ chat: '#c', room: '#c:example.org' }],
    },
    listen: { port: 0 },
    log: {
      debug: () => undefined,
      info: () => undefined,
      warn: () => undefined,
      error: (line) => void errors.push(line),
    },
  });
  running.push(bridge);
  await bridge.ready();
  homeserver.serve(bridge.port, 'hs');
  const says = async (id: string) =>
    await listener?.emit({ t: 'message', chat: '#c', from: 'Ada', id, message: text(id) });
  return { bridge, room: bridge.roomOf('#c') ?? '', says };
}

const said = (...texts: string[]) => texts.map((body) => `@_x__ada:example.org: ${body}`);
/** Waits until the homeserver has refused so many requests. */
const refused = async (count: number) => {
  const before = homeserver.requests.length;
  await expect.poll(() => homeserver.requests.length - before).toBeGreaterThanOrEqual(count);
};

test.each(['M_UNKNOWN_TOKEN', 'M_MISSING_TOKEN'])(
  'what the network says while the homeserver answers %s arrives when it knows the token again, and the remedy is said once',
  async (errcode) => {
    const { room, says } = await start();
    await says('0');
    await expect.poll(() => homeserver.said(room)).toEqual(said('0'));
    homeserver.refusal = { status: 401, errcode };
    for (const id of ['1', '2', '3']) await says(id);
    await refused(2);
    homeserver.refusal = undefined;
    await expect.poll(() => homeserver.said(room)).toEqual(said('0', '1', '2', '3'));
    expect(errors).toEqual([
      expect.stringMatching(
        /does not know the as_token of its registration: give it this file .*pons appservice add FILE/,
      ),
    ]);
    homeserver.refusal = { status: 401, errcode };
    await says('4');
    await expect.poll(() => errors).toHaveLength(2);
  },
);

test('what the network said while the token was unknown is carried by the next run', async () => {
  const store = join(folder, 'kept.sqlite');
  const { bridge, room, says } = await start(store);
  homeserver.refusal = { status: 401, errcode: 'M_UNKNOWN_TOKEN' };
  await says('kept');
  await expect.poll(() => errors).toHaveLength(1);
  await bridge.stop();
  running.length = 0;
  homeserver.refusal = undefined;
  await start(store);
  await expect.poll(() => homeserver.said(room)).toEqual(said('kept'));
});

test('a message whose file cannot be fetched while the token is unknown goes out later, and has not failed', async () => {
  const sent: string[] = [];
  const { room } = await start(undefined, async (_, { message }, { key }) => {
    for await (const chunk of (await message.parts[0]?.media?.open()) ?? []) sent.push(Buffer.from(chunk).toString());
    return { id: key };
  });
  for (let time = 0; time < 2; time++)
    homeserver.answerOnce(/media\/download/, 401, { errcode: 'M_UNKNOWN_TOKEN', error: 'unknown' });
  homeserver.answerOnce(/media\/download/, 200, { bytes: 1 });
  const content = { msgtype: 'm.image', body: 'a.png', url: 'mxc://example.org/a' };
  await homeserver.happens({ room_id: room, type: 'm.room.message', sender: '@alice:example.org', content });
  await expect.poll(() => sent).toEqual(['{"bytes":1}']);
  expect(homeserver.said(room)).toEqual(['@alice:example.org: a.png']);
  expect(errors).toHaveLength(1);
});
