// An independent client with its own cryptography (matrix-js-sdk on matrix-sdk-crypto-wasm) against the server as a process: whether people
// can read each other depends on every endpoint of keys, on to-device messages and on the lists of devices in /sync.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { request } from '@pons/testkit/requests';
import { type Served, serve, testConfig } from '@pons/testkit/serve';
import {
  AuthType,
  ClientEvent,
  createClient,
  type MatrixClient,
  type MatrixEvent,
  MatrixEventEvent,
  RoomEvent,
} from 'matrix-js-sdk';
import {
  CryptoEvent,
  type VerificationRequest,
  VerificationPhase,
  VerificationRequestEvent,
  type ShowSasCallbacks,
  VerifierEvent,
} from 'matrix-js-sdk/lib/crypto-api/index.js';
import { type Logger, logger as sdkLogger } from 'matrix-js-sdk/lib/logger.js';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';

const dir = mkdtempSync(path.join(tmpdir(), 'pons-e2ee-'));
const silent: Logger = { trace() {}, debug() {}, info() {}, warn() {}, error() {}, getChild: () => silent };
Object.assign(sdkLogger, silent);
let server: Served;

beforeAll(async () => {
  server = await serve({ dir, config: testConfig() });
});
afterAll(async () => {
  await server.end();
  rmSync(dir, { recursive: true });
});

interface Session {
  readonly access_token?: string;
  readonly user_id: string;
  readonly device_id?: string;
}

/** A client with cryptography, in step with the server, of somebody who has just registered or logged in. */
async function started(session: Session): Promise<MatrixClient> {
  const client = createClient({
    baseUrl: server.url,
    logger: silent,
    accessToken: session.access_token ?? '',
    userId: session.user_id,
    deviceId: session.device_id ?? '',
    cryptoCallbacks: { getSecretStorageKey: ({ keys }) => Promise.resolve(secretKey(keys)) },
  });
  onTestFinished(() => client.stopClient());
  await client.initRustCrypto({ useIndexedDB: false });
  await client.startClient({ initialSyncLimit: 10 });
  await until(client, () => client.isInitialSyncComplete());
  return client;
}

const storageKey = new Uint8Array(32).fill(7);
function secretKey(keys: object): [string, Uint8Array<ArrayBuffer>] | null {
  const [id] = Object.keys(keys);
  return id === undefined ? null : [id, storageKey];
}

const password = 'correct horse';
const register = async (username: string) =>
  started(
    await createClient({ baseUrl: server.url, logger: silent }).registerRequest({
      username,
      password,
      auth: { type: AuthType.Dummy },
    }),
  );
const logIn = async (user: string) =>
  started(
    await createClient({ baseUrl: server.url, logger: silent }).loginRequest({
      type: 'm.login.password',
      identifier: { type: 'm.id.user', user },
      password,
    }),
  );

/** Waits until something is so, looking again after each response of /sync. */
async function until(client: MatrixClient, isSo: () => unknown): Promise<void> {
  await new Promise<void>((resolve) => {
    const look = () => {
      if (!isSo()) return;
      client.off(ClientEvent.Sync, look);
      resolve();
    };
    client.on(ClientEvent.Sync, look);
    look();
  });
}

function cryptoOf(client: MatrixClient) {
  const crypto = client.getCrypto();
  if (crypto === undefined) throw new Error('no cryptography');
  return crypto;
}

/** Makes and publishes cross-signing keys; the device signs and is signed. */
async function crossSign(client: MatrixClient): Promise<void> {
  await cryptoOf(client).bootstrapCrossSigning({
    authUploadDeviceSigningKeys: async (upload) => {
      await upload(null);
    },
  });
}

/** The decrypted text of the next message that says this, or why it cannot be decrypted. */
function readBy(client: MatrixClient, roomId: string, body: string): Promise<string> {
  return new Promise((resolve) => {
    const look = (event: MatrixEvent) => {
      if (event.getRoomId() === roomId && event.getClearContent()?.['body'] === body) resolve(body);
    };
    client.on(RoomEvent.Timeline, (event) => look(event));
    client.on(MatrixEventEvent.Decrypted, look);
  });
}

async function encryptedRoom(alice: MatrixClient, bob: MatrixClient): Promise<string> {
  const { room_id: roomId } = await alice.createRoom({
    invite: [bob.getSafeUserId()],
    initial_state: [{ type: 'm.room.encryption', state_key: '', content: { algorithm: 'm.megolm.v1.aes-sha2' } }],
  });
  await until(bob, () => bob.getRoom(roomId)?.getMyMembership() === 'invite');
  await bob.joinRoom(roomId);
  await until(alice, () => alice.getRoom(roomId)?.getMember(bob.getSafeUserId())?.membership === 'join');
  await until(bob, () => bob.getRoom(roomId)?.getMyMembership() === 'join');
  return roomId;
}

function phase(request: VerificationRequest, wanted: VerificationPhase): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (request.phase === wanted) resolve();
    };
    request.on(VerificationRequestEvent.Change, look);
    look();
  });
}

/** Alice and Bob compare emoji in the room, as people do; both find the same. */
async function verifyEachOther(alice: MatrixClient, bob: MatrixClient, roomId: string): Promise<void> {
  const asked = new Promise<VerificationRequest>((resolve) => bob.on(CryptoEvent.VerificationRequestReceived, resolve));
  const offer = await cryptoOf(alice).requestVerificationDM(bob.getSafeUserId(), roomId);
  const received = await asked;
  await received.accept();
  await phase(offer, VerificationPhase.Ready);
  const verifier = await offer.startVerification('m.sas.v1');
  await phase(received, VerificationPhase.Started);
  const theirs = received.verifier;
  if (theirs === undefined) throw new Error('no verifier');
  const shown = (one: typeof verifier) =>
    new Promise<ShowSasCallbacks>((resolve) => one.on(VerifierEvent.ShowSas, resolve));
  const shownToBoth = Promise.all([shown(verifier), shown(theirs)]);
  const done = Promise.all([verifier.verify(), theirs.verify()]);
  const [left, right] = await shownToBoth;
  expect(left.sas.emoji).toEqual(right.sas.emoji);
  await Promise.all([left.confirm(), right.confirm()]);
  await done;
}

describe('matrix-js-sdk with its own cryptography', () => {
  it('two people verify each other, exchange encrypted messages, and a device that one of them adds reads the next', async () => {
    const [alice, bob] = [await register('alice'), await register('bob')];
    await crossSign(alice);
    await crossSign(bob);
    const roomId = await encryptedRoom(alice, bob);
    await verifyEachOther(alice, bob, roomId);
    for (const [one, other] of [
      [alice, bob],
      [bob, alice],
    ] as const) {
      const isVerified = async () =>
        (await cryptoOf(one).getUserVerificationStatus(other.getSafeUserId())).isCrossSigningVerified();
      await expect.poll(isVerified).toBe(true);
    }
    const heard = readBy(bob, roomId, 'for your eyes only');
    await alice.sendTextMessage(roomId, 'for your eyes only');
    expect(await heard).toBe('for your eyes only');
    const answered = readBy(alice, roomId, 'read and burnt');
    await bob.sendTextMessage(roomId, 'read and burnt');
    expect(await answered).toBe('read and burnt');

    const laptop = await logIn(bob.getSafeUserId());
    const laptopId = laptop.getDeviceId() ?? '';
    await expect
      .poll(async () => {
        const devices = await cryptoOf(alice).getUserDeviceInfo([bob.getSafeUserId()]);
        return devices.get(bob.getSafeUserId())?.has(laptopId);
      })
      .toBe(true);
    const onBoth = Promise.all([readBy(bob, roomId, 'on both'), readBy(laptop, roomId, 'on both')]);
    await alice.sendTextMessage(roomId, 'on both');
    expect(await onBoth).toEqual(['on both', 'on both']);
  });

  it('a new device reads what was said before it, from the backup of the keys', async () => {
    const [carol, dave] = [await register('carol'), await register('dave')];
    await crossSign(carol);
    const storage = { keyInfo: {}, privateKey: storageKey, encodedPrivateKey: '' };
    await cryptoOf(carol).bootstrapSecretStorage({
      createSecretStorageKey: () => Promise.resolve(storage),
      setupNewKeyBackup: true,
      setupNewSecretStorage: true,
    });
    const roomId = await encryptedRoom(carol, dave);
    const heard = readBy(dave, roomId, 'remember this');
    await carol.sendTextMessage(roomId, 'remember this');
    await heard;
    // The client remembers what it knows of the backup: the server is asked.
    const keysKept = async () =>
      (
        await request<{ count: number }>(server.url, 'GET', '/_matrix/client/v3/room_keys/version', {
          token: carol.getAccessToken() ?? '',
        })
      ).count;
    await expect.poll(keysKept).toBeGreaterThan(0);

    const tablet = await logIn(carol.getSafeUserId());
    expect(await cryptoOf(tablet).userHasCrossSigningKeys(carol.getSafeUserId(), true)).toBe(true);
    await crossSign(tablet);
    await cryptoOf(tablet).loadSessionBackupPrivateKeyFromSecretStorage();
    const { imported } = await cryptoOf(tablet).restoreKeyBackup();
    expect(imported).toBeGreaterThan(0);
  });
});
