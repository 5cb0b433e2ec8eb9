// The state that an invitation shows, and a knock: an application service whose user is asked in is told what room that is, as the user's
// own /sync would tell it (MSC2375). Read once for all of them in a piece of the stream, each room once; where another server has sent it
// along, that is taken. What concerns nobody's user costs nothing.
// https://spec.matrix.org/v1.19/client-server-api/#stripped-state

import { type Pdu, stripState, strippedStateTypes } from '@pons/spec';
import type { Appservice } from '../appservices/registry.ts';
import type { Queryable } from '../storage/database.ts';
import { type StateKeyAt, streamStateKeys } from '../storage/tables/stream.ts';
import type { StreamEvent } from './read-stream.ts';

/** Where the state is that an event shows. */
export interface ShownStatePlace {
  readonly line: number;
  readonly version: number;
  /** JSON of a list, where it came with the event. */
  readonly sentAlong: string | undefined;
}

/** Of all state that one event shows; what does not fit is left out. */
const shownBytesMax = 65_536;

type Showing = StreamEvent & { readonly showsFrom: ShownStatePlace };

/** Events, those of them that show something with it, where anybody asks for it. In nearly all pieces nobody is asked in: nothing is read. */
export async function withShownStates(
  db: Queryable,
  events: readonly StreamEvent[],
  isAskedFor: (event: StreamEvent) => boolean,
): Promise<readonly StreamEvent[]> {
  const showing = events.filter((event): event is Showing => event.showsFrom !== undefined && isAskedFor(event));
  if (showing.length === 0) return events;
  const states = await shownStates(db, showing);
  return events.map((event) => {
    const shown = states.get(event.position);
    return shown === undefined ? event : { ...event, shown };
  });
}

/** Whether an application service is told what an event shows: it is its own user who is asked in, or knocks. */
export function isShownTo(
  { namespaces }: Pick<Appservice, 'namespaces'>,
  { showsFrom, stateKey }: StreamEvent,
): boolean {
  return showsFrom !== undefined && stateKey !== null && namespaces.user(stateKey) !== 'outside';
}

/** The text of an event for an application service. */
export function textFor(appservice: Pick<Appservice, 'namespaces'>, event: StreamEvent): string {
  return event.text?.(isShownTo(appservice, event) ? event.shown : undefined) ?? '';
}

// As members of `unsigned` in JSON, by position. Many are asked into one room at once: its state is read as of the last one.
async function shownStates(db: Queryable, events: readonly Showing[]): Promise<ReadonlyMap<number, string>> {
  const latest = new Map(events.map((event) => [placeOf(event), event]));
  const keysOf = (event: Showing) => shownKeys(event, (latest.get(placeOf(event)) ?? event).showsFrom);
  const wanted = new Map<string, StateKeyAt>();
  for (const event of events) {
    if (event.showsFrom.sentAlong === undefined) for (const key of keysOf(event)) wanted.set(idOf(key), key);
  }
  const values = await streamStateKeys(db, [...wanted.values()]);
  const texts = new Map([...wanted.keys()].map((id, index) => [id, strippedText(values.get(index)?.json)]));
  return new Map(
    events.map((event) => {
      const own = () => keysOf(event).flatMap((key) => texts.get(idOf(key)) ?? []);
      const list = event.showsFrom.sentAlong ?? `[${fitting(own()).join(',')}]`;
      const name = event.membership?.is === 'knock' ? 'knock_room_state' : 'invite_room_state';
      return [event.position, `"${name}":${list}`];
    }),
  );
}

function placeOf({ roomNid, showsFrom: { line } }: Showing): string {
  return `${roomNid} ${line}`;
}

function idOf({ roomNid, line, type, stateKey }: StateKeyAt): string {
  return `${roomNid} ${line} ${type} ${stateKey}`;
}

// Who invites is known by their own member event; who knocks has none yet.
function shownKeys({ roomNid, sender, stateKey }: Showing, { line, version }: ShownStatePlace): StateKeyAt[] {
  const at = { roomNid, line, version };
  const keys = strippedStateTypes.map((type) => ({ ...at, type, stateKey: '' }));
  return sender === stateKey ? keys : [...keys, { ...at, type: 'm.room.member', stateKey: sender }];
}

function strippedText(pdu: string | undefined): string | undefined {
  return pdu === undefined ? undefined : JSON.stringify(stripState(JSON.parse(pdu) as Pdu));
}

function fitting(texts: readonly string[]): string[] {
  let bytes = 0;
  return texts.filter((text) => {
    const length = Buffer.byteLength(text);
    if (bytes + length > shownBytesMax) return false;
    bytes += length;
    return true;
  });
}
