// Tokens of /messages, /context and /relations: a place in a room's history, between two events. Opaque to clients, versioned by their
// first letter, so that a later form can be told apart. A token of /sync is a place too: after all that had a position by then.
// https://spec.matrix.org/v1.19/client-server-api/#pagination
import { MatrixError } from '@pons/spec';
import type { HistoryPlace } from '../storage/tables/events.ts';

const form = /^h(-?\d{1,16})_(-?\d{1,16})$/;
const afterAll = Number.MAX_SAFE_INTEGER;

/** The token for "just after this place". */
export function historyToken(place: HistoryPlace): string {
  return `h${place.major}_${place.minor}`;
}

/** Just before an event. */
export function before(place: HistoryPlace): HistoryPlace {
  return { major: place.major, minor: place.minor - 1 };
}

/**
 * The place that a token names.
 *
 * @param positionOfSync  what a token of /sync stands at; undefined for what is none
 * @throws MatrixError M_INVALID_PARAM
 */
export function parseHistoryToken(token: string, positionOfSync: (token: string) => number | undefined): HistoryPlace {
  const [, major, minor] = form.exec(token) ?? [];
  if (major !== undefined && minor !== undefined) {
    const place = { major: Number(major), minor: Number(minor) };
    if (Number.isSafeInteger(place.major) && Number.isSafeInteger(place.minor)) return place;
  }
  const position = positionOfSync(token);
  if (position === undefined) throw new MatrixError('M_INVALID_PARAM', 'That is no token of this room: leave it out.');
  return { major: position, minor: afterAll };
}
