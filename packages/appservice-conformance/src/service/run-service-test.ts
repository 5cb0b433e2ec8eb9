// Runs the cases against an application service, playing its homeserver.

import { compileNamespaces, type Registration } from '@pons/registration';
import { nowMs, pause } from '../clock.ts';
import { describe } from '../call.ts';
import { type CaseResult, judge, type Report, SetUpFault, Unmet } from '../outcome.ts';
import { Bench } from './bench.ts';
import { serviceCases } from './cases.ts';
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
  readonly only?: readonly string[];
  readonly onResult?: (result: CaseResult) => void;
}

const defaultPatienceMs = 3000;
const defaultStartsWithinMs = 60_000;
const caseWithinMs = 120_000;
const betweenLooksMs = 250;

/**
 * Plays the homeserver, tries every claim, and reports.
 *
 * @throws SetUpFault when the service does not answer, or does not take its hs_token; Error when the homeserver's port is taken
 */
export async function testService(options: ServiceTestOptions): Promise<Report> {
  const { url, registration, serverName = 'localhost', patienceMs = defaultPatienceMs } = options;
  const homeserver = new HomeserverDouble(registration, serverName, compileNamespaces(registration, serverName));
  try {
    await options.onListening?.(await homeserver.listen(options.homeserverPort ?? 0));
    const bench = new Bench({
      url,
      serverName,
      registration,
      homeserver,
      patienceMs,
      ...(options.restart === undefined ? {} : { restart: options.restart }),
    });
    await checkSetUp(bench, options.startsWithinMs ?? defaultStartsWithinMs);
    const results: CaseResult[] = [];
    for (const { run, ...about } of serviceCases) {
      if (options.only !== undefined && !options.only.some((prefix) => about.id.startsWith(prefix))) continue;
      const result = await judge({ ...about, rows: [] }, nowMs, () => bounded(run(bench)));
      results.push(result);
      options.onResult?.(result);
    }
    return { against: url, results };
  } finally {
    await homeserver.close();
  }
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
