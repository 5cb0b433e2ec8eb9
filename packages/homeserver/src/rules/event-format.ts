// Check 1 on receipt: is this an event of its room version at all? What is none is dropped before anything is believed of it. The same
// limits hold for what we make. Whole JSON comes from the gate; here it becomes a Pdu.
// https://spec.matrix.org/v1.19/server-server-api/#checks-performed-on-receipt-of-a-pdu, https://spec.matrix.org/v1.19/client-server-api/#size-limits

import {
  authEventsMax,
  canonicalJson,
  depthMax,
  isEventId,
  isJsonObject,
  isRoomId,
  isUserId,
  type JsonObject,
  type JsonValue,
  MatrixError,
  type Pdu,
  pduBytesMax,
  prevEventsMax,
  type RoomVersionRules,
} from '@pons/spec';

/** Bytes of UTF-8 that `type` and `state_key` may take each. Identifiers have the same limit in their grammar. */
export const fieldBytesMax = 255;
/** Highest depth in room versions 1 to 5: 2^63 − 1, as near as a number comes. */
const olderDepthMax = 2 ** 63;

/** An event of its room version, or which field makes it none. */
export type FormatVerdict =
  | { readonly outcome: 'valid'; readonly pdu: Pdu }
  | { readonly outcome: 'invalid'; readonly field: string; readonly reason: string };

/** Judges the form of an event. `event` for the size of the whole. */
export function checkEventFormat(event: JsonObject, rules: RoomVersionRules): FormatVerdict {
  for (const [field, isGood, reason] of fields(rules)) {
    const value = Object.hasOwn(event, field) ? event[field] : undefined;
    if (!isGood(value, event)) return { outcome: 'invalid', field, reason };
  }
  return checkText(event, rules) ?? { outcome: 'valid', pdu: event as unknown as Pdu };
}

type FieldRule = readonly [
  field: string,
  isGood: (value: JsonValue | undefined, event: JsonObject) => boolean,
  reason: string,
];

/** Hashes and signatures are judged apart: here only their form. */
const commonFields: readonly FieldRule[] = [
  ['type', isShortText, `a text of at most ${fieldBytesMax} bytes is expected`],
  [
    'state_key',
    (value) => value === undefined || isShortText(value),
    `a text of at most ${fieldBytesMax} bytes is expected`,
  ],
  ['sender', (value) => typeof value === 'string' && isUserId(value), 'a user ID is expected'],
  ['content', isJsonObject, 'an object is expected'],
  ['origin_server_ts', (value) => typeof value === 'number', 'milliseconds are expected'],
  [
    'hashes',
    (value) => isJsonObject(value) && typeof value['sha256'] === 'string',
    'an object with sha256 is expected',
  ],
  ['signatures', isSignatures, 'signatures by server and key are expected'],
  ['unsigned', (value) => value === undefined || isJsonObject(value), 'an object is expected'],
];

const byRules = new WeakMap<RoomVersionRules, readonly FieldRule[]>();

function fields(rules: RoomVersionRules): readonly FieldRule[] {
  let found = byRules.get(rules);
  if (found === undefined) {
    found = [...commonFields, ...fieldsOfVersion(rules)];
    byRules.set(rules, found);
  }
  return found;
}

function fieldsOfVersion(rules: RoomVersionRules): FieldRule[] {
  const isReference = rules.citesHashes ? isReferenceWithHash : isEventIdValue;
  const areReferences = (max: number) => (value: JsonValue | undefined) =>
    Array.isArray(value) && value.length <= max && value.every(isReference);
  const highest = rules.strictCanonicalJson ? depthMax : olderDepthMax;
  const versioned: FieldRule[] = [
    ['room_id', (value, event) => isRoomIdOf(value, event, rules), 'a room ID is expected'],
    ['prev_events', areReferences(prevEventsMax), `at most ${prevEventsMax} references are expected`],
    ['auth_events', areReferences(authEventsMax), `at most ${authEventsMax} references are expected`],
    ['depth', (value) => isDepth(value, highest), `a number from 0 to ${highest} is expected`],
  ];
  if (rules.eventIds === 'chosen')
    versioned.push(['event_id', isChosenEventId, 'an event ID with a server is expected']);
  if (!rules.redactsInContent)
    versioned.push([
      'redacts',
      (value, { type }) => value === undefined || type !== 'm.room.redaction' || isEventIdValue(value),
      'an event ID is expected',
    ]);
  return versioned;
}

function isShortText(value: JsonValue | undefined): boolean {
  if (typeof value !== 'string' || value.length > fieldBytesMax) return false;
  return value.length * 3 <= fieldBytesMax || Buffer.byteLength(value) <= fieldBytesMax;
}

function isEventIdValue(value: JsonValue | undefined): boolean {
  return typeof value === 'string' && isEventId(value);
}

function isChosenEventId(value: JsonValue | undefined): boolean {
  return isEventIdValue(value) && (value as string).indexOf(':') > 1;
}

function isReferenceWithHash(value: JsonValue): boolean {
  if (!Array.isArray(value) || value.length !== 2 || !isEventIdValue(value[0])) return false;
  return isJsonObject(value[1]) && Object.values(value[1]).every((hash) => typeof hash === 'string');
}

/** That the create event of version 12 has none is a rule, not its form. */
function isRoomIdOf(value: JsonValue | undefined, { type }: JsonObject, rules: RoomVersionRules): boolean {
  if (value === undefined) return rules.roomIdIsCreateEvent && type === 'm.room.create';
  return typeof value === 'string' && isRoomId(value);
}

function isDepth(value: JsonValue | undefined, highest: number): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= highest;
}

function isSignatures(value: JsonValue | undefined): boolean {
  if (!isJsonObject(value)) return false;
  return Object.values(value).every(
    (own) => isJsonObject(own) && Object.values(own).every((each) => typeof each === 'string'),
  );
}

/** The event as a whole: canonical JSON where that is enforced, and its size. */
function checkText(event: JsonObject, rules: RoomVersionRules): FormatVerdict | undefined {
  try {
    const text = canonicalJson(event, rules.strictCanonicalJson ? 'integers' : 'any');
    if (text.length <= pduBytesMax && Buffer.byteLength(text) <= pduBytesMax) return undefined;
    return { outcome: 'invalid', field: '', reason: `an event has at most ${pduBytesMax} bytes` };
  } catch (error) {
    if (error instanceof MatrixError) return { outcome: 'invalid', field: '', reason: error.message };
    throw error;
  }
}
