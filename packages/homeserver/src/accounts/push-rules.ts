// A user's push rules: the predefined ones with what the user changed of them, and rules of their own before those. Kept as the account
// data `m.push_rules`; a rule that a later version of this server predefines appears by itself, since reading merges the defaults in.
// https://spec.matrix.org/v1.19/client-server-api/#push-rules-api

import { isJsonObject, type JsonObject, type JsonValue, MatrixError } from '@pons/spec';
import { defaultPushRules } from '../rules/push-rules/defaults.ts';
import type { Queryable } from '../storage/database.ts';
import { type AccountDataParts, getAccountData, setAccountData } from './account-data.ts';

/** Kinds of rules, in the order in which they are tried. */
export const ruleKinds = ['override', 'content', 'room', 'sender', 'underride'] as const;
export type RuleKind = (typeof ruleKinds)[number];

/** Rules by kind, each list in the order of trying. */
export type Ruleset = Record<RuleKind, JsonObject[]>;

/** Which rule. */
export interface RuleKey {
  readonly kind: RuleKind;
  readonly ruleId: string;
}

/** Rules of a user's own, all kinds together. */
const ownRulesMax = 1_000;
const ruleIdMax = 255;
const listMax = 64;
const master = '.m.rule.master';

/** @throws MatrixError M_INVALID_PARAM for a kind that does not exist */
export function ruleKindOf(kind: string): RuleKind {
  const known = ruleKinds.find((one) => one === kind);
  if (known === undefined)
    throw new MatrixError('M_INVALID_PARAM', `a kind of push rule is one of ${ruleKinds.join(', ')}`);
  return known;
}

/** The rules of a user from the stored account data: as they are tried, and as /sync shows them. */
export function pushRulesFrom(userId: string, stored: JsonObject | undefined): Ruleset {
  const defaults = defaultPushRules(userId);
  const global = isJsonObject(stored?.['global']) ? stored['global'] : {};
  return Object.fromEntries(
    ruleKinds.map((kind) => [kind, merge(rulesOf(global[kind]), rulesOf(defaults[kind]))]),
  ) as Ruleset;
}

/** The rules of a user. */
export async function getPushRules(db: Queryable, userId: string): Promise<Ruleset> {
  return pushRulesFrom(userId, await getAccountData(db, { userId, roomNid: 0, type: 'm.push_rules' }));
}

/** One rule. @throws MatrixError M_NOT_FOUND */
export function findRule(rules: Ruleset, { kind, ruleId }: RuleKey): JsonObject {
  const rule = rules[kind].find((one) => one['rule_id'] === ruleId);
  if (rule === undefined) throw new MatrixError('M_NOT_FOUND', 'there is no such push rule');
  return rule;
}

/**
 * Adds a rule or replaces it; an existing one keeps its place unless told where to go.
 *
 * @throws MatrixError M_INVALID_PARAM, M_MISSING_PARAM, M_BAD_JSON, M_NOT_FOUND (the neighbour), M_RESOURCE_LIMIT_EXCEEDED
 */
export async function setPushRule(
  parts: AccountDataParts,
  userId: string,
  key: RuleKey,
  request: { readonly body: JsonObject; readonly before?: string; readonly after?: string },
): Promise<void> {
  checkRuleId(key.ruleId);
  const rule = ruleFrom(key, request.body);
  await update(parts, userId, (rules) => {
    const list = rules[key.kind];
    const index = list.findIndex((one) => one['rule_id'] === key.ruleId);
    const enabled = list[index]?.['enabled'] ?? true;
    const others = list.filter((_, at) => at !== index);
    if (index === -1 && countOwn(rules) >= ownRulesMax) {
      throw new MatrixError('M_RESOURCE_LIMIT_EXCEEDED', `a user has at most ${ownRulesMax} push rules of their own`);
    }
    const place = placeOf(others, request) ?? (index === -1 ? ownStart(others) : index);
    return { ...rules, [key.kind]: others.toSpliced(place, 0, { ...rule, enabled }) };
  });
}

/** Removes a rule of the user's own. @throws MatrixError M_NOT_FOUND, M_INVALID_PARAM for a predefined one */
export async function deletePushRule(parts: AccountDataParts, userId: string, key: RuleKey): Promise<void> {
  await update(parts, userId, (rules) => {
    const rule = findRule(rules, key);
    if (rule['default'] === true)
      throw new MatrixError('M_INVALID_PARAM', 'predefined rules cannot be deleted: disable it');
    return { ...rules, [key.kind]: rules[key.kind].filter((one) => one !== rule) };
  });
}

/** Changes `enabled` or `actions` of any rule. @throws MatrixError M_NOT_FOUND, M_BAD_JSON */
export async function changePushRule(
  parts: AccountDataParts,
  userId: string,
  key: RuleKey,
  change: { readonly enabled: boolean } | { readonly actions: JsonValue[] },
): Promise<void> {
  if ('actions' in change) checkActions(change.actions);
  await update(parts, userId, (rules) => {
    const rule = findRule(rules, key);
    return { ...rules, [key.kind]: rules[key.kind].map((one) => (one === rule ? { ...rule, ...change } : one)) };
  });
}

async function update(parts: AccountDataParts, userId: string, change: (rules: Ruleset) => Ruleset): Promise<void> {
  await parts.updates.run(userId, async () => {
    const rules = change(await getPushRules(parts.db, userId));
    await setAccountData(parts, { userId, roomNid: 0, type: 'm.push_rules' }, { global: rules });
  });
}

/** Own rules as stored, then the predefined ones in their order with the user's `enabled` and `actions`; the master rule first of all. */
function merge(stored: readonly JsonObject[], defaults: readonly JsonObject[]): JsonObject[] {
  const changed = new Map(stored.filter((rule) => rule['default'] === true).map((rule) => [rule['rule_id'], rule]));
  const predefined = defaults.map((rule) => {
    const { enabled, actions } = changed.get(rule['rule_id'] ?? '') ?? rule;
    return { ...rule, ...(enabled === undefined ? {} : { enabled }), ...(actions === undefined ? {} : { actions }) };
  });
  const isMaster = (rule: JsonObject) => rule['rule_id'] === master;
  return [
    ...predefined.filter(isMaster),
    ...stored.filter((rule) => rule['default'] !== true),
    ...predefined.filter((rule) => !isMaster(rule)),
  ];
}

function rulesOf(list: JsonValue | undefined): JsonObject[] {
  return Array.isArray(list) ? list.filter(isJsonObject) : [];
}

function countOwn(rules: Ruleset): number {
  return ruleKinds.reduce((sum, kind) => sum + rules[kind].filter((rule) => rule['default'] !== true).length, 0);
}

function ownStart(list: readonly JsonObject[]): number {
  return list[0]?.['rule_id'] === master ? 1 : 0;
}

/** Where `before` or `after` puts a rule; the neighbour must be the user's own. */
function placeOf(list: readonly JsonObject[], where: { before?: string; after?: string }): number | undefined {
  const neighbour = where.before ?? where.after;
  if (neighbour === undefined) return undefined;
  const index = list.findIndex((rule) => rule['rule_id'] === neighbour);
  if (index === -1) throw new MatrixError('M_NOT_FOUND', 'the rule named by before or after does not exist');
  if (list[index]?.['default'] === true) {
    throw new MatrixError('M_INVALID_PARAM', 'before and after name rules of your own, not predefined ones');
  }
  return where.before === undefined ? index + 1 : index;
}

function checkRuleId(ruleId: string): void {
  if (ruleId === '' || ruleId.length > ruleIdMax || ruleId.startsWith('.') || /[/\\\0]/.test(ruleId)) {
    throw new MatrixError(
      'M_INVALID_PARAM',
      `a rule id has 1 to ${ruleIdMax} characters, no slash, and no dot in front`,
    );
  }
}

function ruleFrom({ kind, ruleId }: RuleKey, body: JsonObject): JsonObject {
  const actions = body['actions'] ?? undefined;
  if (!Array.isArray(actions)) throw new MatrixError('M_MISSING_PARAM', 'the body lacks the list `actions`');
  checkActions(actions);
  const rule: JsonObject = { rule_id: ruleId, default: false, actions };
  if (kind === 'content') {
    if (typeof body['pattern'] !== 'string')
      throw new MatrixError('M_MISSING_PARAM', 'a content rule needs a `pattern`');
    rule['pattern'] = body['pattern'];
  }
  if (kind === 'override' || kind === 'underride') rule['conditions'] = conditionsFrom(body['conditions']);
  return rule;
}

function conditionsFrom(conditions: JsonValue | undefined): JsonValue[] {
  const list = conditions ?? [];
  const ok =
    Array.isArray(list) &&
    list.length <= listMax &&
    list.every((condition) => isJsonObject(condition) && typeof condition['kind'] === 'string');
  if (!ok) throw new MatrixError('M_BAD_JSON', `conditions is a list of at most ${listMax} objects with a \`kind\``);
  return list;
}

/** Older clients send `dont_notify` and `coalesce`, which mean nothing any more. */
const namedActions = new Set(['notify', 'dont_notify', 'coalesce']);

function checkActions(actions: readonly JsonValue[]): void {
  const ok =
    actions.length <= listMax &&
    actions.every((action) =>
      isJsonObject(action)
        ? typeof action['set_tweak'] === 'string'
        : typeof action === 'string' && namedActions.has(action),
    );
  if (!ok) throw new MatrixError('M_INVALID_PARAM', 'an action is "notify" or an object with `set_tweak`');
}
