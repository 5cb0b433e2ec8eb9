// What the door writes for end-to-end encryption, as sections of its statement: published keys, signatures, and the devices they belong to,
// together with the change of the device list that tells of them. Removing a device takes its tokens and keys along (foreign keys).

const guarded = 'where t.guard = any(g.rooms)';

/** Sections of the door's statement that only batches with keys pay for. */
export const keySections = {
  deviceKeys: {
    columns: { guard: 'bigint', user_id: 'text', device_id: 'text', json: 'text' },
    sql: (from: string) => `dk as (insert into device_keys (user_id, device_id, json)
      select t.user_id, t.device_id, t.json ${from} ${guarded}
      on conflict (user_id, device_id) do update set json = excluded.json)`,
  },
  crossSigningKeys: {
    columns: { guard: 'bigint', user_id: 'text', usage: 'text', public_key: 'text', json: 'text' },
    sql: (from: string) => `ck as (insert into cross_signing_keys (user_id, usage, public_key, json)
      select t.user_id, t.usage, t.public_key, t.json ${from} ${guarded}
      on conflict (user_id, usage) do update set public_key = excluded.public_key, json = excluded.json)`,
  },
  keySignatures: {
    columns: { guard: 'bigint', user_id: 'text', key_id: 'text', signer: 'text', signed_by: 'text', signature: 'text' },
    sql: (from: string) => `ks as (insert into key_signatures (user_id, key_id, signer, signed_by, signature)
      select t.user_id, t.key_id, t.signer, t.signed_by, t.signature ${from} ${guarded}
      on conflict (user_id, key_id, signer, signed_by) do update set signature = excluded.signature)`,
  },
  // Signatures of a key that is gone or another one now, and those made with it.
  signaturesRemoved: {
    columns: { guard: 'bigint', user_id: 'text', key_id: 'text' },
    sql: (from: string) => `kr as (delete from key_signatures k using ${from.replace(/^from /, '')}
      ${guarded} and ((k.user_id = t.user_id and k.key_id = t.key_id)
        or (k.signer = t.user_id and k.signed_by = 'ed25519:' || t.key_id)))`,
  },
  deviceNames: {
    columns: { guard: 'bigint', user_id: 'text', device_id: 'text', display_name: 'text' },
    sql: (from: string) => `dn as (update devices set display_name = t.display_name ${from}
      ${guarded} and devices.user_id = t.user_id and devices.device_id = t.device_id)`,
  },
  devicesRemoved: {
    columns: { guard: 'bigint', user_id: 'text', device_id: 'text' },
    sql: (from: string) => `dr as (delete from devices using ${from.replace(/^from /, '')}
      ${guarded} and devices.user_id = t.user_id and devices.device_id = t.device_id)`,
  },
} as const;
