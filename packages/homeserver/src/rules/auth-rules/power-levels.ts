// Rule 10 (9 before room version 12): m.room.power_levels. Nobody gives, takes or touches more power than they have.
// https://spec.matrix.org/v1.19/rooms/v12/#authorisation-rules

import { isJsonObject, isUserId, type JsonObject, type JsonValue, type RoomVersionRules } from '@pons/spec';
import { type AuthInput, allowed, levelsOf, rejected, type StateEvent, type Verdict } from '../auth-input.ts';
import { creatorsOf, readLevel } from '../power-levels.ts';

const scalars = ['users_default', 'events_default', 'state_default', 'ban', 'redact', 'kick', 'invite'];

/** Judges new power levels. */
export function authorisePowerLevels(input: AuthInput, create: StateEvent): Verdict {
  const { event, rules, state } = input;
  const shape = checkPowerLevelsContent(event.content, rules);
  if (shape.outcome === 'rejected') return shape;
  const users = objectIn(event.content, 'users');
  if (rules.creatorsHaveInfinitePower) {
    const named = creatorsOf(create.event, rules).find((creator) => Object.hasOwn(users, creator));
    if (named !== undefined) return rejected(rules, '10.4', `${named} is a creator and has no power level`);
  }
  const before = state('m.room.power_levels', '')?.event.content;
  if (before === undefined) return allowed;
  const senderLevel = levelsOf(input).levelOf(event.sender);
  return (
    checkScalars(before, event.content, senderLevel, rules) ??
    checkEntries(before, event.content, senderLevel, rules) ??
    checkUsers(input, before, senderLevel) ??
    allowed
  );
}

/** Rules 10.1 to 10.3: whether the content has the right form, whoever sends it. What a client gets M_BAD_JSON for. */
export function checkPowerLevelsContent(content: JsonObject, rules: RoomVersionRules): Verdict {
  const isLevel = (value: JsonValue | undefined) => readLevel(value, rules) !== undefined;
  if (rules.integerPowerLevels) {
    const bad = scalars.find((key) => content[key] !== undefined && !isLevel(content[key]));
    if (bad !== undefined) return rejected(rules, '10.1', `${bad} is not an integer`);
    for (const key of ['events', 'notifications']) {
      const value = content[key];
      if (value !== undefined && !(isJsonObject(value) && Object.values(value).every(isLevel))) {
        return rejected(rules, '10.2', `${key} is not an object of integers`);
      }
    }
  }
  const users = content['users'];
  if (users === undefined) return allowed;
  const isGood = isJsonObject(users) && Object.entries(users).every(([id, level]) => isUserId(id) && isLevel(level));
  return isGood ? allowed : rejected(rules, '10.3', 'users is not an object of user IDs and integers');
}

/** 10.6 */
function checkScalars(
  before: JsonObject,
  after: JsonObject,
  sender: number,
  rules: RoomVersionRules,
): Verdict | undefined {
  for (const key of scalars) {
    const { old, now, isChanged } = change(before, after, key, rules);
    if (!isChanged) continue;
    if (old !== undefined && old > sender) return rejected(rules, '10.6.1', `${key} is above the sender's power level`);
    if (now !== undefined && now > sender)
      return rejected(rules, '10.6.2', `${key} would be above the sender's power level`);
  }
  return undefined;
}

/** 10.7 and 10.8 */
function checkEntries(
  before: JsonObject,
  after: JsonObject,
  sender: number,
  rules: RoomVersionRules,
): Verdict | undefined {
  for (const key of rules.authorisesNotificationLevels ? ['events', 'notifications'] : ['events']) {
    const olds = objectIn(before, key);
    const nows = objectIn(after, key);
    for (const name of new Set([...Object.keys(olds), ...Object.keys(nows)])) {
      const { old, now, isChanged } = change(olds, nows, name, rules);
      if (!isChanged) continue;
      if (old !== undefined && old > sender)
        return rejected(rules, '10.7.1', `${name} is above the sender's power level`);
      if (now !== undefined && now > sender)
        return rejected(rules, '10.8.1', `${name} would be above the sender's power level`);
    }
  }
  return undefined;
}

/** 10.9 and 10.10 */
function checkUsers({ event, rules }: AuthInput, before: JsonObject, sender: number): Verdict | undefined {
  const olds = objectIn(before, 'users');
  const nows = objectIn(event.content, 'users');
  for (const userId of new Set([...Object.keys(olds), ...Object.keys(nows)])) {
    const { old, now, isChanged } = change(olds, nows, userId, rules);
    if (!isChanged) continue;
    if (old !== undefined && old >= sender && userId !== event.sender) {
      return rejected(rules, '10.9.1', `${userId} has as much power as the sender`);
    }
    if (now !== undefined && now > sender)
      return rejected(rules, '10.10.1', `${userId} would have more power than the sender`);
  }
  return undefined;
}

function change(before: JsonObject, after: JsonObject, key: string, rules: RoomVersionRules) {
  const old = Object.hasOwn(before, key) ? readLevel(before[key], rules) : undefined;
  const now = Object.hasOwn(after, key) ? readLevel(after[key], rules) : undefined;
  return { old, now, isChanged: old !== now };
}

function objectIn(content: JsonObject, key: string): JsonObject {
  const value = content[key];
  return isJsonObject(value) ? value : {};
}
