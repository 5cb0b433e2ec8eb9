// Whom the users of an application service meet by an event: people whose devices it has to know from then on, because they share a room
// with it now. Asked where the stream is read (follow-stream.ts), since the count of its users is the one of that place there: only the
// first of them meets a room's members, whose devices are kept up for all that follow, so that thousands who join ask for nothing more.
// https://github.com/matrix-org/matrix-spec-proposals/pull/3202

import type { Appservice } from '../appservices/registry.ts';
import type { StreamEvent } from './read-stream.ts';

/** The members of the event's room, should it be encrypted; the user whom it is about; nobody. */
export type Met = 'room' | 'user' | 'nobody';

/** What is known of the application service's users in the event's room. */
export interface OwnMembers {
  /** The first of them came by the event; undefined: not known, so whoever came may have been the first. */
  readonly began?: boolean;
  /** How many there are after it. */
  readonly members: number;
}

/** Whom they meet. */
export function metBy(
  { namespaces }: Pick<Appservice, 'namespaces'>,
  { type, stateKey, membership }: Pick<StreamEvent, 'type' | 'stateKey' | 'membership'>,
  { began, members }: OwnMembers,
): Met {
  if (members === 0) return 'nobody';
  if (began === true || (type === 'm.room.encryption' && stateKey === '')) return 'room';
  if (stateKey === null || membership?.is !== 'join' || membership.was === 'join') return 'nobody';
  if (namespaces.user(stateKey) === 'outside') return 'user';
  return began === undefined ? 'room' : 'nobody';
}
