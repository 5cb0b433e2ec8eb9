// Runs the cases against a homeserver, one after another: each begins with services that answer well, and after a case that broke one the
// homeserver is given the time to find it well again. A case that hangs is given up.

import type { Registration } from '@pons/registration';
import { part } from '../call.ts';
import { checkAsked } from '../check-asked.ts';
import { nowMs, pause } from '../clock.ts';
import { type CaseResult, judge, type Report, SetUpFault, Unmet } from '../outcome.ts';
import type { HomeserverCase } from './case.ts';
import { accountCases } from './cases/accounts.ts';
import { directoryCases } from './cases/directory.ts';
import { encryptionCases } from './cases/encryption.ts';
import { ephemeralCases } from './cases/ephemeral.ts';
import { failureCases } from './cases/failures.ts';
import { identityCases } from './cases/identity.ts';
import { ownRoomCases } from './cases/own-rooms.ts';
import { pingCases } from './cases/pinging.ts';
import { queryCases } from './cases/queries.ts';
import { registrationCases } from './cases/registration.ts';
import { restCases } from './cases/rest.ts';
import { thirdPartyCases } from './cases/third-party.ts';
import { timestampCases } from './cases/timestamps.ts';
import { transactionCases } from './cases/transactions.ts';
import { checkSetUp } from './check-set-up.ts';
import { cleanUp } from './clean-up.ts';
import { type Role, silentRoles } from './roles.ts';
import { Service } from './service.ts';
import { World, type WorldParts } from './world.ts';

/** Every case, by chapter; what may stop a weak server comes last. */
export const homeserverCases: readonly HomeserverCase[] = [
  ...registrationCases.filter(({ id }) => id !== 'registration/evil-regex'),
  ...identityCases,
  ...accountCases,
  ...timestampCases,
  ...ownRoomCases,
  ...transactionCases,
  ...failureCases,
  ...ephemeralCases,
  ...encryptionCases,
  ...queryCases,
  ...thirdPartyCases,
  ...pingCases,
  ...directoryCases,
  ...restCases,
  ...registrationCases.filter(({ id }) => id === 'registration/evil-regex'),
];

/** What a run needs. */
export interface ConformanceOptions {
  /** Base url of the client-server API. */
  readonly url: string;
  /** Those that are installed at the homeserver, as roles.ts made them. */
  readonly registrations: ReadonlyMap<Role, Registration>;
  /** Shared secret for accounts by `/_synapse/admin/v1/register`; without one registration must be open. */
  readonly sharedSecret?: string;
  readonly patienceMs?: number;
  readonly timeLimitMs?: number;
  readonly restart?: WorldParts['restart'];
  readonly installer?: WorldParts['installer'];
  /** Only cases whose id begins with one of these. */
  readonly only?: readonly string[] | undefined;
  /** Leaves nothing behind that can be taken away; false for a homeserver that ends with the run. */
  readonly cleanUp?: boolean;
  /** Ends the run before its time; what was judged until then is reported. */
  readonly signal?: AbortSignal;
  /** Told of each claim before it is tried. */
  readonly onBegin?: (claim: string) => void;
  /** Told of each result as it comes. */
  readonly onResult?: (result: CaseResult) => void;
}

const defaultPatienceMs = 15_000;
const defaultTimeLimitMs = 75_000;
const caseWithinMs = 240_000;

/** Plays the services, tries every claim, and reports. @throws SetUpFault when nothing can be judged as things stand */
export async function runConformance(options: ConformanceOptions): Promise<Report> {
  const { url, only } = options;
  const cases = checkAsked({ url, urlName: 'the address of the homeserver', cases: homeserverCases, only });
  const services = new Map<Role, Service>();
  for (const [role, registration] of options.registrations)
    if (!silentRoles.has(role)) services.set(role, new Service(registration));
  try {
    for (const service of services.values()) await listen(service);
    const world = new World({
      url: options.url,
      registrations: options.registrations,
      services,
      patienceMs: options.patienceMs ?? defaultPatienceMs,
      timeLimitMs: options.timeLimitMs ?? defaultTimeLimitMs,
      ...(options.sharedSecret === undefined ? {} : { sharedSecret: options.sharedSecret }),
      ...(options.restart === undefined ? {} : { restart: options.restart }),
      ...(options.installer === undefined ? {} : { installer: options.installer }),
    });
    try {
      await checkSetUp(world);
      return { against: options.url, results: await runCases(world, cases, { ...options, services }) };
    } finally {
      await world.stop();
      if (options.cleanUp ?? true) await cleanUp(new World(world.parts), world.made);
    }
  } finally {
    await Promise.all([...services.values()].map((service) => service.close()));
  }
}

async function listen(service: Service): Promise<void> {
  try {
    await service.listen();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const { id, url } = service.registration;
    throw new SetUpFault(
      [
        `${id} cannot listen at ${url}: ${code === 'EADDRINUSE' ? 'another program does' : code}`,
        'give --first-port others that are free, and --host an address of this machine (with --write-registrations, write the files again)',
      ],
      { cause: error },
    );
  }
}

async function runCases(
  world: World,
  cases: readonly HomeserverCase[],
  options: ConformanceOptions & { readonly services: ReadonlyMap<Role, Service> },
): Promise<CaseResult[]> {
  const results: CaseResult[] = [];
  const stopped = new Promise<undefined>((resolve) =>
    options.signal?.addEventListener('abort', () => resolve(undefined), { once: true }),
  );
  for (const one of cases) {
    options.onBegin?.(one.claim);
    const result = await Promise.race([stopped, runCase(world, one, options.services)]);
    if (result === undefined) break;
    results.push(result);
    options.onResult?.(result);
  }
  return results;
}

async function runCase(world: World, one: HomeserverCase, services: ReadonlyMap<Role, Service>): Promise<CaseResult> {
  const { run, ...about } = one;
  const before = new Map([...services].map(([role, service]) => [role, service.reply]));
  const given = new AbortController();
  const result = await judge(about, nowMs, () =>
    Promise.race([
      run(world),
      pause(caseWithinMs, given.signal).then(() => {
        throw new Unmet(`it took longer than ${caseWithinMs / 1000} s and was given up`);
      }),
    ]),
  );
  given.abort();
  for (const [role, service] of services) {
    const broke = service.reply !== before.get(role);
    service.reset();
    if (broke) await recover(world, role);
  }
  return result;
}

const recoverWithinMs = 90_000;
const betweenPingsMs = 1000;

/** Waits until transactions are accepted again, so that the next case is not the last one's victim. */
async function recover(world: World, role: Role): Promise<void> {
  const service = world.parts.services.get(role);
  if (service === undefined) return;
  try {
    const id = part(world.registration(role).id);
    const alice = await world.person('alice');
    const room = await world.room(alice);
    await world.join(role, await world.sender(role), room);
    const mark = await world.say(alice, room, 'is it well again?');
    const untilMs = nowMs() + recoverWithinMs;
    while (nowMs() < untilMs && !service.events.some(({ event_id }) => event_id === mark)) {
      await world.as(role, 'POST', `/_matrix/client/v1/appservice/${id}/ping`, { body: {}, timeoutMs: betweenPingsMs });
      await service.event(({ event_id }) => event_id === mark, betweenPingsMs);
    }
  } catch {
    // A homeserver that is in no state to answer is what the next cases report.
  }
}
