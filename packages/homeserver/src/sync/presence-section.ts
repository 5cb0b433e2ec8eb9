// `presence`: users in rooms of the viewer whose presence changed, and of those who came to share a room whoever is there. The first /sync
// tells of everybody who is there.
// https://spec.matrix.org/v1.19/client-server-api/#presence

import type { JsonObject } from '@pons/spec';
import type { Presence } from '../ephemeral/presence.ts';
import type { Queryable } from '../storage/database.ts';
import { sharingRooms } from '../storage/tables/device-lists.ts';
import { eventPasses } from './filter.ts';
import type { Reading } from './sync-request.ts';

/** Users who are looked up one by one; of more only those who were in a room of the viewer when they were told of last. */
const lookedUpMax = 1_000;

/** Events of the section. @param met users who came to share a room */
export async function presenceSection(
  { db, presence }: { readonly db: Queryable; readonly presence: Presence },
  { request, ignored }: Pick<Reading, 'request' | 'ignored'>,
  { roomNids, met }: { readonly roomNids: ReadonlySet<number>; readonly met: readonly string[] },
): Promise<JsonObject[]> {
  const { userId: viewer, since, filter } = request;
  const passes = (sender: string) => eventPasses(filter.presence, { type: 'm.presence', sender });
  const changed =
    since === undefined || request.fullState
      ? await sharingRooms(db, viewer, whoIsThere(presence, roomNids))
      : [...presence.changedSince(since.presence, roomNids), ...met];
  return [...new Set(changed)].flatMap((sender) => {
    if (sender === viewer || ignored.has(sender) || !passes(sender)) return [];
    const content = presence.contentOf(sender);
    return content === undefined ? [] : [{ type: 'm.presence', sender, content }];
  });
}

function whoIsThere(presence: Presence, roomNids: ReadonlySet<number>): readonly string[] {
  const present = presence.present();
  if (present.length <= lookedUpMax) return present;
  const near = new Set(presence.changedSince(0, roomNids));
  return present.filter((userId) => near.has(userId));
}
