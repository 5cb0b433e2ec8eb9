// The next piece of the stream, from memory where this process wrote it itself, else from the database, in one form: events with what is
// needed to decide about them, texts for those that may be wanted, receipts, messages to devices, changed device lists. follow-stream.ts
// decides.

import type { InterestIndex } from '../appservices/interest.ts';
import type { Appservice, AppserviceRegistry } from '../appservices/registry.ts';
import type { Queryable } from '../storage/database.ts';
import {
  type EventTextRow,
  eventTexts,
  type StreamExtraRow,
  streamExtras,
  streamPage,
} from '../storage/tables/appservice-stream.ts';
import { clientEventText, membershipOf, stateSentAlong } from './client-event-text.ts';
import { type MergedMember, mergedMembers } from './merged-members.ts';
import type { RecentEvents } from './recent-events.ts';
import { sharedRooms } from './shared-rooms.ts';
import { type ShownStatePlace, withShownStates } from './shown-state.ts';

/** An event of the stream. */
export interface StreamEvent {
  readonly position: number;
  readonly roomNid: number;
  readonly eventNid: number;
  readonly eventId: string;
  readonly type: string;
  readonly sender: string;
  /** Known once the text has been read; null: not a state event. */
  readonly stateKey: string | null;
  readonly originServerTs: number;
  readonly trace: string | null;
  /** The application service that made it in bulk, and is not told. */
  readonly bulkBy: string | null;
  /** In client form, made when it is asked for, with what it shows or without (shown-state.ts); undefined where nobody can want it. */
  readonly text: ((shown?: string) => string) | undefined;
  /** `membership` of an m.room.member event, and of the one before it. */
  readonly membership?: { readonly is: string; readonly was: string };
  /** Of an invitation or a knock. */
  readonly showsFrom?: ShownStatePlace;
  /** What it shows of its room, where its user is one of an application service: a member of `unsigned` as JSON. */
  readonly shown?: string;
  /** Of an event that did not come at the end of its room: members of the current state in a namespace who changed by it. */
  readonly merged?: readonly MergedMember[];
}

/** A piece of the stream: everything after `after` up to and with `upTo`. */
export interface StreamPiece {
  readonly events: readonly StreamEvent[];
  readonly extras: readonly StreamExtraRow[];
  /** Rooms with users of application services that those whose devices changed have joined. */
  readonly shared: ReadonlyMap<string, readonly number[]>;
  readonly upTo: number;
  /** Whether the stream went on after it; undefined: it comes from memory, which does not know. */
  readonly more: boolean | undefined;
}

export interface StreamReaderParts {
  readonly db: Queryable;
  readonly recent: Pick<RecentEvents, 'after'>;
  readonly index: InterestIndex;
  readonly registry: AppserviceRegistry;
  /** Rooms whose count of members the table does not have yet. */
  readonly unwrittenRooms: () => readonly number[];
  /** Whether anything is sent to this application service from here; without it: whether it has a url. */
  readonly deliversHere?: (appservice: Appservice) => boolean;
}

/** What to read. */
export interface ReadRequest {
  readonly after: number;
  readonly limit: number;
  /** What somebody wants besides events. */
  readonly extras: readonly StreamExtraRow['kind'][];
  /** Ask the database when memory has nothing: there may be more that this process has not written. */
  readonly look: boolean;
}

const noneMerged: ReadonlyMap<number, readonly MergedMember[]> = new Map();

type Head = Omit<StreamEvent, 'text' | 'membership' | 'merged' | 'showsFrom' | 'shown'>;
type Bare = Head & {
  /** It did not come at the end of the room. */
  readonly elsewhere: boolean;
  readonly membership?: StreamEvent['membership'];
  readonly json?: string | undefined;
  /** The state before it, where its text is here. */
  readonly line?: number;
  readonly stateVersion?: number;
  /** Of a state event whose text is here: what it replaced. */
  readonly replaced?: { readonly eventId: string; readonly json: () => string } | undefined;
};

/** Reads a piece; undefined when there is nothing. Rooms of its events are in the index afterwards. */
export async function readStream(parts: StreamReaderParts, request: ReadRequest): Promise<StreamPiece | undefined> {
  const found = readRecent(parts.recent, request) ?? (request.look ? await readPage(parts.db, request) : undefined);
  if (found === undefined || found.upTo === request.after) return undefined;
  const { bare, extras, upTo, more } = found;
  const changed = extras.flatMap(({ kind, userId }) => (kind === 'deviceList' ? [userId] : []));
  const shared = await sharedRooms(parts, changed);
  const rooms = [
    ...bare.map(({ roomNid }) => roomNid),
    ...extras.flatMap(({ kind, roomNid }) => (kind === 'receipt' || kind === 'ephemeral' ? [roomNid] : [])),
  ];
  // Together with those of the devices, so that none of them is forgotten for the others.
  await parts.index.load([...rooms, ...[...shared.values()].flat()]);
  const forked = bare.filter(({ elsewhere }) => elsewhere);
  const merged = forked.length === 0 ? noneMerged : await mergedMembers(parts, forked);
  const wanted = mayBeWanted(bare, merged, parts);
  const rows = await eventTexts(
    parts.db,
    bare.filter((event) => wanted(event) && event.json === undefined),
  );
  const read = new Map(rows.map((row) => [row.position, row]));
  const events = bare.map((event): StreamEvent => {
    const members = event.elsewhere ? merged.get(event.eventNid) : undefined;
    return members === undefined ? toEvent(event) : { ...toEvent(event), merged: members };
  });
  const { registry, deliversHere = hasUrl } = parts;
  // Who invites a crowd in bulk is not told, so nothing is shown either.
  const isAskedFor = ({ stateKey, bulkBy }: StreamEvent) =>
    registry.ofUser(stateKey ?? '').some((appservice) => appservice.id !== bulkBy && deliversHere(appservice));
  return { events: await withShownStates(parts.db, events, isAskedFor), extras, shared, upTo, more };

  function toEvent(event: Bare): StreamEvent {
    const row = read.get(event.position);
    const roomId = parts.index.roomId(event.roomNid);
    if (row !== undefined) return toStreamEvent(row, roomId);
    const { json, replaced, line = 0, stateVersion = 0 } = event;
    if (json === undefined || !wanted(event)) return withText(event, undefined, undefined);
    const replacesId = replaced?.eventId ?? null;
    const texts = { json, replacesId, replacesJson: replaced?.json() ?? null, line, stateVersion };
    return withText(event, roomId, texts, event.membership);
  }
}

function readRecent(recent: Pick<RecentEvents, 'after'>, { after, limit, extras: wanted }: ReadRequest) {
  const rows = recent.after(after, limit);
  const last = rows.at(-1);
  if (last === undefined) return undefined;
  const bare = rows.flatMap((row): Bare[] => {
    if (row.kind !== 'event') return [];
    const { change } = row.event;
    const { position } = row;
    return [
      {
        ...row.event,
        position,
        stateKey: change?.stateKey ?? null,
        replaced: change?.replaced,
        membership: change?.membership,
      },
    ];
  });
  const extras = rows.flatMap((row) => (row.kind === 'extra' && wanted.includes(row.extra.kind) ? [row.extra] : []));
  return { bare, extras, upTo: last.position, more: undefined };
}

async function readPage(db: Queryable, { after, limit, extras }: ReadRequest) {
  const page = await streamPage(db, after, limit);
  const bare: readonly Bare[] = page.rows;
  const range = { after, upTo: page.upTo, limit };
  const found = extras.length > 0 && page.upTo > after ? await streamExtras(db, range, extras) : [];
  // More of them than one piece takes: it ends with the last.
  const upTo = found.length < limit ? page.upTo : (found.at(-1)?.position ?? page.upTo);
  return {
    bare: bare.filter(({ position }) => position <= upTo),
    extras: found,
    upTo,
    more: page.rows.length >= limit || upTo < page.upTo,
  };
}

// Wider than who gets it in the end: an application service may become interested by a join further down the same piece.
function mayBeWanted(
  bare: readonly Bare[],
  merged: ReadonlyMap<number, readonly MergedMember[]>,
  { index, registry, deliversHere = hasUrl }: StreamReaderParts,
): (event: Omit<Bare, 'json'>) => boolean {
  // One that is never sent anything (double puppeting) may well claim everybody.
  const claimed = (userId: string) => registry.ofUser(userId).some(deliversHere);
  const joining = new Set<number>();
  for (const { type, sender, stateKey, eventNid, roomNid } of bare) {
    if (joining.has(roomNid)) continue;
    const isWanted =
      (type === 'm.room.member' && (stateKey === null || claimed(stateKey) || claimed(sender))) ||
      merged.get(eventNid)?.some(({ userId }) => claimed(userId)) === true;
    if (isWanted) joining.add(roomNid);
  }
  return ({ roomNid, sender }) => joining.has(roomNid) || claimed(sender) || index.hasInterest(roomNid);
}

function hasUrl({ registration }: Appservice): boolean {
  return registration.url !== null;
}

/** An event with its text, as clients see it. */
export function toStreamEvent(row: EventTextRow, roomId: string): StreamEvent {
  return withText(row, roomId, row);
}

type Texts = Pick<EventTextRow, 'json' | 'replacesId' | 'replacesJson' | 'line' | 'stateVersion'> &
  Partial<Pick<EventTextRow, 'redactionId' | 'redactionJson'>>;

// Written out: each event of the stream comes through here, and leaving keys out of a copy costs more than the copy.
function withText(
  row: Head,
  roomId: string | undefined,
  texts: Texts | undefined,
  membership?: StreamEvent['membership'],
): StreamEvent {
  const { position, roomNid, eventNid, eventId, type, sender, stateKey, originServerTs, trace, bulkBy } = row;
  const text =
    texts === undefined || roomId === undefined
      ? undefined
      : (shown?: string) => clientText(eventId, roomId, texts, shown);
  const event = { position, roomNid, eventNid, eventId, type, sender, stateKey, originServerTs, trace, bulkBy, text };
  if (texts === undefined || type !== 'm.room.member' || stateKey === null) return event;
  const change = membership ?? membershipChange(texts);
  if (change.is !== 'invite' && change.is !== 'knock') return { ...event, membership: change };
  const { line, stateVersion: version, json } = texts;
  return { ...event, membership: change, showsFrom: { line, version, sentAlong: stateSentAlong(json) } };
}

function membershipChange({ json, replacesJson }: Texts): NonNullable<StreamEvent['membership']> {
  return { is: membershipOf(json), was: replacesJson === null ? 'leave' : membershipOf(replacesJson) };
}

function clientText(eventId: string, roomId: string, texts: Texts, shown: string | undefined): string {
  const { json, redactionId = null, redactionJson = null, replacesId, replacesJson } = texts;
  return clientEventText(json, {
    eventId,
    roomId,
    shown,
    ...(redactionId === null || redactionJson === null
      ? {}
      : { redaction: { eventId: redactionId, json: redactionJson } }),
    ...(replacesId === null || replacesJson === null ? {} : { replaced: { eventId: replacesId, json: replacesJson } }),
  });
}
