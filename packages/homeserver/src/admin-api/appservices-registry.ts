// Application services for operators: adding one while the server runs, new tokens, narrowed tokens, removal, and what each says of itself.

import { isJsonObject, type JsonObject, type JsonValue, MatrixError } from '@pons/spec';
import { ponsEndpoints } from '@pons/spec/endpoints';
import type { LiveRegistrations } from '../appservices/live-registrations.ts';
import { overlapMs as usualOverlapMs } from '../appservices/load-registrations.ts';
import { narrowAsToken } from '../appservices/narrow-as-token.ts';
import type { Appservice, AppserviceRegistry } from '../appservices/registry.ts';
import type { Route } from '../http/route.ts';
import type { Clock } from '../platform/clock.ts';

/** What the routes need of the house. */
export interface RegistryAdminParts {
  readonly registry: AppserviceRegistry;
  readonly live: LiveRegistrations;
  readonly clock: Clock;
  /** Takes back what people consented to. */
  readonly endConsents: (appserviceId: string) => Promise<void>;
}

/** A replaced as_token lives this long at most. */
const overlapMsMax = 30 * 86_400_000;

/** POST /_pons/admin/v1/appservices and what changes one. */
export function registryAdminRoutes({ registry, live, clock, endConsents }: RegistryAdminParts): Route[] {
  return [
    {
      endpoint: ponsEndpoints.addAppservice,
      async handle({ body }) {
        const dryRun = body['dry_run'] === true;
        const { appservice, warnings } = await live.add(textOf(body['registration']), {
          dryRun,
          replace: body['replace'] === true,
        });
        return {
          json: {
            id: appservice.id,
            sender: appservice.sender,
            added: !dryRun,
            warnings: warnings.map(({ id, path, reason }) => ({ id, path, reason })),
          },
        };
      },
    },
    {
      endpoint: ponsEndpoints.rotateAppservice,
      async handle({ path, body }) {
        const overlapMs = overlapOf(body['overlap_ms']);
        const { registration, text } = await live.rotate(path['appserviceId'] ?? '', overlapMs);
        return {
          json: {
            as_token: registration.asToken,
            hs_token: registration.hsToken,
            old_as_token_until_ts: clock.now() + overlapMs,
            registration: text,
          },
        };
      },
    },
    {
      endpoint: ponsEndpoints.endAppserviceOverlap,
      async handle({ path }) {
        await live.endOverlap(knownAppservice(registry, path['appserviceId']).id);
        return { json: {} };
      },
    },
    {
      endpoint: ponsEndpoints.removeAppservice,
      async handle({ path }) {
        const { appserviceId = '' } = path;
        await live.remove(appserviceId);
        await endConsents(appserviceId);
        return { json: {} };
      },
    },
    {
      endpoint: ponsEndpoints.narrowAppserviceToken,
      handle({ path, body }) {
        const appservice = knownAppservice(registry, path['appserviceId']);
        const { asToken } = appservice.registration;
        const parts = { appservice, asToken, serverName: registry.serverName, now: clock.now() };
        return Promise.resolve({ json: narrowAsToken(parts, body) });
      },
    },
  ];
}

/** @throws MatrixError M_NOT_FOUND */
export function knownAppservice(registry: AppserviceRegistry, id = ''): Appservice {
  const found = registry.byId(id);
  if (found === undefined) throw new MatrixError('M_NOT_FOUND', 'There is no application service with that id.');
  return found;
}

/** What a registration says, without its secrets. */
export function registrationJson({ registration }: Appservice): JsonObject {
  const { asToken: _as, hsToken: _hs, pons, unknown, unknownKeys, ...plain } = registration;
  return {
    url: plain.url,
    sender_localpart: plain.senderLocalpart,
    namespaces: plain.namespaces as unknown as JsonObject,
    rate_limited: plain.rateLimited,
    protocols: [...plain.protocols],
    receive_ephemeral: plain.receiveEphemeral || plain.pushEphemeral,
    device_extensions: plain.deviceExtensions,
    device_management: plain.deviceManagement,
    double_puppet: pons.doublePuppet,
    unknown_keys: [...new Set([...Object.keys(unknown), ...unknownKeys])],
  };
}

function textOf(registration: JsonValue | undefined): string {
  if (typeof registration === 'string') return registration;
  if (isJsonObject(registration)) return JSON.stringify(registration);
  throw new MatrixError('M_MISSING_PARAM', 'the body lacks registration: the text of a registration file, or its JSON');
}

function overlapOf(value: JsonValue | undefined): number {
  if (value === undefined) return usualOverlapMs;
  if (typeof value === 'number' && value >= 0 && value <= overlapMsMax) return value;
  throw new MatrixError('M_INVALID_PARAM', `overlap_ms must be 0 to ${overlapMsMax} (30 days)`);
}
