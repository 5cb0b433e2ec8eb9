// Keys that an application service keeps for itself instead of uploading them: asked for at the moment somebody wants them. The house gives
// this hook to those who answer claims and queries; without any such application service it answers nothing, at once.
// https://github.com/matrix-org/matrix-spec-proposals/pull/3983 and 3984

import type { JsonObject } from '@pons/spec';
import type { ClaimedKey, WantedKey } from '../storage/tables/one-time-keys.ts';

/** Asks those who keep keys for themselves. Never throws for what they do. */
export interface ProxiedKeys {
  /**
   * One-time keys; what is not answered is missing.
   *
   * @param asking  the application service on whose behalf: it is not asked itself
   */
  claim(wanted: readonly WantedKey[], asking: string | undefined): Promise<ClaimedKey[]>;
  /** Devices and cross-signing keys in the form of /keys/query, likewise. */
  query(wanted: Readonly<Record<string, readonly string[]>>, asking: string | undefined): Promise<QueriedKeys>;
}

/** What a query finds, by user. */
export interface QueriedKeys {
  readonly device_keys: Readonly<Record<string, JsonObject>>;
  readonly master_keys: Readonly<Record<string, JsonObject>>;
  readonly self_signing_keys: Readonly<Record<string, JsonObject>>;
}

/** Nobody keeps anything. */
export const noQueriedKeys: QueriedKeys = { device_keys: {}, master_keys: {}, self_signing_keys: {} };
