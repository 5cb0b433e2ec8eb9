// Which state an event's authorisation needs: asked first, so that the caller reads it and the rules run without touching storage.
// The same list, those of it that exist, is what the event cites as its auth_events.
// https://spec.matrix.org/v1.19/server-server-api/#auth-events-selection

import { isJsonObject, type PduDraft, type RoomVersionRules } from '@pons/spec';

/** A key of the state: type and state key. */
export type AuthEventKey = readonly [type: string, stateKey: string];

type Subject = Pick<PduDraft, 'type' | 'state_key' | 'sender' | 'content'>;

const createKey: AuthEventKey = ['m.room.create', ''];
const powerLevelsKey: AuthEventKey = ['m.room.power_levels', ''];
const joinRulesKey: AuthEventKey = ['m.room.join_rules', ''];

/** Keys of the state that the event must cite where they exist. Since room version 12 the create event is not among them. */
export function authEventKeys(event: Subject, rules: RoomVersionRules): AuthEventKey[] {
  if (event.type === 'm.room.create') return [];
  const keys: AuthEventKey[] = rules.roomIdIsCreateEvent ? [powerLevelsKey] : [createKey, powerLevelsKey];
  keys.push(['m.room.member', event.sender]);
  if (event.type === 'm.room.member') addMemberKeys(event, rules, keys);
  return keys;
}

/** Keys of the state that authorise() may ask for: those that are cited and, in every room version, the create event. */
export function authStateKeys(event: Subject, rules: RoomVersionRules): AuthEventKey[] {
  const keys = authEventKeys(event, rules);
  return event.type === 'm.room.create' || !rules.roomIdIsCreateEvent ? keys : [createKey, ...keys];
}

function addMemberKeys(event: Subject, rules: RoomVersionRules, keys: AuthEventKey[]): void {
  const { membership, third_party_invite: invite, join_authorised_via_users_server: authoriser } = event.content;
  const target = event.state_key;
  if (target !== undefined && target !== event.sender) keys.push(['m.room.member', target]);
  if (membership === 'join' || membership === 'invite' || membership === 'knock') keys.push(joinRulesKey);
  if (membership === 'invite' && isJsonObject(invite) && isJsonObject(invite['signed'])) {
    const token = invite['signed']['token'];
    if (typeof token === 'string') keys.push(['m.room.third_party_invite', token]);
  }
  if (membership === 'join' && rules.allowsRestrictedJoins && typeof authoriser === 'string') {
    if (authoriser !== event.sender && authoriser !== target) keys.push(['m.room.member', authoriser]);
  }
}
