// The words that the files of state resolution share: states as maps from key to event ID, and events looked up by ID.
// https://spec.matrix.org/v1.19/rooms/v12/#state-resolution

import type { Pdu } from '@pons/spec';
import type { StateEvent } from '../auth-input.ts';

/** A state: event ID by stateMapKey. */
export type StateMap = ReadonlyMap<string, string>;

/** An event as state resolution needs it. Nearly all are state events. */
export interface ResolvableEvent extends StateEvent {
  readonly event: Pick<
    Pdu,
    'type' | 'state_key' | 'room_id' | 'sender' | 'content' | 'origin_server_ts' | 'prev_events' | 'depth'
  > & {
    /** IDs, in every room version. */
    readonly auth_events: readonly string[];
  };
  /** Rejected ones do not authorise others. */
  readonly rejected: boolean;
}

/** Answers every event by ID that it is asked for. */
export type EventById = (eventId: string) => ResolvableEvent;

/** Answers for the events that are known. */
export type FindEvent = (eventId: string) => ResolvableEvent | undefined;

/** The key of a state map for a type and a state key. A type cannot hold U+0000. */
export function stateMapKey(type: string, stateKey: string): string {
  return `${type}\0${stateKey}`;
}

/** The auth event of that type (and the state key '') that an event cites. */
export function citedEvent(event: ResolvableEvent, type: string, eventOf: EventById): ResolvableEvent | undefined {
  for (const id of event.event.auth_events) {
    const cited = eventOf(id);
    if (cited.event.type === type && cited.event.state_key === '') return cited;
  }
  return undefined;
}

/** The create event of an event's room: cited by it, or since room version 12 named by its room ID. */
export function createOf(event: ResolvableEvent, eventOf: EventById, isRoomId: boolean): ResolvableEvent | undefined {
  if (event.event.type === 'm.room.create') return event;
  if (!isRoomId) return citedEvent(event, 'm.room.create', eventOf);
  return event.event.room_id === undefined ? undefined : eventOf(createIdOf(event.event.room_id));
}

/** ID of the create event of a room since room version 12. */
export function createIdOf(roomId: string): string {
  return `$${roomId.slice(1)}`;
}

/** By age, then by ID: what decides where nothing else does. */
export function byAge(left: ResolvableEvent, right: ResolvableEvent): number {
  const age = left.event.origin_server_ts - right.event.origin_server_ts;
  if (age !== 0) return age;
  return left.eventId < right.eventId ? -1 : left.eventId > right.eventId ? 1 : 0;
}
