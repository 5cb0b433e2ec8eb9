// Runs the cases against an application service, playing its homeserver.

import net from 'node:net';
import { compileNamespaces, type Registration } from '@pons/registration';
import { nowMs, pause } from '../clock.ts';
import { describe } from '../call.ts';
import { checkAsked } from '../check-asked.ts';
import { type CaseResult, judge, type Report, SetUpFault, Unmet } from '../outcome.ts';
import { Bench } from './bench.ts';
import { type ServiceCase, serviceCases } from './cases.ts';
import { HomeserverDouble } from './homeserver-double.ts';

/** What a run needs. */
export interface ServiceTestOptions {
  /** Where the service listens. */
  readonly url: string;
  readonly registration: Registration;
  /** server_name of the homeserver that the kit plays; what the service is configured with. */
  readonly serverName?: string;
  /** Port on loopback where the kit plays it; 0 for any. */
  readonly homeserverPort?: number;
  /** Told the address of the homeserver before anything is tried: the service may be started now. */
  readonly onListening?: (homeserverUrl: string) => Promise<void> | void;
  readonly patienceMs?: number;
  /** How long the service is waited for at the beginning: it may be started once the homeserver is there. */
  readonly startsWithinMs?: number;
  readonly restart?: () => Promise<void>;
  /** Only cases whose id begins with one of these. */
  readonly only?: readonly string[] | undefined;
  /** Told of each claim before it is tried. */
  readonly onBegin?: (claim: string) => void;
  readonly onResult?: (result: CaseResult) => void;
  /** How long the claims may take, all of them. */
  readonly withinMs?: number;
  /** A service that nobody can connect to any more may come back within this: something may start it again. */
  readonly goneAfterMs?: number;
}

const defaultPatienceMs = 3000;
const defaultStartsWithinMs = 60_000;
const caseWithinMs = 120_000;
const defaultWithinMs = 1_800_000;
const defaultGoneAfterMs = 10_000;
const connectWithinMs = 5_000;
const betweenLooksMs = 250;

/**
 * Plays the homeserver, tries every claim, and reports.
 *
 * @throws SetUpFault for an address or claims that are none, when the service does not answer, or does not take its hs_token; Error when the homeserver's port is taken
 */
export async function testService(options: ServiceTestOptions): Promise<Report> {
  const { url, registration, serverName = 'localhost', patienceMs = defaultPatienceMs } = options;
  const cases = checkAsked({ url, urlName: 'the address of the service', cases: serviceCases, only: options.only });
  const end = new AbortController();
  const homeserver = new HomeserverDouble(registration, serverName, compileNamespaces(registration, serverName));
  try {
    await options.onListening?.(await homeserver.listen(options.homeserverPort ?? 0));
    const bench = new Bench({
      url,
      serverName,
      registration,
      homeserver,
      patienceMs,
      signal: end.signal,
      ...(options.restart === undefined ? {} : { restart: options.restart }),
    });
    await checkSetUp(bench, options.startsWithinMs ?? defaultStartsWithinMs);
    return { against: url, ...(await judgeAll(bench, cases, options)) };
  } finally {
    end.abort();
    await homeserver.close();
  }
}

async function judgeAll(
  bench: Bench,
  cases: readonly ServiceCase[],
  options: ServiceTestOptions,
): Promise<Omit<Report, 'against'>> {
  const { withinMs = defaultWithinMs, goneAfterMs = defaultGoneAfterMs } = options;
  const untilMs = nowMs() + withinMs;
  const results: CaseResult[] = [];
  for (const { run, ...about } of cases) {
    options.onBegin?.(about.claim);
    const judging = judge({ ...about, rows: [] }, nowMs, () => bounded(run(bench)));
    const result = await before(untilMs, judging);
    const rest = () => `${cases.length - results.length} of ${cases.length} claims were not judged`;
    if (result === undefined) {
      const remedy = '--within gives the run more time, --only tries some claims';
      const words = `The run took longer than ${Math.round(withinMs / 1000)} s and was ended at ${about.id}`;
      return { results, brokenOff: `${words}: ${rest()}. ${remedy}.` };
    }
    results.push(result);
    options.onResult?.(result);
    if (results.length === cases.length || (await isThere(bench.parts.url, goneAfterMs))) continue;
    const words = `The service is gone since ${about.id}: nobody listens at ${bench.parts.url} any more`;
    return { results, brokenOff: `${words}. ${rest()}: see why it ended, start it, and run this again.` };
  }
  return { results };
}

/** What comes of it; undefined when it is not there in time. */
async function before<T>(untilMs: number, work: Promise<T>): Promise<T | undefined> {
  const done = new AbortController();
  try {
    return await Promise.race([work, pause(Math.max(0, untilMs - nowMs()), done.signal).then(() => undefined)]);
  } finally {
    done.abort();
  }
}

// Asks for nothing: to be there is to listen.
async function isThere(url: string, withinMs: number): Promise<boolean> {
  const untilMs = nowMs() + withinMs;
  while (!(await connects(url))) {
    if (nowMs() > untilMs) return false;
    await pause(betweenLooksMs);
  }
  return true;
}

function connects(url: string): Promise<boolean> {
  const { protocol, hostname, port } = new URL(url);
  const usualPort = protocol === 'https:' ? 443 : 80;
  const host = hostname.replace(/^\[|\]$/g, '');
  return new Promise((resolve) => {
    const socket = net.connect({ host, port: port === '' ? usualPort : Number(port), timeout: connectWithinMs });
    const tell = (is: boolean) => {
      socket.destroy();
      resolve(is);
    };
    socket.once('connect', () => tell(true));
    // One that is too busy to take a connection is there.
    socket.once('timeout', () => tell(true));
    socket.once('error', () => tell(false));
  });
}

// A service that is not there, or has other tokens, would come out as one that does everything wrong.
async function checkSetUp(bench: Bench, withinMs: number): Promise<void> {
  const { url, registration } = bench.parts;
  const untilMs = nowMs() + withinMs;
  let answer = await bench.put(bench.nextTxnId(), { events: [] });
  while (answer.status === 0 && nowMs() < untilMs) {
    await pause(betweenLooksMs);
    answer = await bench.put(bench.nextTxnId(), { events: [] });
  }
  if (answer.status === 0)
    throw new SetUpFault([
      `no application service answers at ${url} (${answer.text})`,
      `start ${registration.id} there, with the homeserver that is played here as its own, and try again`,
    ]);
  if (answer.status === 401 || answer.status === 403)
    throw new SetUpFault([
      `the service at ${url} does not take the hs_token of ${registration.id}: ${describe(answer)}`,
      'give --registration the file that it was started with',
    ]);
}

async function bounded(work: Promise<void>): Promise<void> {
  const done = new AbortController();
  const late = pause(caseWithinMs, done.signal).then(() => {
    throw new Unmet(`it took longer than ${caseWithinMs / 1000} s and was given up`);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    done.abort();
  }
}
