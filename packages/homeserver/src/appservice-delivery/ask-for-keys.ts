// Asks application services for keys of their users that they do not upload, where the registration says `pons: {proxy_keys: true}` and the
// namespace is theirs alone. One that does not know the endpoint, or does not answer, is left alone for a while: clients ask for keys by
// the hundred, and each message would ask again.
// https://github.com/matrix-org/matrix-spec-proposals/pull/3983 and 3984

import { isJsonObject, type JsonObject, type JsonValue } from '@pons/spec';
import { LRUCache } from 'lru-cache';
import { atMost } from '../platform/at-most.ts';
import type { Appservice, AppserviceRegistry } from '../appservices/registry.ts';
import { noQueriedKeys, type ProxiedKeys, type QueriedKeys } from '../e2ee/proxied-keys.ts';
import type { Clock } from '../platform/clock.ts';
import { type CallAppservice, isSuccess } from './call-appservice.ts';

export interface AskForKeysParts {
  readonly registry: AppserviceRegistry;
  readonly call: CallAppservice;
  readonly clock: Clock;
  readonly deadlineMs: number;
}

/** How long one is left alone that did not answer as it should. */
const leftAloneMs = 60_000;
const leftAloneMax = 10_000;

type Wanted = Parameters<ProxiedKeys['claim']>[0];
type Claimed = Awaited<ReturnType<ProxiedKeys['claim']>>;

/** Asks over the registered application services. */
export function createAskForKeys(parts: AskForKeysParts): ProxiedKeys {
  const { registry, clock } = parts;
  const leftAlone = new LRUCache<string, number>(atMost(leftAloneMax));

  function keeperOf(userId: string, asking: string | undefined): Appservice | undefined {
    const owners = registry.ofUser(userId).filter(({ namespaces }) => namespaces.user(userId) === 'exclusive');
    const [owner] = owners;
    if (owners.length !== 1 || owner === undefined || owner.id === asking) return undefined;
    return owner.registration.pons.proxyKeys ? owner : undefined;
  }

  function byKeeper<Item>(items: readonly Item[], userOf: (item: Item) => string, asking: string | undefined) {
    const groups = new Map<Appservice, Item[]>();
    for (const item of items) {
      const keeper = keeperOf(userOf(item), asking);
      if (keeper !== undefined) groups.set(keeper, [...(groups.get(keeper) ?? []), item]);
    }
    return [...groups];
  }

  async function post(appservice: Appservice, path: string, body: JsonObject): Promise<JsonObject | undefined> {
    const key = `${appservice.id} ${path}`;
    if ((leftAlone.get(key) ?? 0) > clock.monotonicMs()) return undefined;
    const answer = await parts.call({
      appservice,
      method: 'POST',
      path: `/_matrix/app/unstable/${path}`,
      body: Buffer.from(JSON.stringify(body)),
      timeoutMs: parts.deadlineMs,
    });
    const said = answer.outcome === 'answered' && isSuccess(answer.status) ? parsed(answer.body) : undefined;
    if (said === undefined) leftAlone.set(key, clock.monotonicMs() + leftAloneMs);
    return said;
  }

  return {
    async claim(wanted, asking) {
      const asked = byKeeper(wanted, ({ userId }) => userId, asking).map(async ([appservice, keys]) => {
        const said = await post(appservice, 'org.matrix.msc3983/keys/claim', claimBody(keys));
        return said === undefined ? [] : claimedOf(keys, said);
      });
      return (await Promise.all(asked)).flat();
    },
    async query(wanted, asking) {
      const users = byKeeper(Object.entries(wanted), ([userId]) => userId, asking);
      const asked = users.map(async ([appservice, entries]) => {
        const body = Object.fromEntries(entries.map(([userId, deviceIds]) => [userId, [...deviceIds]]));
        const said = await post(appservice, 'org.matrix.msc3984/keys/query', body);
        return said === undefined ? noQueriedKeys : queriedOf(Object.fromEntries(entries), said);
      });
      return (await Promise.all(asked)).reduce<QueriedKeys>(merged, noQueriedKeys);
    },
  };
}

function parsed(body: Buffer): JsonObject | undefined {
  try {
    const value = JSON.parse(body.toString('utf8')) as JsonValue;
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined; // no JSON, no keys
  }
}

function claimBody(wanted: Wanted): JsonObject {
  const devicesOf = (keys: Wanted) =>
    Object.fromEntries(
      [...Map.groupBy(keys, ({ deviceId }) => deviceId)].map(([deviceId, own]) => [
        deviceId,
        own.map(({ algorithm }) => algorithm),
      ]),
    );
  return Object.fromEntries(
    [...Map.groupBy(wanted, ({ userId }) => userId)].map(([userId, keys]) => [userId, devicesOf(keys)]),
  );
}

/** Of what was said, what was asked: one key of each device and algorithm. */
function claimedOf(wanted: Wanted, said: JsonObject): Claimed {
  return wanted.flatMap(({ userId, deviceId, algorithm }) => {
    const devices = said[userId];
    const keys = isJsonObject(devices) ? devices[deviceId] : undefined;
    const named = Object.entries(isJsonObject(keys) ? keys : {});
    const found = named.find(([name, key]) => name.startsWith(`${algorithm}:`) && isKey(key));
    if (found === undefined) return [];
    const [name, key] = found;
    return [{ userId, deviceId, algorithm, keyId: name.slice(algorithm.length + 1), json: JSON.stringify(key) }];
  });
}

function isKey(key: JsonValue): boolean {
  return typeof key === 'string' || isJsonObject(key);
}

/** Of what was said, what was asked, and what says itself whose it is. */
function queriedOf(wanted: Readonly<Record<string, readonly string[]>>, said: JsonObject): QueriedKeys {
  const ofUser = (key: string, userId: string): JsonObject | undefined => {
    const all = said[key];
    const one = isJsonObject(all) ? all[userId] : undefined;
    return isJsonObject(one) ? one : undefined;
  };
  const crossSigning = (key: string) =>
    Object.fromEntries(
      Object.keys(wanted).flatMap((userId) => {
        const one = ofUser(key, userId);
        return one?.['user_id'] === userId ? [[userId, one] as const] : [];
      }),
    );
  const devices = Object.entries(wanted).map(([userId, deviceIds]) => {
    const mine = Object.entries(ofUser('device_keys', userId) ?? {}).filter(
      ([deviceId, keys]) =>
        (deviceIds.length === 0 || deviceIds.includes(deviceId)) &&
        isJsonObject(keys) &&
        keys['device_id'] === deviceId &&
        keys['user_id'] === userId,
    );
    return [userId, Object.fromEntries(mine)] as const;
  });
  return {
    device_keys: Object.fromEntries(devices),
    master_keys: crossSigning('master_keys'),
    self_signing_keys: crossSigning('self_signing_keys'),
  };
}

function merged(one: QueriedKeys, other: QueriedKeys): QueriedKeys {
  return {
    device_keys: { ...one.device_keys, ...other.device_keys },
    master_keys: { ...one.master_keys, ...other.master_keys },
    self_signing_keys: { ...one.self_signing_keys, ...other.self_signing_keys },
  };
}
