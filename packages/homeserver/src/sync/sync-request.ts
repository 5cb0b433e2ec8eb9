// What one /sync asks for, and what all its sections share: who looks, up to which position, through which filter.

import type { JsonObject } from '@pons/spec';
import type { Filter } from '../accounts/filters.ts';
import { type ClientEventRow, type ClientEventView, clientEvent } from '../rooms/client-event.ts';
import { withFields } from './filter.ts';
import type { RecentCommit } from './recent-commits.ts';
import type { SinceToken } from './since-token.ts';

/** A request of /sync, parsed. */
export interface SyncRequest {
  readonly userId: string;
  /** Absent for an application service that named none: no messages to a device then. */
  readonly deviceId?: string;
  /** Absent: the client knows nothing. */
  readonly since?: SinceToken;
  readonly filter: Filter;
  readonly fullState: boolean;
  /** `state_after` instead of `state`. */
  readonly useStateAfter: boolean;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** One reading of the stream for one request. */
export interface Reading {
  readonly request: SyncRequest;
  /** Everything up to here is in the response. */
  readonly position: number;
  /** Milliseconds now. */
  readonly now: number;
  /** Users whose events and invitations the viewer does not want. */
  readonly ignored: ReadonlySet<string>;
  /** All that concerns the viewer since their token, by room, where this process committed it and still has it. */
  readonly recent?: ReadonlyMap<number, readonly RecentCommit[]>;
}

/** An event as this client wants it. */
export function eventFor(
  reading: Reading,
  row: ClientEventRow,
  view: Pick<ClientEventView, 'rules' | 'relations' | 'membership'>,
): JsonObject {
  const { filter, userId, deviceId } = reading.request;
  if (filter.eventFormat === 'federation') return withFields(JSON.parse(row.json) as JsonObject, filter.eventFields);
  return withFields(clientEvent(row, { ...view, now: reading.now, viewer: { userId, deviceId } }), filter.eventFields);
}
