// Events of a room as one client gets them: the client's form with bundled relations. What every read endpoint of a room ends with.
import type { ClientEvent, RoomVersionRules } from '@pons/spec';
import type { Clock } from '../platform/clock.ts';
import type { Queryable } from '../storage/database.ts';
import type { TimelineRow } from '../storage/tables/events.ts';
import { clientEvent } from './client-event.ts';
import { erasedCopies } from './erased-copies.ts';
import { bundledRelations } from './relations.ts';
import type { VisibleEvent } from './visibility.ts';

/** What reading rooms needs of the house. */
export interface RoomReadParts {
  readonly db: Queryable;
  readonly clock: Clock;
  /** Position that a token of /sync stands at; undefined for what is none. */
  readonly positionOfSync: (token: string) => number | undefined;
}

/** For whom events of which room are shown. */
export interface Audience {
  readonly roomId: string;
  readonly rules: RoomVersionRules;
  readonly viewer: { readonly userId: string; readonly deviceId?: string | undefined };
}

/** Events of a timeline, with relations and the membership of the viewer. */
export async function presentEvents(
  parts: Pick<RoomReadParts, 'db' | 'clock'>,
  audience: Audience,
  events: readonly VisibleEvent[],
): Promise<ClientEvent[]> {
  const view = { ...audience, now: parts.clock.now() };
  const rows = events.map(({ row }) => row);
  const relations = await bundledRelations(parts.db, rows, view);
  return events.map(({ row, membership }) =>
    clientEvent(row, { ...view, membership, relations: relations.get(row.eventId) }),
  );
}

/** State events, which have no relations. */
export async function presentState(
  parts: Pick<RoomReadParts, 'db' | 'clock'>,
  audience: Audience,
  rows: readonly TimelineRow[],
): Promise<ClientEvent[]> {
  const view = { ...audience, now: parts.clock.now() };
  const { userId } = audience.viewer;
  const readable = await erasedCopies(parts.db, rows, { userId, rulesOf: () => audience.rules });
  return readable.map((row) => clientEvent(row, view));
}
