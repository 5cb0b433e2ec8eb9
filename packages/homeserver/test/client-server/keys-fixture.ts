// Servers, people, devices and signed keys for the tests of end-to-end encryption.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { JsonObject } from '@pons/spec';
import { makeSigningKey, type SigningKey, signJson } from '@pons/spec/crypto';
import { type TestDatabase, testDatabase } from '@pons/testkit/database';
import { registerUser, RequestError, type RequestOptions, request } from '@pons/testkit/requests';
import { serve, type Served, testConfig } from '@pons/testkit/serve';

export const v3 = '/_matrix/client/v3';
export const password = 'correct horse';

/** Somebody with a token and a device. */
export interface Person {
  readonly userId: string;
  readonly token: string;
  readonly deviceId: string;
}

/** A response of /sync, as far as these tests look. */
export interface SyncBody {
  readonly next_batch: string;
  readonly device_lists?: { readonly changed: string[]; readonly left: string[] };
  readonly device_one_time_keys_count: Readonly<Record<string, number>>;
  readonly device_unused_fallback_key_types: readonly string[];
  readonly to_device?: { readonly events: readonly JsonObject[] };
  readonly presence?: { readonly events: readonly { sender: string; content: JsonObject }[] };
}

/** Processes on one database, with an application service whose ghosts are `@_irc_…`. */
export async function keyServers(count: number) {
  const dir = mkdtempSync(path.join(tmpdir(), 'pons-keys-'));
  const database: TestDatabase = await testDatabase();
  const asToken = randomBytes(32).toString('hex');
  const registration = {
    id: 'irc',
    url: null,
    as_token: asToken,
    hs_token: randomBytes(32).toString('hex'),
    sender_localpart: '_irc_bot',
    rate_limited: false,
    namespaces: { users: [{ exclusive: true, regex: '@_irc_.*' }], aliases: [], rooms: [] },
  };
  writeFileSync(path.join(dir, 'irc.yaml'), JSON.stringify(registration));
  const config = testConfig({
    database: database.url,
    appservices: { files: ['irc.yaml'] },
    signing_key_file: './signing.key',
  });
  const servers: Served[] = [];
  for (let index = 0; index < count; index += 1) servers.push(await serve({ dir, config, name: `p${index}` }));
  let serial = 0;

  return {
    database,
    asToken,
    /** One request, to the process of that number. */
    call: <T = JsonObject>(method: string, where: string, options: RequestOptions & { process?: number } = {}) =>
      request<T>((servers[options.process ?? 0] as Served).url, method, `${v3}${where}`, options),
    /** Registers somebody. */
    person: (name: string): Promise<Person> => {
      serial += 1;
      return registerUser((servers[0] as Served).url, `${name}${serial}`, password);
    },
    end: async () => {
      await Promise.all(servers.map((server) => server.end()));
      await database.drop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

export type KeyServers = Awaited<ReturnType<typeof keyServers>>;

/** What a request is refused with. */
export async function refusal(asked: Promise<unknown>): Promise<string> {
  try {
    await asked;
    return 'not refused';
  } catch (error) {
    if (error instanceof RequestError) return `${error.status} ${error.errcode}`.trim();
    throw error;
  }
}

/** A fresh Ed25519 key whose name is its own public key, as cross-signing keys are named, or a device. */
export function signingKey(name?: string): SigningKey {
  const key = makeSigningKey('x', randomBytes(32));
  if (key === undefined) throw new Error('no key');
  return { ...key, keyId: `ed25519:${name ?? key.publicKey}` };
}

/** The object signed by a user with a key. */
export function signed(object: JsonObject, userId: string, key: SigningKey): JsonObject {
  return signJson(object, userId, key) as JsonObject;
}

/** Identity keys of a device, signed by itself. */
export function deviceKeys({ userId, deviceId }: Person, key: SigningKey): JsonObject {
  return signed(
    {
      user_id: userId,
      device_id: deviceId,
      algorithms: ['m.olm.v1.curve25519-aes-sha2', 'm.megolm.v1.aes-sha2'],
      keys: { [`ed25519:${deviceId}`]: key.publicKey, [`curve25519:${deviceId}`]: 'B'.repeat(43) },
    },
    userId,
    key,
  );
}

/** A one-time key with this content. */
export function oneTimeKey(text: string): JsonObject {
  return { key: text, signatures: { '@a:localhost': { 'ed25519:D': 'signature' } } };
}

/** A master, a self-signing and a user-signing key, as they are uploaded. */
export function crossSigning(userId: string) {
  const [master, selfSigning, userSigning] = [signingKey(), signingKey(), signingKey()];
  const key = (usage: string, { keyId, publicKey }: SigningKey) => ({
    user_id: userId,
    usage: [usage],
    keys: { [keyId]: publicKey },
  });
  return {
    master,
    selfSigning,
    userSigning,
    upload: {
      master_key: key('master', master) as JsonObject,
      self_signing_key: signed(key('self_signing', selfSigning), userId, master),
      user_signing_key: signed(key('user_signing', userSigning), userId, master),
    },
  };
}
