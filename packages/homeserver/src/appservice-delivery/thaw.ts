// A transaction that was frozen before this process took over: what its row does not say is read from its body and from the tables.

import type { JsonObject } from '@pons/spec';
import type { Queryable } from '../storage/database.ts';
import { streamExtrasAt } from '../storage/tables/appservice-stream.ts';
import { oldestFrozen } from '../storage/tables/appservice-transactions.ts';
import type { FrozenTransaction } from './delivery-state.ts';

interface Body {
  readonly events: readonly JsonObject[];
  readonly ephemeral?: readonly JsonObject[];
  readonly 'de.sorunome.msc2409.ephemeral'?: readonly JsonObject[];
}

/** The transaction of an application service that was frozen first and has not been acknowledged. */
export async function thaw(db: Queryable, appserviceId: string): Promise<FrozenTransaction | undefined> {
  const row = await oldestFrozen(db, appserviceId);
  if (row === undefined) return undefined;
  const body = JSON.parse(row.body.toString()) as Body;
  const ephemeral = body.ephemeral ?? body['de.sorunome.msc2409.ephemeral'] ?? [];
  const extras = await streamExtrasAt(db, row.positions);
  return {
    ...row,
    bytes: row.body.length,
    events: body.events.length,
    hasPassing: ephemeral.some(({ type }) => type === 'm.typing' || type === 'm.presence'),
    toDevice: extras.flatMap(({ kind, position, userId }) => (kind === 'toDevice' ? [{ position, userId }] : [])),
    traces: [],
  };
}
