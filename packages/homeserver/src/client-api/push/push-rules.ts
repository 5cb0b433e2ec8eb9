// The push-rules API: read the set or one rule, write, delete, enable, change actions.
// https://spec.matrix.org/v1.19/client-server-api/#push-rules-api

import { MatrixError } from '@pons/spec';
import { endpoints } from '@pons/spec/endpoints';
import type { AccountDataParts } from '../../accounts/account-data.ts';
import {
  changePushRule,
  deletePushRule,
  findRule,
  getPushRules,
  type RuleKey,
  ruleKindOf,
  setPushRule,
} from '../../accounts/push-rules.ts';
import { requesterOf } from '../../http/requester.ts';
import type { ApiRequest, Route } from '../../http/route.ts';
import { booleanOr } from '../body-members.ts';

/** All routes of push rules. */
export function pushRuleRoutes(parts: AccountDataParts): Route[] {
  const rulesOf = (request: ApiRequest) => getPushRules(parts.db, requesterOf(request).userId);
  return [
    {
      endpoint: endpoints.getPushRules,
      handle: async (request) => ({ json: { global: await rulesOf(request) } }),
    },
    {
      endpoint: endpoints.getPushRulesGlobal,
      handle: async (request) => ({ json: await rulesOf(request) }),
    },
    {
      endpoint: endpoints.getPushRule,
      handle: async (request) => ({ json: findRule(await rulesOf(request), ruleKey(request)) }),
    },
    {
      endpoint: endpoints.isPushRuleEnabled,
      async handle(request) {
        const rule = findRule(await rulesOf(request), ruleKey(request));
        return { json: { enabled: rule['enabled'] ?? true } };
      },
    },
    {
      endpoint: endpoints.getPushRuleActions,
      async handle(request) {
        const rule = findRule(await rulesOf(request), ruleKey(request));
        return { json: { actions: rule['actions'] ?? [] } };
      },
    },
    ...changes(parts),
  ];
}

function changes(parts: AccountDataParts): Route[] {
  return [
    {
      endpoint: endpoints.setPushRule,
      async handle(request) {
        const before = request.query.get('before');
        const after = request.query.get('after');
        await setPushRule(parts, requesterOf(request).userId, ruleKey(request), {
          body: request.body,
          ...(before === null ? {} : { before }),
          ...(after === null ? {} : { after }),
        });
        return { json: {} };
      },
    },
    {
      endpoint: endpoints.deletePushRule,
      async handle(request) {
        await deletePushRule(parts, requesterOf(request).userId, ruleKey(request));
        return { json: {} };
      },
    },
    {
      endpoint: endpoints.setPushRuleEnabled,
      async handle(request) {
        const enabled = booleanOr(request.body, 'enabled', true);
        await changePushRule(parts, requesterOf(request).userId, ruleKey(request), { enabled });
        return { json: {} };
      },
    },
    {
      endpoint: endpoints.setPushRuleActions,
      async handle(request) {
        const { actions } = request.body;
        if (!Array.isArray(actions)) throw new MatrixError('M_BAD_JSON', 'actions must be a list');
        await changePushRule(parts, requesterOf(request).userId, ruleKey(request), { actions });
        return { json: {} };
      },
    },
  ];
}

function ruleKey({ path }: ApiRequest): RuleKey {
  return { kind: ruleKindOf(path['kind'] ?? ''), ruleId: path['ruleId'] ?? '' };
}
