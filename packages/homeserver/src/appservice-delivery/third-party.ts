// Third-party networks: what they are, and lookups of users and places in them, asked of the application services that serve them, side
// by side with one deadline: one that hangs costs only its own results. What a protocol is, is remembered: once stale it is answered as it
// was and asked anew behind that, and so is the silence of one that hangs. What is not as the specification has it is dropped and logged.
// https://spec.matrix.org/v1.19/application-service-api/#third-party-networks

import { isJsonObject, type JsonObject, type JsonValue } from '@pons/spec';
import { LRUCache } from 'lru-cache';
import { atMost } from '../platform/at-most.ts';
import { instanceIdOf } from '../appservices/network-instance.ts';
import type { Appservice, AppserviceRegistry } from '../appservices/registry.ts';
import type { Clock } from '../platform/clock.ts';
import type { Log } from '../platform/telemetry/log.ts';
import { type CallAppservice, isSuccess } from './call-appservice.ts';

export interface ThirdPartyParts {
  readonly registry: AppserviceRegistry;
  readonly call: CallAppservice;
  readonly clock: Clock;
  readonly log: Log;
  readonly deadlineMs: number;
}

/** Asks about third-party networks. */
export interface ThirdParty {
  /** All protocols by id. */
  protocols(): Promise<JsonObject>;
  /** Whether an application service serves it, whatever it answers. */
  serves(protocol: string): boolean;
  /** One, of all application services that serve it; undefined when none does, or none says anything usable of it. */
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

/** What an application service said of a protocol. */
interface Metadata {
  /** undefined: nothing that can be used. */
  readonly protocol: JsonObject | undefined;
  /** It did not answer in time: nobody waits for it again. */
  readonly hung: boolean;
  readonly untilMs: number;
}

/** Lookups over the registered application services. */
export function createThirdParty(parts: ThirdPartyParts): ThirdParty {
  const { registry } = parts;
  const metadataOf = createMetadata(parts);
  const serving = (protocol: string) =>
    registry.all().filter(({ registration }) => registration.protocols.includes(protocol));

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
    serves: (protocol) => serving(protocol).length > 0,
    protocol: protocolOf,
    async lookUp(kind, protocol, fields) {
      const asked = serving(protocol);
      if (asked.length === 0) return undefined;
      const query = fields.size === 0 ? '' : `?${fields.toString()}`;
      return results(parts, { kind, asked, path: `thirdparty/${kind}/${encodeURIComponent(protocol)}${query}` });
    },
    reverse(kind, id) {
      const asked = kind === 'user' ? registry.ofUser(id) : registry.ofAlias(id);
      const query = `${kind === 'user' ? 'userid' : 'alias'}=${encodeURIComponent(id)}`;
      return results(parts, { kind, asked, path: `thirdparty/${kind}?${query}` });
    },
  };
}

/** What one application service says of one protocol, remembered, and asked once by many. */
function createMetadata(parts: ThirdPartyParts) {
  const { clock } = parts;
  const known = new LRUCache<string, Metadata>(atMost(metadataMax));
  const asking = new Map<string, Promise<Metadata>>();

  async function askAnew(appservice: Appservice, protocol: string, key: string): Promise<Metadata> {
    const answer = await ask(parts, appservice, `thirdparty/protocol/${encodeURIComponent(protocol)}`);
    const usable = answer.outcome === 'said' ? toProtocol(parts, { appservice, protocol }, answer.value) : undefined;
    const hung = answer.outcome === 'hung';
    const metadata = {
      // Better what it said before than nothing, while it is away.
      protocol: usable ?? (answer.outcome === 'said' ? undefined : known.get(key)?.protocol),
      hung,
      untilMs: clock.monotonicMs() + (usable === undefined ? failureBelievedMs : metadataBelievedMs),
    };
    known.set(key, metadata);
    return metadata;
  }

  return async (appservice: Appservice, protocol: string): Promise<JsonObject | undefined> => {
    const key = `${appservice.id}\n${protocol}`;
    const before = known.get(key);
    if (before !== undefined && before.untilMs > clock.monotonicMs()) return before.protocol;
    const running = asking.get(key) ?? askAnew(appservice, protocol, key).finally(() => asking.delete(key));
    asking.set(key, running);
    if (before === undefined || (before.protocol === undefined && !before.hung)) return (await running).protocol;
    running.catch(() => undefined); // nobody waits for it; whoever asks next is told
    return before.protocol;
  };
}

type Said =
  | { readonly outcome: 'said'; readonly value: JsonValue | undefined }
  | { readonly outcome: 'away' }
  | { readonly outcome: 'hung' };

async function ask(parts: ThirdPartyParts, appservice: Appservice, path: string): Promise<Said> {
  const answer = await parts.call({
    appservice,
    method: 'GET',
    path: `/_matrix/app/v1/${path}`,
    legacyPath: `/_matrix/app/unstable/${path}`,
    timeoutMs: parts.deadlineMs,
  });
  if (answer.outcome === 'failed') return { outcome: answer.reason === 'timeout' ? 'hung' : 'away' };
  if (answer.status >= 500) return { outcome: 'away' };
  if (!isSuccess(answer.status)) return { outcome: 'said', value: undefined };
  try {
    return { outcome: 'said', value: JSON.parse(answer.body.toString('utf8')) as JsonValue };
  } catch {
    // An application service that answers no JSON knows nothing.
    parts.log.warn({ appservice: appservice.id, path: pathOnly(path) }, 'third-party answer is no JSON');
    return { outcome: 'said', value: undefined };
  }
}

async function results(
  parts: ThirdPartyParts,
  look: { readonly kind: 'user' | 'location'; readonly asked: readonly Appservice[]; readonly path: string },
): Promise<JsonValue[]> {
  const idOf = look.kind === 'user' ? 'userid' : 'alias';
  const found = await Promise.all(
    look.asked.map(async (appservice) => {
      const said = await ask(parts, appservice, look.path);
      const entries = said.outcome === 'said' && Array.isArray(said.value) ? said.value : [];
      const valid = entries.filter((entry) => isResult(entry, idOf));
      noteDropped(parts, appservice, pathOnly(look.path), entries.length - valid.length);
      return valid;
    }),
  );
  return found.flat().slice(0, resultsMax);
}

function isResult(entry: JsonValue, idOf: 'userid' | 'alias'): boolean {
  return (
    isJsonObject(entry) &&
    typeof entry[idOf] === 'string' &&
    typeof entry['protocol'] === 'string' &&
    isJsonObject(entry['fields'])
  );
}

/** The protocol as clients see it; undefined when it lacks what every protocol has. */
function toProtocol(
  parts: ThirdPartyParts,
  { appservice, protocol }: { readonly appservice: Appservice; readonly protocol: string },
  answer: JsonValue | undefined,
): JsonObject | undefined {
  if (answer === undefined) return undefined;
  const isProtocol =
    isJsonObject(answer) &&
    Array.isArray(answer['user_fields']) &&
    Array.isArray(answer['location_fields']) &&
    isJsonObject(answer['field_types']);
  if (!isProtocol) {
    noteDropped(parts, appservice, 'thirdparty/protocol', 1);
    return undefined;
  }
  const all = instancesOf(answer);
  const instances = all.flatMap((instance) =>
    withInstanceId(instance, (networkId) => instanceIdOf(appservice, protocol, networkId)),
  );
  noteDropped(parts, appservice, 'thirdparty/protocol', all.length - instances.length);
  return { icon: '', ...answer, instances };
}

// An instance keeps its id however often the answer comes, and whatever it says of itself: clients store it as the network to search, and
// the directory of rooms is asked by it.
function withInstanceId(instance: JsonValue, idOf: (networkId: string) => string): JsonObject[] {
  if (!isJsonObject(instance)) return [];
  const { network_id: networkId, desc, fields } = instance;
  if (typeof networkId !== 'string' || typeof desc !== 'string' || !isJsonObject(fields)) return [];
  return [{ ...instance, instance_id: idOf(networkId) }];
}

function instancesOf(protocol: JsonObject): JsonValue[] {
  const instances = protocol['instances'];
  return Array.isArray(instances) ? [...instances] : [];
}

function noteDropped({ log }: ThirdPartyParts, { id }: Appservice, path: string, dropped: number): void {
  if (dropped > 0) log.warn({ appservice: id, path, dropped }, 'third-party entries are not as they must be');
}

/** Without what somebody looked for. */
function pathOnly(path: string): string {
  return path.replace(/\?.*$/s, '');
}
