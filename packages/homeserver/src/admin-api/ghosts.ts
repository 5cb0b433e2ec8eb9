// The users of an application service for operators, whether it still runs or not: listed by page, and ended, purged or taken out of their
// rooms by page, so that whoever asks sees how far it is. And the accounts of the server, without ghosts unless they are asked for.

import { type JsonObject, MatrixError } from '@pons/spec';
import { ponsEndpoints } from '@pons/spec/endpoints';
import { cleanUp, type CleanUp, type CleanUpParts, cleanUps } from '../actions/clean-up-appservice.ts';
import { type Account, listAccounts } from '../accounts/users.ts';
import { countGhosts, type Ghost, listGhosts } from '../appservices/ghosts.ts';
import type { ApiRequest, Route } from '../http/route.ts';

const usersPerPage = 100;
const usersPerPageMax = 1_000;
/** Each of them may have to leave many rooms. */
const cleanedPerPage = 50;
const cleanedPerPageMax = 200;

/** GET …/ghosts, POST …/clean_up, GET /_pons/admin/v1/users */
export function ghostRoutes(parts: CleanUpParts): Route[] {
  return [
    {
      endpoint: ponsEndpoints.listGhosts,
      async handle(request) {
        const { id, after } = placeOf(request, request.query.get('from'));
        const limit = limitOf(request.query.get('limit'), usersPerPage, usersPerPageMax);
        const pattern = request.query.get('pattern');
        const ghosts = await listGhosts(parts.db, id, { after, limit, pattern });
        const sender = parts.registry.byId(id)?.sender;
        return {
          json: {
            ghosts: ghosts.found.map((ghost) => ghostJson(ghost, sender)),
            // Those that match are counted once: every id is looked at.
            ...(pattern !== null && after !== '' ? {} : { total: await countGhosts(parts.db, id, pattern) }),
            ...(ghosts.next === undefined ? {} : { next: ghosts.next }),
          },
        };
      },
    },
    {
      endpoint: ponsEndpoints.cleanUpAppservice,
      async handle(request) {
        const { body } = request;
        const { id, after } = placeOf(request, body['from']);
        const pattern = body['pattern'];
        const { done, seen, next } = await cleanUp(parts, {
          appserviceId: id,
          action: actionOf(body['action']),
          after,
          limit: limitOf(body['limit'], cleanedPerPage, cleanedPerPageMax),
          ...(typeof pattern === 'string' ? { pattern } : {}),
        });
        return { json: { done, seen, ...(next === undefined ? {} : { next }) } };
      },
    },
    {
      endpoint: ponsEndpoints.listUsers,
      async handle({ query }) {
        const limit = limitOf(query.get('limit'), usersPerPage, usersPerPageMax);
        const ghosts = query.get('ghosts') === 'true';
        const users = await listAccounts(parts.db, { after: query.get('from') ?? '', limit, ghosts });
        const last = users.length < limit ? undefined : users.at(-1)?.userId;
        return { json: { users: users.map(userJson), ...(last === undefined ? {} : { next: last }) } };
      },
    },
  ];
}

function placeOf({ path }: ApiRequest, from: unknown): { readonly id: string; readonly after: string } {
  const after = typeof from === 'string' ? from : '';
  if (after.includes('\0')) throw new MatrixError('M_INVALID_PARAM', 'from must be what `next` was before');
  return { id: path['appserviceId'] ?? '', after };
}

function limitOf(value: unknown, usual: number, max: number): number {
  if (value === undefined || value === null) return usual;
  const limit = Number(value);
  if (Number.isSafeInteger(limit) && limit > 0) return Math.min(limit, max);
  throw new MatrixError('M_INVALID_PARAM', `limit must be 1 to ${max}`);
}

function actionOf(value: unknown): CleanUp {
  const action = cleanUps.find((one) => one === value);
  if (action === undefined) throw new MatrixError('M_INVALID_PARAM', `action must be one of ${cleanUps.join(', ')}`);
  return action;
}

function ghostJson({ userId, displayname, createdTs, deactivated, rooms }: Ghost, sender?: string): JsonObject {
  return {
    user_id: userId,
    displayname: displayname ?? null,
    created_ts: createdTs,
    deactivated,
    rooms,
    ...(userId === sender ? { sender: true } : {}),
  };
}

function userJson({ userId, createdTs, appserviceId, ...account }: Account): JsonObject {
  const { admin, guest, deactivated, locked, suspended } = account;
  return {
    user_id: userId,
    admin,
    guest,
    deactivated,
    locked,
    suspended,
    created_ts: createdTs,
    appservice_id: appserviceId,
  };
}
