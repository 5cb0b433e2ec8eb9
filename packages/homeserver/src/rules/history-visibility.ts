// Who may see an event: decided from the visibility and the user's membership at that event, and whether they joined later.
// https://spec.matrix.org/v1.19/client-server-api/#server-behaviour-5

import type { HistoryVisibility, JsonObject } from '@pons/spec';

/** What decides whether a user may see an event. */
export interface VisibilityInput {
  /** In the state before the event. */
  readonly visibility: HistoryVisibility;
  /** In the state before the event; undefined or `leave` for somebody who was not there. */
  readonly membership: string | undefined;
  /** Given for an m.room.history_visibility event: what it sets. */
  readonly visibilityAfter?: HistoryVisibility;
  /** Given for the user's own m.room.member event: what it sets. */
  readonly membershipAfter?: string | undefined;
  /** Whether the user joined at any point after the event. */
  readonly joinedLater: boolean;
}

const visibilities: readonly string[] = ['invited', 'joined', 'shared', 'world_readable'];

/** The visibility that the content of m.room.history_visibility says; `shared` when it says nothing we know. */
export function historyVisibilityOf(content: JsonObject | undefined): HistoryVisibility {
  const value = content?.['history_visibility'];
  return typeof value === 'string' && visibilities.includes(value) ? (value as HistoryVisibility) : 'shared';
}

/** Whether the user may see the event: before or after it, whichever allows. */
export function maySeeEvent(input: VisibilityInput): boolean {
  const { visibility, membership, visibilityAfter, membershipAfter, joinedLater } = input;
  const allows = (what: HistoryVisibility, who: string | undefined) =>
    what === 'world_readable' ||
    who === 'join' ||
    (what === 'shared' && joinedLater) ||
    (what === 'invited' && who === 'invite');
  if (allows(visibility, membership)) return true;
  if (visibilityAfter !== undefined && allows(visibilityAfter, membership)) return true;
  return membershipAfter !== undefined && allows(visibility, membershipAfter);
}
