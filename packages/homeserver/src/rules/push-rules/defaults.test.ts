// https://spec.matrix.org/v1.19/client-server-api/#predefined-rules

import { isJsonObject, type JsonValue } from '@pons/spec';
import { describe, expect, test } from 'vitest';
import { defaultPushRules } from './defaults.ts';

const ids = (rules: JsonValue | undefined) =>
  Array.isArray(rules) ? rules.map((rule) => isJsonObject(rule) && rule['rule_id']) : [];

describe('the default push rules', () => {
  const rules = defaultPushRules('@a:s');

  test('are those of the specification, in its order', () => {
    expect(ids(rules['override'])).toEqual(
      ['master', 'suppress_notices', 'invite_for_me', 'member_event', 'is_user_mention', 'is_room_mention', 'tombstone']
        .concat(['reaction', 'room.server_acl', 'suppress_edits'])
        .map((name) => `.m.rule.${name}`),
    );
    expect(ids(rules['underride'])).toEqual(
      ['call', 'encrypted_room_one_to_one', 'room_one_to_one', 'message', 'encrypted'].map((name) => `.m.rule.${name}`),
    );
    expect([rules['content'], rules['room'], rules['sender']]).toEqual([[], [], []]);
  });

  test('are all enabled but the master rule', () => {
    const all = [rules['override'], rules['underride']].flat().filter(isJsonObject);
    expect(all.filter((rule) => rule['enabled'] !== true).map((rule) => rule['rule_id'])).toEqual(['.m.rule.master']);
    expect(all.every((rule) => rule['default'] === true)).toBe(true);
  });

  test('name the user in mentions and invitations', () => {
    expect(JSON.stringify(rules).match(/@a:s/g)).toHaveLength(2);
    expect(rules['override']).toContainEqual({
      rule_id: '.m.rule.is_user_mention',
      default: true,
      enabled: true,
      conditions: [{ kind: 'event_property_contains', key: 'content.m\\.mentions.user_ids', value: '@a:s' }],
      actions: ['notify', { set_tweak: 'sound', value: 'default' }, { set_tweak: 'highlight' }],
    });
  });
});
