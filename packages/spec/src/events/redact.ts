// The redaction algorithm: what remains of an event once its content is taken away. It is also what signatures and event IDs cover, so
// every event passes through here. Which keys remain is a table per room version, computed once.
// https://spec.matrix.org/v1.19/rooms/v11/#redactions

import { isJsonObject, type JsonObject } from '../json/json-value.ts';
import type { RoomVersionRules } from '../room-versions/rules.ts';
import type { PduDraft } from './pdu.ts';

/** What redaction keeps. */
export interface RedactionTable {
  readonly topLevel: ReadonlySet<string>;
  /** Keys of the content by event type; a type without a row keeps none. */
  readonly content: ReadonlyMap<string, readonly string[] | 'all'>;
  /** Of `third_party_invite` in m.room.member, `signed` remains. */
  readonly keepsSignedInvite: boolean;
}

const tables = new WeakMap<RoomVersionRules, RedactionTable>();

/** What redaction keeps in a room version. */
export function redactionTable(rules: RoomVersionRules): RedactionTable {
  let table = tables.get(rules);
  if (table === undefined) {
    table = makeTable(rules);
    tables.set(rules, table);
  }
  return table;
}

/**
 * The event without what redaction takes. `unsigned` goes too: it is on no list of keys to keep.
 * The result shares its remaining values with the event.
 */
export function redact<T extends PduDraft>(pdu: T, rules: RoomVersionRules): T {
  const table = redactionTable(rules);
  const entries = Object.entries(pdu).filter(([key]) => table.topLevel.has(key));
  const redacted = Object.fromEntries(entries) as T;
  redacted.content = redactContent(pdu.type, pdu.content, table);
  return redacted;
}

/** What redaction leaves of the content of an event of that type; the content itself when it leaves all. */
export function redactContent(type: string, content: JsonObject, table: RedactionTable): JsonObject {
  const keep = table.content.get(type);
  if (keep === 'all') return content;
  const kept: JsonObject = {};
  if (keep === undefined || !isJsonObject(content)) return kept;
  for (const key of keep) {
    const value = Object.hasOwn(content, key) ? content[key] : undefined;
    if (value !== undefined) kept[key] = value;
  }
  if (type === 'm.room.member' && table.keepsSignedInvite) {
    const invite = content['third_party_invite'];
    if (isJsonObject(invite) && invite['signed'] !== undefined)
      kept['third_party_invite'] = { signed: invite['signed'] };
  }
  return kept;
}

const topLevelKeys = [
  'event_id',
  'type',
  'room_id',
  'sender',
  'state_key',
  'content',
  'hashes',
  'signatures',
  'depth',
  'prev_events',
  'auth_events',
  'origin_server_ts',
];
/** Kept before room version 11. */
const historicalKeys = ['prev_state', 'origin', 'membership'];
const powerLevelKeys = ['ban', 'events', 'events_default', 'kick', 'redact', 'state_default', 'users', 'users_default'];

function makeTable(rules: RoomVersionRules): RedactionTable {
  const isNew = rules.redactionOfVersion11;
  const content = new Map<string, readonly string[] | 'all'>([
    [
      'm.room.member',
      rules.redactionKeepsJoinAuthoriser ? ['membership', 'join_authorised_via_users_server'] : ['membership'],
    ],
    ['m.room.create', isNew ? 'all' : ['creator']],
    ['m.room.join_rules', rules.allowsRestrictedJoins ? ['join_rule', 'allow'] : ['join_rule']],
    ['m.room.power_levels', isNew ? [...powerLevelKeys, 'invite'] : powerLevelKeys],
    ['m.room.history_visibility', ['history_visibility']],
  ]);
  if (isNew) content.set('m.room.redaction', ['redacts']);
  if (rules.authorisesAliases) content.set('m.room.aliases', ['aliases']);
  return {
    topLevel: new Set(isNew ? topLevelKeys : [...topLevelKeys, ...historicalKeys]),
    content,
    keepsSignedInvite: isNew,
  };
}
