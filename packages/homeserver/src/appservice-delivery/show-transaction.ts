// The body of a transaction as an operator sees it: who, where, when and of which type, and the shape of each content, without what
// people wrote and without keys. The rule is a list of what is shown: any other text is replaced by its length, so nothing new is ever
// shown by accident.

import { isJsonObject, type JsonObject, type JsonValue, parseJsonObject } from '@pons/spec';

/** Texts of an event, or of a message to a device, outside its content. */
const eventTexts = new Set([
  'type',
  'sender',
  'state_key',
  'room_id',
  'event_id',
  'redacts',
  'to_user_id',
  'to_device_id',
]);
/** Texts in a content that say what it is. Shown where they look like a name of the specification or an id. */
const contentTexts = new Set([
  'msgtype',
  'membership',
  'rel_type',
  'event_id',
  'algorithm',
  'presence',
  'join_rule',
  'history_visibility',
  'guest_access',
  'room_version',
  'user_ids',
]);
const identifier = /^[\w.$!@:+/=-]{1,255}$/;
/** Parts of a body in which nobody has written anything: users, and names of algorithms. */
const plainParts = new Set(['device_lists', 'device_one_time_keys_count', 'device_unused_fallback_key_types']);
/** Names under which proposals say the same once more. */
const repeated = /^(de\.sorunome\.msc2409|org\.matrix\.msc3202)\./;

/** Bounds of what is shown: of an object, of a list, of a name in characters, and levels. */
const membersMax = 50;
const itemsMax = 100;
const charactersMax = 255;
const depthMax = 8;

/** A body as it may be shown. */
export function shownBody(body: Buffer): JsonObject {
  const shown: JsonObject = {};
  for (const [name, value] of Object.entries(parseJsonObject(body, 'any'))) {
    const stable = name.replace(repeated, '').replace(/_key_counts$/, '_keys_count');
    if (stable in shown) continue;
    shown[stable] = plainParts.has(stable)
      ? show(value, { depth: 1, isShown: () => true })
      : list(value, (item) => (isJsonObject(item) ? shownEvent(item) : '…'));
  }
  return shown;
}

/** An event, or a message to a device, as it may be shown. */
export function shownEvent(one: JsonObject): JsonObject {
  const shown: JsonObject = {};
  for (const [key, value] of Object.entries(one).slice(0, membersMax)) {
    shown[cut(key)] =
      typeof value === 'string' && eventTexts.has(key)
        ? cut(value)
        : show(value, { depth: 1, isShown: (text, name) => contentTexts.has(name) && identifier.test(text) }, key);
  }
  return shown;
}

interface Rule {
  readonly depth: number;
  /** Whether a text stays, by the name of the member that it is in. */
  readonly isShown: (text: string, name: string) => boolean;
}

function show(value: JsonValue, rule: Rule, name = ''): JsonValue {
  if (typeof value === 'string')
    return rule.isShown(value, name) ? cut(value) : `… ${value.length} character${value.length === 1 ? '' : 's'}`;
  if (typeof value !== 'object' || value === null) return value;
  if (rule.depth >= depthMax) return '…';
  const below = { ...rule, depth: rule.depth + 1 };
  if (Array.isArray(value)) return list(value, (item) => show(item, below, name));
  const all = Object.entries(value);
  const shown = all.slice(0, membersMax).map(([key, member]) => [cut(key), show(member, below, key)] as const);
  return Object.fromEntries(all.length > membersMax ? [...shown, ['…', `${all.length - membersMax} more`]] : shown);
}

function list(value: JsonValue, each: (item: JsonValue) => JsonValue): JsonValue {
  if (!Array.isArray(value)) return '…';
  const shown = value.slice(0, itemsMax).map(each);
  return value.length > itemsMax ? [...shown, `… ${value.length - itemsMax} more`] : shown;
}

function cut(text: string): string {
  return text.length > charactersMax ? `${text.slice(0, charactersMax)}…` : text;
}
