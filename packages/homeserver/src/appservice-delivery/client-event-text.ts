// The client form of an event as JSON text, cut out of the stored PDU's text: nothing is parsed and written again, so what the sender
// wrote arrives to the byte, and a large message costs no more than a scan. Only redactions are parsed (their `redacts` stands in two
// places, by room version), and so is what goes under `unsigned`. The age is left out: the bytes of a transaction never change.
// https://spec.matrix.org/v1.19/client-server-api/#room-event-format

import { isJsonObject, type JsonObject } from '@pons/spec';

/** What the PDU does not say itself. */
export interface ClientEventParts {
  readonly eventId: string;
  readonly roomId: string;
  /** The redaction that took effect: its id and PDU text. */
  readonly redaction?: { readonly eventId: string; readonly json: string };
  /** The state event that this one replaced: its id and PDU text. */
  readonly replaced?: { readonly eventId: string; readonly json: string };
  /** What an invitation shows of its room: a member of `unsigned` as JSON (shown-state.ts). */
  readonly shown?: string | undefined;
}

const kept = new Set(['content', 'origin_server_ts', 'sender', 'state_key', 'type']);

/** JSON text of the event as clients see it, with `room_id`. The PDU text is canonical JSON. */
export function clientEventText(pdu: string, parts: ClientEventParts): string {
  const members = topLevel(pdu);
  const isRedaction = members.get('type') === '"m.room.redaction"';
  let text = `{"event_id":${JSON.stringify(parts.eventId)},"room_id":${JSON.stringify(parts.roomId)}`;
  for (const [key, value] of members)
    if (kept.has(key)) text += `,"${key}":${key === 'content' && isRedaction ? redactionContent(pdu) : value}`;
  if (isRedaction) {
    const redacts = redactsOf(pdu);
    if (redacts !== undefined) text += `,"redacts":${JSON.stringify(redacts)}`;
  }
  const unsigned = unsignedText(parts);
  return unsigned === '{}' ? `${text}}` : `${text},"unsigned":${unsigned}}`;
}

// Clients of either generation find the redacted event: at the top (up to version 10) and in the content (from 11 on).
function redactsOf(pdu: string): string | undefined {
  const parsed = JSON.parse(pdu) as { readonly redacts?: unknown; readonly content: JsonObject };
  const redacts = parsed.redacts ?? parsed.content['redacts'];
  return typeof redacts === 'string' ? redacts : undefined;
}

function redactionContent(pdu: string): string {
  const { content } = JSON.parse(pdu) as { readonly content: JsonObject };
  const redacts = redactsOf(pdu);
  return JSON.stringify(redacts === undefined ? content : { ...content, redacts });
}

function unsignedText({ redaction, replaced, roomId, shown }: ClientEventParts): string {
  const entries: string[] = [];
  if (replaced !== undefined) {
    const members = topLevel(replaced.json);
    entries.push(`"prev_content":${members.get('content') ?? '{}'}`);
    entries.push(`"prev_sender":${members.get('sender') ?? 'null'}`);
    entries.push(`"replaces_state":${JSON.stringify(replaced.eventId)}`);
  }
  if (redaction !== undefined)
    entries.push(`"redacted_because":${clientEventText(redaction.json, { eventId: redaction.eventId, roomId })}`);
  if (shown !== undefined) entries.push(shown);
  return `{${entries.join(',')}}`;
}

/** Members of the outermost object as they stand, key (without quotes) → text of the value. The text must be valid JSON. */
export function topLevel(json: string): Map<string, string> {
  const members = new Map<string, string>();
  let at = 1;
  while (json.charCodeAt(at) === quote) {
    const keyEnd = endOfString(json, at);
    const valueStart = keyEnd + 1;
    const valueEnd = endOfValue(json, valueStart);
    members.set(json.slice(at + 1, keyEnd - 1), json.slice(valueStart, valueEnd));
    at = valueEnd + 1;
  }
  return members;
}

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;

/** Index after the closing quote of the string that opens at `start`. */
function endOfString(json: string, start: number): number {
  for (let at = json.indexOf('"', start + 1); at !== -1; at = json.indexOf('"', at + 1)) {
    let slashes = 0;
    while (json.charCodeAt(at - 1 - slashes) === backslash) slashes += 1;
    if (slashes % 2 === 0) return at + 1;
  }
  return json.length;
}

/** Index after the value that begins at `start`. */
function endOfValue(json: string, start: number): number {
  let depth = 0;
  let at = start;
  while (at < json.length) {
    const code = json.charCodeAt(at);
    if (code === quote) {
      at = endOfString(json, at);
      if (depth === 0) return at;
      continue;
    }
    if (code === 0x7b || code === 0x5b) depth += 1;
    else if (code === 0x7d || code === 0x5d) {
      if (depth === 0) return at;
      depth -= 1;
      if (depth === 0) return at + 1;
    } else if (code === comma && depth === 0) return at;
    at += 1;
  }
  return at;
}

/** `membership` of an m.room.member event's PDU text. */
export function membershipOf(pdu: string): string {
  const { membership } = JSON.parse(topLevel(pdu).get('content') ?? '{}') as { readonly membership?: unknown };
  return typeof membership === 'string' ? membership : 'leave';
}

/** What another server has sent along with an invitation, from the PDU text: a list as JSON; undefined: nothing. */
export function stateSentAlong(pdu: string): string | undefined {
  const unsigned = JSON.parse(topLevel(pdu).get('unsigned') ?? '{}') as { readonly invite_room_state?: unknown };
  const list = unsigned.invite_room_state;
  return Array.isArray(list) ? JSON.stringify(list.filter((one) => isJsonObject(one))) : undefined;
}
