// Tables `one_time_keys` and `fallback_keys`: keys that others claim to begin an encrypted session with a device. They take no position;
// a claim is one statement, so that each one-time key is handed out once, whoever asks and in whichever process.

import { type Queryable, statement } from '../database.ts';
import { gathered } from '../gather.ts';

/** One device of one user. */
export interface DeviceRef {
  readonly userId: string;
  readonly deviceId: string;
}

/** A key as its device uploaded it. */
export interface UploadedKey {
  readonly algorithm: string;
  readonly keyId: string;
  /** Canonical JSON. */
  readonly json: string;
}

const insert = statement(
  'one_time_keys.insert',
  `with u as materialized (select coalesce(max(upload), 0) + 1 as upload from one_time_keys
      where user_id = $1 and device_id = $2 and claimed_ts is null)
    insert into one_time_keys as k (user_id, device_id, algorithm, key_id, json, upload)
    select $1, $2, t.algorithm, t.key_id, t.json, u.upload from u, unnest($3::text[], $4::text[], $5::text[]) as t (algorithm, key_id, json)
    on conflict (user_id, device_id, algorithm, key_id) do update
      set json = excluded.json, upload = excluded.upload, claimed_ts = null
      where k.claimed_ts is not null and k.json <> excluded.json`,
);
const contradicted = statement(
  'one_time_keys.contradicted',
  `select t.algorithm || ':' || t.key_id as name from unnest($3::text[], $4::text[], $5::text[]) as t (algorithm, key_id, json)
    join one_time_keys k on k.user_id = $1 and k.device_id = $2 and k.algorithm = t.algorithm and k.key_id = t.key_id
    where k.json <> t.json order by 1 limit 1`,
);

/**
 * Adds one-time keys. One that is there already stays as it is, and so does one that was handed out; a name that was handed out may come
 * again with another key.
 *
 * @param tx  a transaction, to be rolled back when a name is answered
 * @returns   `algorithm:id` of a key that is there with another content
 */
export async function addOneTimeKeys(
  tx: Queryable,
  { userId, deviceId }: DeviceRef,
  keys: readonly UploadedKey[],
): Promise<string | undefined> {
  const values = [
    userId,
    deviceId,
    keys.map((key) => key.algorithm),
    keys.map((key) => key.keyId),
    keys.map((key) => key.json),
  ];
  await tx.query(insert, values);
  return (await tx.query<{ name: string }>(contradicted, values))[0]?.name;
}

const upsertFallback = statement(
  'fallback_keys.upsert',
  `insert into fallback_keys as k (user_id, device_id, algorithm, key_id, json)
    select $1, $2, t.algorithm, t.key_id, t.json from unnest($3::text[], $4::text[], $5::text[]) as t (algorithm, key_id, json)
    on conflict (user_id, device_id, algorithm) do update set key_id = excluded.key_id, json = excluded.json, used = false
      where k.key_id <> excluded.key_id or k.json <> excluded.json`,
);

const countFallback = statement(
  'fallback_keys.count',
  'select count(*)::int as count from fallback_keys where user_id = $1 and device_id = $2',
);

/** Sets fallback keys, at most one of an algorithm; the same again counts as used where it was. @returns how many the device has now */
export async function setFallbackKeys(
  tx: Queryable,
  { userId, deviceId }: DeviceRef,
  keys: readonly UploadedKey[],
): Promise<number> {
  await tx.query(upsertFallback, [
    userId,
    deviceId,
    keys.map((key) => key.algorithm),
    keys.map((key) => key.keyId),
    keys.map((key) => key.json),
  ]);
  return (await tx.query<{ count: number }>(countFallback, [userId, deviceId]))[0]?.count ?? 0;
}

/** A key that is wanted of a device. */
export interface WantedKey extends DeviceRef {
  readonly algorithm: string;
}

/** A key that is handed out. */
export interface ClaimedKey extends DeviceRef, UploadedKey {}

const claim = statement(
  'one_time_keys.claim',
  `update one_time_keys k set claimed_ts = $4
    from (select o.user_id, o.device_id, o.algorithm, o.key_id
      from unnest($1::text[], $2::text[], $3::text[]) as w (user_id, device_id, algorithm)
      cross join lateral (select * from one_time_keys u
        where u.user_id = w.user_id and u.device_id = w.device_id and u.algorithm = w.algorithm and u.claimed_ts is null
        order by u.upload limit 1 for update skip locked) o) c
    where k.user_id = c.user_id and k.device_id = c.device_id and k.algorithm = c.algorithm and k.key_id = c.key_id
    returning k.user_id as "userId", k.device_id as "deviceId", k.algorithm, k.key_id as "keyId", k.json`,
);
const claimFallback = statement(
  'fallback_keys.claim',
  `with found as (select f.* from unnest($1::text[], $2::text[], $3::text[]) as w (user_id, device_id, algorithm)
      join fallback_keys f using (user_id, device_id, algorithm)),
    marked as (update fallback_keys f set used = true from
      (select u.* from found join fallback_keys u using (user_id, device_id, algorithm) where not u.used for update of u skip locked) n
      where f.user_id = n.user_id and f.device_id = n.device_id and f.algorithm = n.algorithm)
    select user_id as "userId", device_id as "deviceId", algorithm, key_id as "keyId", json from found`,
);

/**
 * Takes a key of each device: the one-time key that was uploaded first, never the same twice; the fallback key where there is none left.
 *
 * @param wanted     each device and algorithm once
 * @param elsewhere  asked for what is not here, before a fallback key is used
 */
export async function claimKeys(
  db: Queryable,
  wanted: readonly WantedKey[],
  now: number,
  elsewhere?: (left: readonly WantedKey[]) => Promise<readonly ClaimedKey[]>,
): Promise<ClaimedKey[]> {
  if (wanted.length === 0) return [];
  const claimed = await db.query<ClaimedKey>(claim, [...columnsOf(wanted), now]);
  const notHere = stillWanted(wanted, claimed);
  if (elsewhere !== undefined && notHere.length > 0) claimed.push(...(await elsewhere(notHere)));
  const left = stillWanted(wanted, claimed);
  return left.length === 0
    ? claimed
    : [...claimed, ...(await db.query<ClaimedKey>(claimFallback, [...columnsOf(left)]))];
}

function stillWanted(wanted: readonly WantedKey[], claimed: readonly ClaimedKey[]): WantedKey[] {
  const done = new Set(claimed.map(nameOf));
  return wanted.filter((one) => !done.has(nameOf(one)));
}

function columnsOf(wanted: readonly WantedKey[]): [string[], string[], string[]] {
  return [wanted.map((one) => one.userId), wanted.map((one) => one.deviceId), wanted.map((one) => one.algorithm)];
}

function nameOf({ userId, deviceId, algorithm }: WantedKey): string {
  return `${userId} ${deviceId} ${algorithm}`;
}

/** What a device must know to upload more keys in time. */
export interface KeyCounts extends DeviceRef {
  /** Algorithm → keys that nobody has claimed yet; algorithms without any are missing. */
  readonly oneTimeKeys: Readonly<Record<string, number>>;
  /** Algorithms whose fallback key has not been handed out yet. */
  readonly unusedFallbackTypes: readonly string[];
}

const countsText = `select w.user_id as "userId", w.device_id as "deviceId",
      coalesce((select json_object_agg(o.algorithm, o.keys) from (select u.algorithm, count(*) as keys from one_time_keys u
        where u.user_id = w.user_id and u.device_id = w.device_id and u.claimed_ts is null group by u.algorithm) o), '{}') as "oneTimeKeys",
      array(select f.algorithm from fallback_keys f where f.user_id = w.user_id and f.device_id = w.device_id and not f.used
        order by f.algorithm) as "unusedFallbackTypes"
    from unnest($1::text[], $2::text[]) with ordinality as w (user_id, device_id, place) order by w.place`;
const counts = statement('one_time_keys.counts', countsText);
const gatheredCounts = statement('one_time_keys.gathered_counts', countsText, { fixedPlan: true });

/** Counts of each device, in the order asked; one that has no keys (or does not exist) has none of any kind. */
export async function keyCountsOf(db: Queryable, devices: readonly DeviceRef[]): Promise<KeyCounts[]> {
  if (devices.length === 0) return [];
  return db.query<KeyCounts>(counts, columnsOfDevices(devices));
}

const findCounts = gathered(
  ({ userId, deviceId }: DeviceRef) => `${userId} ${deviceId}`,
  (db, devices) => db.query<KeyCounts>(gatheredCounts, columnsOfDevices(devices)),
);

/** Counts of one device, which its /sync asks for: many that wake at once share a statement. */
export async function keyCountsOfDevice(db: Queryable, device: DeviceRef): Promise<KeyCounts | undefined> {
  return findCounts(db, device);
}

function columnsOfDevices(devices: readonly DeviceRef[]): [string[], string[]] {
  return [devices.map((one) => one.userId), devices.map((one) => one.deviceId)];
}
