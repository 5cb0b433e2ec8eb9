// The whole chain with nothing of ours at its ends: a real IRC server, the bridge and the homeserver as processes, irc-framework on one side
// and matrix-js-sdk on the other.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { generateRegistration, prefixRegex } from '@pons/registration';
import { type Person, person } from '@pons/testkit/irc-person';
import { type RealServer, startInspircd, startNgircd } from '@pons/testkit/irc-servers';
import { registerUser } from '@pons/testkit/requests';
import { serve, type Served, testConfig } from '@pons/testkit/serve';
import { createClient, type MatrixClient, type MatrixEvent, MsgType, RoomEvent } from 'matrix-js-sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const bridgeMain = path.resolve(import.meta.dirname, '../../bridges/irc/src/main.ts');
const channel = '#pons';
const alias = '#_irc_#pons:localhost';

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
function startBridge(config: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [bridgeMain, config], { stdio: ['ignore', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  return new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', () => resolve(child));
    child.once('exit', (code) => reject(new Error(`the bridge ended with ${code}\n${errors.slice(-3000)}`)));
  });
}
function kill(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}

describe.each([
  ['InspIRCd', () => startInspircd()],
  ['ngIRCd', () => startNgircd()],
] as const)('through %s', (name, startServer) => {
  const dir = mkdtempSync(path.join(tmpdir(), `pons-chain-${name}-`));
  const configFile = path.join(dir, 'bridge.yaml');
  let irc: RealServer | null = null;
  let homeserver: Served | undefined;
  let bridge: ChildProcess | undefined;
  let alice: MatrixClient | undefined;
  let carol: Person | undefined;
  let roomId = '';
  const timeline: MatrixEvent[] = [];

  beforeAll(async () => {
    irc = await startServer();
    if (irc === null) return;
    const port = await freePort();
    const registration = generateRegistration({
      id: 'irc',
      url: `http://127.0.0.1:${port}`,
      asToken: randomBytes(32).toString('hex'),
      hsToken: randomBytes(32).toString('hex'),
      senderLocalpart: '_irc_bot',
      namespaces: {
        users: [{ regex: prefixRegex('@', '_irc_', 'localhost'), exclusive: true }],
        aliases: [{ regex: prefixRegex('#', '_irc_', 'localhost'), exclusive: true }],
        rooms: [],
      },
    });
    writeFileSync(path.join(dir, 'irc.yaml'), registration);
    homeserver = await serve({ dir, config: testConfig({ appservices: { files: ['irc.yaml'] } }) });
    writeFileSync(
      configFile,
      JSON.stringify({
        homeserver: { url: homeserver.url, domain: 'localhost' },
        registration: 'irc.yaml',
        store: 'bridge.sqlite',
        listen: { port, bind: '127.0.0.1' },
        network: { name: 'test', servers: [{ host: '127.0.0.1', port: irc.port, tls: false }] },
        channels: { [channel]: { room: alias } },
      }),
    );
    bridge = await startBridge(configFile);
    const account = await registerUser(homeserver.url, 'alice');
    const quiet = { trace() {}, debug() {}, info() {}, warn() {}, error() {}, getChild: () => quiet };
    alice = createClient({
      baseUrl: homeserver.url,
      accessToken: account.token,
      userId: account.userId,
      deviceId: account.deviceId,
      logger: quiet,
    });
    alice.on(RoomEvent.Timeline, (event) => {
      if (event.getType() === 'm.room.message') timeline.push(event);
    });
    roomId = (await alice.joinRoom(alias)).roomId;
    await alice.startClient({ initialSyncLimit: 10 });
    carol = await person(irc, 'carol');
    await carol.join(channel);
  });
  afterAll(async () => {
    alice?.stopClient();
    carol?.irc.quit();
    if (bridge !== undefined) await kill(bridge);
    await homeserver?.end();
    await irc?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  const until = (what: () => unknown) => expect.poll(what, { timeout: 30_000, interval: 50 });
  const saidTo = (text: string) =>
    (carol?.heard.all ?? [])
      .filter(
        ({ name: event, event: line }) =>
          event === 'message' && line['type'] === 'privmsg' && String(line['message']).includes(text),
      )
      .map(({ event: line }) => ({ nick: String(line['nick']), text: String(line['message']) }));

  test('a line on IRC reaches matrix-js-sdk from the ghost, with its text and its time', async ({ skip }) => {
    if (irc === null) return skip(`${name} is not installed`);
    const at = Date.now();
    carol?.irc.say(channel, 'hello from IRC');
    await until(() => timeline.find((event) => event.getContent()['body'] === 'hello from IRC')?.getSender()).toMatch(
      /^@_irc_.*carol.*:localhost$/,
    );
    const event = timeline.find((one) => one.getContent()['body'] === 'hello from IRC');
    expect(Math.abs((event?.getTs() ?? 0) - at)).toBeLessThan(5_000);
  });

  test('an answer with formatting reaches IRC from that person’s own connection', async ({ skip }) => {
    if (irc === null) return skip(`${name} is not installed`);
    await alice?.sendMessage(roomId, {
      msgtype: MsgType.Text,
      body: 'a bold word',
      format: 'org.matrix.custom.html',
      formatted_body: 'a <strong>bold</strong> word',
    });
    await until(() => saidTo('bold')[0]?.text).toMatch(/^a \u0002bold(\u0002|\u000f) word$/);
    expect(saidTo('bold')[0]?.nick).toMatch(/alice/);
  });

  test('the bridge killed with -9 between messages loses and doubles none', async ({ skip }) => {
    if (irc === null || bridge === undefined) return skip(`${name} is not installed`);
    const send = (text: string) => alice?.sendMessage(roomId, { msgtype: MsgType.Text, body: text });
    // One chat's messages go out one after another, each once the one before is proven and recorded: seeing the second means that the
    // first is acknowledged. The second itself may be said again, if it was not proven when the bridge died: IRC cannot be asked.
    await send('before the kill');
    await send('perhaps unproven');
    await until(() => saidTo('perhaps unproven').length).toBe(1);
    await kill(bridge);
    for (let index = 0; index < 5; index++) await send(`while it was down ${index}`);
    bridge = await startBridge(configFile);
    await send('after the kill');
    await until(() => saidTo('after the kill').length).toBe(1);
    for (let index = 0; index < 5; index++) expect(saidTo(`while it was down ${index}`)).toHaveLength(1);
    expect(saidTo('before the kill')).toHaveLength(1);
    const before = timeline.length;
    carol?.irc.say(channel, 'are you back?');
    await until(() => timeline.filter((event) => event.getContent()['body'] === 'are you back?').length).toBe(1);
    expect(timeline.slice(before).map((event) => event.getContent()['body'] as string)).not.toContain('hello from IRC');
  });
});
