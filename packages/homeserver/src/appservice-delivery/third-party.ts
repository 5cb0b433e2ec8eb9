// Third-party networks: what they are, and lookups of users and places in them, asked of the application services that serve them, side
// by side with one deadline: one that hangs costs only its own results. What a protocol is, is remembered; failures only for a moment.
// https://spec.matrix.org/v1.19/application-service-api/#third-party-networks

import { isJsonObject, type JsonObject, type JsonValue } from '@pons/spec';
import { LRUCache } from 'lru-cache';
import type { Appservice, AppserviceRegistry } from '../appservices/registry.ts';
import type { Clock } from '../platform/clock.ts';
import { type CallAppservice, isSuccess } from './call-appservice.ts';

export interface ThirdPartyParts {
  readonly registry: AppserviceRegistry;
  readonly call: CallAppservice;
  readonly clock: Clock;
  readonly deadlineMs: number;
}

/** Asks about third-party networks. */
export interface ThirdParty {
  /** All protocols by id. */
  protocols(): Promise<JsonObject>;
  /** One, of all application services that serve it; undefined when none does. */
  protocol(protocol: string): Promise<JsonObject | undefined>;
  /** Users or locations of a protocol; undefined when no application service serves it. */
  lookUp(kind: 'user' | 'location', protocol: string, fields: URLSearchParams): Promise<JsonValue[] | undefined>;
  /** Users or locations behind a Matrix id: asked of those whose namespace holds it. */
  reverse(kind: 'user' | 'location', id: string): Promise<JsonValue[]>;
}

const metadataBelievedMs = 300_000;
const failureBelievedMs = 10_000;
const metadataMax = 10_000;
const resultsMax = 1000;

/** Lookups over the registered application services. */
export function createThirdParty(parts: ThirdPartyParts): ThirdParty {
  const { registry, clock } = parts;
  const known = new LRUCache<string, { readonly metadata: JsonObject | undefined; readonly untilMs: number }>({
    max: metadataMax,
  });
  const serving = (protocol: string) =>
    registry.all().filter(({ registration }) => registration.url !== null && registration.protocols.includes(protocol));

  async function metadataOf(appservice: Appservice, protocol: string): Promise<JsonObject | undefined> {
    const key = `${appservice.id}\n${protocol}`;
    const before = known.get(key);
    if (before !== undefined && before.untilMs > clock.monotonicMs()) return before.metadata;
    const answer = await ask(parts, appservice, `thirdparty/protocol/${encodeURIComponent(protocol)}`);
    const metadata = isProtocol(answer) ? withInstanceIds(answer, appservice.id) : undefined;
    const believedMs = metadata === undefined ? failureBelievedMs : metadataBelievedMs;
    known.set(key, { metadata, untilMs: clock.monotonicMs() + believedMs });
    return metadata;
  }

  async function protocolOf(protocol: string): Promise<JsonObject | undefined> {
    const all = await Promise.all(serving(protocol).map((appservice) => metadataOf(appservice, protocol)));
    const answered = all.filter((metadata) => metadata !== undefined);
    const [first] = answered;
    if (first === undefined) return undefined;
    return { ...first, instances: answered.flatMap(instancesOf) };
  }

  return {
    async protocols() {
      const ids = [...new Set(registry.all().flatMap(({ registration }) => registration.protocols))];
      const found = await Promise.all(ids.map(async (id) => [id, await protocolOf(id)] as const));
      return Object.fromEntries(found.filter(([, metadata]) => metadata !== undefined)) as JsonObject;
    },
    protocol: protocolOf,
    async lookUp(kind, protocol, fields) {
      const asked = serving(protocol);
      if (asked.length === 0) return undefined;
      const query = fields.size === 0 ? '' : `?${fields.toString()}`;
      return results(kind, asked, (appservice) =>
        ask(parts, appservice, `thirdparty/${kind}/${encodeURIComponent(protocol)}${query}`),
      );
    },
    reverse(kind, id) {
      const owners = kind === 'user' ? registry.ofUser(id) : registry.ofAlias(id);
      const asked = owners.filter(({ registration }) => registration.url !== null);
      const query = `${kind === 'user' ? 'userid' : 'alias'}=${encodeURIComponent(id)}`;
      return results(kind, asked, (appservice) => ask(parts, appservice, `thirdparty/${kind}?${query}`));
    },
  };
}

async function ask(parts: ThirdPartyParts, appservice: Appservice, path: string): Promise<JsonValue | undefined> {
  const answer = await parts.call({
    appservice,
    method: 'GET',
    path: `/_matrix/app/v1/${path}`,
    legacyPath: `/_matrix/app/unstable/${path}`,
    timeoutMs: parts.deadlineMs,
  });
  if (answer.outcome === 'failed' || !isSuccess(answer.status)) return undefined;
  try {
    return JSON.parse(answer.body.toString('utf8')) as JsonValue;
  } catch {
    return undefined; // an application service that answers no JSON knows nothing
  }
}

async function results(
  kind: 'user' | 'location',
  asked: readonly Appservice[],
  look: (appservice: Appservice) => Promise<JsonValue | undefined>,
): Promise<JsonValue[]> {
  const answers = await Promise.all(asked.map(look));
  const idOf = kind === 'user' ? 'userid' : 'alias';
  return answers
    .flatMap((answer) => (Array.isArray(answer) ? answer : []))
    .filter(
      (entry) =>
        isJsonObject(entry) &&
        typeof entry[idOf] === 'string' &&
        typeof entry['protocol'] === 'string' &&
        isJsonObject(entry['fields']),
    )
    .slice(0, resultsMax);
}

function isProtocol(answer: JsonValue | undefined): answer is JsonObject {
  return (
    isJsonObject(answer) &&
    Array.isArray(answer['user_fields']) &&
    Array.isArray(answer['location_fields']) &&
    isJsonObject(answer['field_types'])
  );
}

// An instance keeps its id however often the answer comes: clients store it as the network to search.
function withInstanceIds(protocol: JsonObject, appserviceId: string): JsonObject {
  const instances = instancesOf(protocol).map((instance) => {
    const networkId = isJsonObject(instance) ? instance['network_id'] : undefined;
    return isJsonObject(instance) && typeof networkId === 'string'
      ? { instance_id: `${appserviceId}|${networkId}`, ...instance }
      : instance;
  });
  return { icon: '', ...protocol, instances };
}

function instancesOf(protocol: JsonObject): JsonValue[] {
  const instances = protocol['instances'];
  return Array.isArray(instances) ? [...instances] : [];
}
