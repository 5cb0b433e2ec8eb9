// Runs the cases against an application service, playing its homeserver.

import { compileNamespaces, type Registration } from '@pons/registration';
import { nowMs, pause } from '../clock.ts';
import { type CaseResult, judge, type Report, Unmet } from '../outcome.ts';
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
  readonly restart?: () => Promise<void>;
  /** Only cases whose id begins with one of these. */
  readonly only?: readonly string[];
  readonly onResult?: (result: CaseResult) => void;
}

const defaultPatienceMs = 3000;
const caseWithinMs = 120_000;

/** Plays the homeserver, tries every claim, and reports. @throws Error when the homeserver's port is taken */
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
