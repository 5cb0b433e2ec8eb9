// The push rules that every user starts with. User-defined rules stand above these, .m.rule.master above everything.
// https://spec.matrix.org/v1.19/client-server-api/#predefined-rules

import type { JsonObject, JsonValue } from '@pons/spec';

const sound = { set_tweak: 'sound', value: 'default' };
const ring = { set_tweak: 'sound', value: 'ring' };
const highlight = { set_tweak: 'highlight' };

/** The ruleset of a user who has changed nothing: the `global` part of GET /pushrules/. */
export function defaultPushRules(userId: string): JsonObject {
  return { override: overrideRules(userId), content: [], room: [], sender: [], underride: underrideRules() };
}

function overrideRules(userId: string): JsonValue[] {
  return [
    { ...rule('master', [], []), enabled: false },
    rule('suppress_notices', [matches('content.msgtype', 'm.notice')], []),
    rule(
      'invite_for_me',
      [matches('type', 'm.room.member'), matches('content.membership', 'invite'), matches('state_key', userId)],
      ['notify', sound],
    ),
    rule('member_event', [matches('type', 'm.room.member')], []),
    rule(
      'is_user_mention',
      [{ kind: 'event_property_contains', key: 'content.m\\.mentions.user_ids', value: userId }],
      ['notify', sound, highlight],
    ),
    rule(
      'is_room_mention',
      [
        { kind: 'event_property_is', key: 'content.m\\.mentions.room', value: true },
        { kind: 'sender_notification_permission', key: 'room' },
      ],
      ['notify', highlight],
    ),
    rule('tombstone', [matches('type', 'm.room.tombstone'), matches('state_key', '')], ['notify', highlight]),
    rule('reaction', [matches('type', 'm.reaction')], []),
    rule('room.server_acl', [matches('type', 'm.room.server_acl'), matches('state_key', '')], []),
    rule(
      'suppress_edits',
      [{ kind: 'event_property_is', key: 'content.m\\.relates_to.rel_type', value: 'm.replace' }],
      [],
    ),
  ];
}

function underrideRules(): JsonValue[] {
  const isOneToOne = { kind: 'room_member_count', is: '2' };
  return [
    rule('call', [matches('type', 'm.call.invite')], ['notify', ring]),
    rule('encrypted_room_one_to_one', [isOneToOne, matches('type', 'm.room.encrypted')], ['notify', sound]),
    rule('room_one_to_one', [isOneToOne, matches('type', 'm.room.message')], ['notify', sound]),
    rule('message', [matches('type', 'm.room.message')], ['notify']),
    rule('encrypted', [matches('type', 'm.room.encrypted')], ['notify']),
  ];
}

function rule(name: string, conditions: JsonValue[], actions: JsonValue[]): JsonObject {
  return { rule_id: `.m.rule.${name}`, default: true, enabled: true, conditions, actions };
}

function matches(key: string, pattern: string): JsonObject {
  return { kind: 'event_match', key, pattern };
}
